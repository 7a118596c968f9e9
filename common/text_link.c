/* The catalogue's section: transports, security, session, protocol. */
#include "common/text.h"

static const struct text_row rows[] = {
    {"link.refused", "{0} refused the connection", "{0} 拒绝了连接"},
};

const struct text_section text_section_link = {
    .first = TEXT_LINK_FIRST,
    .end = TEXT_LINK_END,
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};
