/* Exit codes and their order. */
#include "host/exit_code.h"

const struct exit_code_row exit_code_rows[] = {
    {CODE_OK, 0, TEXT_HELP_CODE_OK},
    {CODE_DEGRADED, 3, TEXT_HELP_CODE_DEGRADED},
    {CODE_FAILED, 5, TEXT_HELP_CODE_FAILED},
    {CODE_UNREACHABLE, 4, TEXT_HELP_CODE_UNREACHABLE},
    {CODE_NEEDS_SIGN_IN, 2, TEXT_HELP_CODE_NEEDS_SIGN_IN},
    {CODE_USAGE, 8, TEXT_HELP_CODE_USAGE},
    {CODE_UNAVAILABLE, 6, TEXT_HELP_CODE_UNAVAILABLE},
    {CODE_NOT_PERMITTED, 7, TEXT_HELP_CODE_NOT_PERMITTED},
    {CODE_REBOOT, 1, TEXT_HELP_CODE_REBOOT},
};

const size_t exit_code_count = sizeof exit_code_rows / sizeof *exit_code_rows;

static unsigned rank(enum exit_code code)
{
    for (size_t i = 0; i < exit_code_count; i++)
        if (exit_code_rows[i].code == code)
            return exit_code_rows[i].rank;
    return (unsigned)exit_code_count;
}

enum exit_code exit_code_worse(enum exit_code a, enum exit_code b)
{
    return rank(a) >= rank(b) ? a : b;
}

enum exit_code exit_code_of(const struct err *err)
{
    static const struct {
        enum err_kind kind;
        enum exit_code code;
    } rows[] = {
        {ERR_NONE, CODE_OK},
        {ERR_USAGE, CODE_USAGE},
        {ERR_UNSUPPORTED, CODE_UNAVAILABLE},
        {ERR_DENIED, CODE_NOT_PERMITTED},
        {ERR_UNREACHABLE, CODE_UNREACHABLE},
        {ERR_TIMEOUT, CODE_UNREACHABLE},
        {ERR_CLOSED, CODE_UNREACHABLE},
        {ERR_AUTH, CODE_UNREACHABLE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == err->kind)
            return rows[i].code;
    return CODE_FAILED;
}
