/* The advapi32.dll of a test's prefix: Wine's own, and the door through which all emulators of this
 * folder's neighbours come into a program. */
#include <windows.h>
#include <stdint.h>

#include "../common/hook.h"
#include "../common/record.h"
#include "../display/display.h"
#include "../files/junction.h"
#include "../gpu/d3dkmt.h"
#include "../parsec_vdd/vdd.h"
#include "../power/power.h"
#include "../session/session.h"
#include "../thunk/thunk.h"

/* The compiler's library would ask advapi32 for a canary before this file could run; these take the
 * place of its own. */
extern uintptr_t __stack_chk_guard;
uintptr_t __stack_chk_guard = 0x5A17C0DE;
void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
    ExitProcess(3);
}

static struct hook_table tables[16];

static void add_table(const struct hook *rows, size_t count)
{
    static size_t next;

    tables[next].rows = rows;
    tables[next++].count = count;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    if (!thunk_load())
        return FALSE;
    add_table(display_config_hooks, display_config_hook_count);
    add_table(display_gdi_hooks, display_gdi_hook_count);
    add_table(dxgi_hooks, dxgi_hook_count);
    add_table(gpu_hooks, gpu_hook_count);
    add_table(junction_hooks, junction_hook_count);
    add_table(power_hooks, power_hook_count);
    add_table(session_hooks, session_hook_count);
    add_table(token_hooks, token_hook_count);
    add_table(vdd_hooks, vdd_hook_count);
    if (!hook_process(tables))
        return FALSE;
    record_process();
    return TRUE;
}
