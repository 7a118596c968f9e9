/* The catalogue's section: simulated hypervisor and Windows. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"sim.world_bad", "the simulated machine in {0} cannot be read", "无法读取 {0} 中的模拟计算机"},
};

const struct text_section text_section_sim = {
    .first = TEXT_SIM_FIRST,
    .end = TEXT_SIM_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
