/* Quoting by the rules of CommandLineToArgvW: 2n backslashes and a quote are n backslashes and the
 * end of the argument, 2n+1 and a quote are n and the quote itself, others stand for themselves. */
#include "common/command_line.h"

#include <string.h>

void command_line_put(struct buf *out, const char *arg)
{
    size_t slashes = 0;

    if (*arg && !strpbrk(arg, " \t\n\v\"")) {
        buf_puts(out, arg);
        return;
    }
    buf_puts(out, "\"");
    for (; *arg; arg++) {
        if (*arg == '\\') {
            slashes++;
            continue;
        }
        if (*arg == '"')
            slashes = slashes * 2 + 1;
        for (; slashes; slashes--)
            buf_puts(out, "\\");
        buf_put(out, arg, 1);
    }
    for (slashes *= 2; slashes; slashes--)
        buf_puts(out, "\\");
    buf_puts(out, "\"");
}

void command_line_put_all(struct buf *out, const char *const *args)
{
    for (size_t i = 0; args[i]; i++) {
        if (i)
            buf_puts(out, " ");
        command_line_put(out, args[i]);
    }
}
