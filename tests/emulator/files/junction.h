/* Junctions, which Wine cannot make (NtFsControlFile refuses FSCTL_SET_REPARSE_POINT): folders of
 * the registry that lead somewhere else, for whoever opens them through this program's imports.
 *
 *   HKLM\Software\gpupv-emulator\files
 *     AfterOpens  REG_DWORD  so many opens still find the folder that was there before
 *   ...\files\Junctions
 *     <path>      REG_SZ     where it leads: "C:\ProgramData\Parsec" to "C:\outside"
 *
 * As Windows does (documentation of reparse points and of FILE_FLAG_OPEN_REPARSE_POINT): every
 * component but the last is followed, the last one too unless the caller asks for the reparse point
 * itself, which then says so in its attributes and holds nothing of its target. What stands on the
 * disk at that path is what an open that came too early has. Relative opens are those of
 * NtCreateFile. Not seen: paths that system DLLs open on the program's behalf, files that were open
 * before and whose folder was then moved away (they keep the path and look like the junction). */
#ifndef GPUPV_TESTS_JUNCTION_H
#define GPUPV_TESTS_JUNCTION_H

#include <windows.h>
#include <stddef.h>

#include "../common/hook.h"

/* CreateFileW with junctions; for the emulator that has that call. */
HANDLE junction_create_file(const wchar_t *path,
                            DWORD access,
                            DWORD share,
                            SECURITY_ATTRIBUTES *security,
                            DWORD disposition,
                            DWORD flags,
                            HANDLE template_file);

extern const struct hook junction_hooks[];
extern const size_t junction_hook_count;

#endif
