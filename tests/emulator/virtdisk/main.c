/* Puts the functions of this folder into the program that loads virtdisk.dll, and looks at the end
 * what it left open. */
#include "emulator.h"

static struct hook_table tables[5];

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    if (reason == DLL_PROCESS_DETACH)
        object_report();
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    tables[0] = (struct hook_table){device_hooks, device_hook_count};
    tables[1] = (struct hook_table){file_hooks, file_hook_count};
    tables[2] = (struct hook_table){mount_hooks, mount_hook_count};
    tables[3] = (struct hook_table){host_hooks, host_hook_count};
    return hook_process(tables);
}
