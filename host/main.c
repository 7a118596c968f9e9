/* Entry of gpupv. */
#include "host/command.h"
#include "common/ui/console.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    char **args;

    console_open();
    args = console_args(&argc, argv);
    if (!args) {
        fprintf(stderr, "gpupv: %s\n", text_raw(TEXT_HOST_ARGS_NOT_UTF8, console_lang()));
        return CODE_USAGE;
    }
    return console_exit_code(command_main(argc, (const char *const *)args));
}
