/* A stand-in for a vendor's user-mode driver: a file with a version, and nothing in it. */
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reason;
    (void)reserved;
    return TRUE;
}
