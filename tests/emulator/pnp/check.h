/* What the files of the checks share. They are written from Microsoft's documentation of the
 * functions and from guest.md, and run on the tree of tests/wine/guest_fresh.reg. */
#ifndef GPUPV_TESTS_PNP_CHECK_H
#define GPUPV_TESTS_PNP_CHECK_H

#include "../../support/support.h"

#include "pnp_state.h"

#include <windows.h>
#include <cfgmgr32.h>
#include <setupapi.h>
#include <stdbool.h>
#include <wchar.h>

#define VIDEO                                                                                      \
    L"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}\\{5620e0c7-8062-4dce-aeb7-520c7ef76171}"
#define VIDEO_MONITOR L"DISPLAY\\MSH062E\\5&1a097cd8&0&UID256"
#define GPU           L"PCI\\VEN_1414&DEV_008E&SUBSYS_00000000&REV_00\\5&2b5a7f4&0&0"
#define BASIC_DISPLAY L"ROOT\\BasicDisplay\\0000"
#define PARSEC_ID     L"Root\\Parsec\\VDA"

extern const GUID display_class; /* setup classes */
extern const GUID media_class;
extern const GUID parsec_interface; /* interface classes */
extern const GUID arrival_interface;
extern const GUID monitor_interface;

/* CM_Locate_DevNodeW, which takes an id that it does not change without saying so. */
CONFIGRET locate_code(const wchar_t *id, ULONG flags, DEVINST *ret_devinst);

/* The DEVINST of a device; it must be there, a phantom will do when phantom says so. */
DEVINST locate(const wchar_t *id, bool phantom);

/* Problem number of a present device, 0 when it is started. */
ULONG problem_of(const wchar_t *id);

/* A new set of no class. */
HDEVINFO empty_set(void);

/* Creates a root device "Display" with that hardware id, registered; its data and set. */
HDEVINFO created(const wchar_t *hardware_id, SP_DEVINFO_DATA *ret_data);

/* Sets the class install parameters of a state change and asks for it. */
BOOL change_state(HDEVINFO set, SP_DEVINFO_DATA *data, DWORD state, DWORD scope);

/* Writes a behaviour of a device, or of a hardware id; 0 ends it. */
void behave(const wchar_t *id, const wchar_t *value, DWORD number);

/* Writes a value of Settings; the text one. */
void setting(const wchar_t *value, DWORD number);
void setting_text(const wchar_t *value, const wchar_t *text);

/* FALSE, and that last error. */
#define assert_denied(call, code)                                                                  \
    do {                                                                                           \
        SetLastError(0);                                                                           \
        assert_false(call);                                                                        \
        assert_int_equal(GetLastError(), (DWORD)(code));                                           \
    } while (0)

#define assert_wide_equal(a, b) assert_int_equal(_wcsicmp(a, b), 0)

/* The groups: each runs one file's tests and returns how many failed. */
int check_tree(void);
int check_change(void);
int check_set(void);
int check_driver(void);
int check_notify(void);

#endif
