/* The catalogue's section: checks, repairs, engine, machine. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"guest.port_failed", "Windows refused {0}", "Windows 拒绝了操作：{0}"},
};

const struct text_section text_section_guest = {
    .first = TEXT_GUEST_FIRST,
    .end = TEXT_GUEST_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
