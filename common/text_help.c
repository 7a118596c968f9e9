/* The catalogue's section: help of commands and options. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"help.usage", "Usage: {0}", "用法：{0}"},
};

const struct text_section text_section_help = {
    .first = TEXT_HELP_FIRST,
    .end = TEXT_HELP_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
