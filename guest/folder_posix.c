/* The agent belongs to Windows: here it works on data that it is told of. */
#include "guest/folder.h"

bool folder_data(char *out, struct err *err)
{
    (void)out;
    return err_set(err, ERR_USAGE, TEXT_AGENT_NO_FOLDER, NULL);
}

bool folder_program(char *out, struct err *err)
{
    (void)out;
    return err_set(err, ERR_UNSUPPORTED, TEXT_INSTALL_ONLY_WINDOWS, NULL);
}
