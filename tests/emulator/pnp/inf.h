/* What the emulator reads of an INF, with Wine's own parser: the copy that wine_emulator keeps at
 * C:\emulator\setupapi.dll, so that all three DLLs and the tools share it. */
#ifndef GPUPV_TESTS_PNP_INF_H
#define GPUPV_TESTS_PNP_INF_H

#include "machine.h"

struct inf {
    struct driver driver;      /* inf and folder are empty */
    wchar_t catalog[64];       /* CatalogFile, empty when none is named */
    wchar_t files[LIST_CHARS]; /* SourceDisksFiles */
};

/* Reads the INF at that full path. 0, or the error that Windows' installation functions give:
 * ERROR_FILE_NOT_FOUND, ERROR_WRONG_INF_STYLE, ERROR_GENERAL_SYNTAX. */
DWORD inf_read(const wchar_t *path, struct inf *ret_inf);

/* Writes an INF that inf_read reads back to the same row. */
bool inf_write(const wchar_t *path, const struct driver *driver);

#endif
