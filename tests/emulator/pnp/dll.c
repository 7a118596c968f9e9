/* Loads Wine's own DLL behind this one. */
#include "../thunk/thunk.h"

#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    return reason != DLL_PROCESS_ATTACH || thunk_load();
}
