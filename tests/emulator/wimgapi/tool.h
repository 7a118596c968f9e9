/* What the stand-ins for programs of Windows share: arguments, modes, output in a language that
 * nobody should try to read. */
#ifndef GPUPV_TESTS_TOOL_H
#define GPUPV_TESTS_TOOL_H

#include "../virtdisk/disks.h"

/* The mode that the test chose ("Bcdboot" = "empty"), "ok" for none. Logs the start with its
 * arguments; a fault for name ends the process with that code. "hang" waits for ever. */
const wchar_t *tool_begin(const char *name, int argc, wchar_t **argv);

/* The value of "/Name:value" when argument is that, else NULL. */
const wchar_t *tool_value(const wchar_t *argument, const wchar_t *prefix);

/* Prints UTF-8 as it is. */
void tool_print(const char *text);

/* Files of the prefix. */
bool tool_exists(const wchar_t *folder, const wchar_t *name);
bool tool_write(const wchar_t *folder, const wchar_t *name, const void *bytes, DWORD size);
bool tool_copy(const wchar_t *from_folder,
               const wchar_t *from,
               const wchar_t *to_folder,
               const wchar_t *to);

#endif
