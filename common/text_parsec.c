/* The catalogue's section: Parsec's files, log, installer, display holder. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"parsec.config_bad",
     "the Parsec configuration {0} cannot be understood",
     "无法识别 Parsec 配置 {0}"},
    {"parsec.config_too_large",
     "the Parsec configuration is larger than it can be",
     "Parsec 配置超过允许的大小"},
    {"parsec.config_key",
     "{0} cannot be a key of the Parsec configuration",
     "{0} 不能作为 Parsec 配置的键"},
};

const struct text_section text_section_parsec = {
    .first = TEXT_PARSEC_FIRST,
    .end = TEXT_PARSEC_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
