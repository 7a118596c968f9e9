/* The catalogue's section: commands, tables, prompts, store, hypervisor. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"host.unknown_command", "there is no command {0}", "没有命令 {0}"},
};

const struct text_section text_section_host = {
    .first = TEXT_HOST_FIRST,
    .end = TEXT_HOST_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
