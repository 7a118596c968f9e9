/* Device information sets. A set and its elements live in the calling process; what they stand for
 * is the machine's. Wine's sets are not used at all: they know no phantoms, no states and no
 * drivers.
 *
 *   di_set.c       sets and elements       di_list.c      SetupDiGetClassDevs and enumeration
 *   di_create.c    new devices             di_change.c    class installer requests
 *   di_property.c  properties and keys     di_interface.c device interfaces
 *   di_driver.c    driver lists            di_inf.c       INF files and the driver store
 *
 * Every function here that is not an export is called with the machine's lock held. */
#ifndef GPUPV_TESTS_PNP_DI_H
#define GPUPV_TESTS_PNP_DI_H

#include "machine.h"

#include <setupapi.h>

union install_params {
    SP_CLASSINSTALL_HEADER header;
    SP_PROPCHANGE_PARAMS change;
    SP_REMOVEDEVICE_PARAMS remove;
};

struct element {
    wchar_t id[PNP_ID_MAX];
    GUID class_guid;
    bool registered; /* false: made here, gone with the set */
    SP_DEVINSTALL_PARAMS_W params;
    union install_params class_params; /* InstallFunction 0: none */
    struct driver_item *drivers;       /* built list, best first */
    struct driver_item *selected;
    struct element *next;
};

struct driver_item {
    struct driver driver;
    wchar_t path[PATH_CHARS]; /* its INF, when it is not in the store */
    struct driver_item *next;
};

struct interface_item {
    wchar_t path[INTERFACE_CHARS];
    GUID class_guid;
    struct element *element;
    DWORD flags; /* SPINT_* */
    struct interface_item *next;
};

struct set {
    DWORD magic;
    GUID class_guid; /* zero: of all classes */
    struct element *elements;
    struct interface_item *interfaces;
    struct set *next; /* of all sets of this process */
};

/* The set behind a handle, NULL when there is none: ERROR_INVALID_HANDLE. */
struct set *set_of(HDEVINFO handle);

/* A new set; NULL without memory. */
struct set *set_new(const GUID *class_guid);

/* The element of that data. ERROR_INVALID_PARAMETER without data or with one of another set,
 * ERROR_INVALID_USER_BUFFER for a wrong cbSize. */
DWORD set_element(struct set *set, const SP_DEVINFO_DATA *data, struct element **ret_element);

/* Set, element and node behind a handle and its data, in the order in which SetupAPI looks. */
DWORD find_node(HDEVINFO handle,
                const SP_DEVINFO_DATA *data,
                struct element **ret_element,
                struct node *ret_node);

/* The element of that device, made when the set does not have it. */
struct element *set_add(struct set *set, const struct node *node);

/* Fills data. ERROR_INVALID_USER_BUFFER for a wrong cbSize. */
DWORD element_give(const struct element *element, SP_DEVINFO_DATA *ret_data);

/* Frees a list of drivers. */
void drivers_free(struct driver_item *drivers);

/* Takes an element out and frees it with its interfaces; a device that was never registered goes
 * with it. */
void set_drop(struct set *set, struct element *element);

/* Whether an id is a well-formed instance id. */
bool id_is_valid(const wchar_t *id);

/* 0, or why the caller may not change devices. */
DWORD may_change(void);

/* Id of the element's device for the log. */
const wchar_t *data_name(HDEVINFO handle, const SP_DEVINFO_DATA *data, wchar_t *buffer);

/* Copies a text to a buffer of that many characters; ERROR_INSUFFICIENT_BUFFER with the size that
 * is needed. */
DWORD give_text(const wchar_t *text, wchar_t *ret_text, DWORD room, DWORD *ret_needed);

/* The same for bytes. */
DWORD give_bytes(const void *data, DWORD size, void *ret_data, DWORD room, DWORD *ret_needed);

/* Adds the interfaces of a class (NULL: of all) with their devices. id: those of one device. */
DWORD fill_interfaces(struct set *set, const GUID *class_guid, const wchar_t *id, DWORD flags);

/* What the default handlers of installation requests do. */
DWORD di_register(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD flags);
DWORD di_remove(HDEVINFO handle, SP_DEVINFO_DATA *data);
DWORD di_change_state(HDEVINFO handle, SP_DEVINFO_DATA *data);
DWORD di_install(HDEVINFO handle, SP_DEVINFO_DATA *data);
DWORD di_select_best(HDEVINFO handle, SP_DEVINFO_DATA *data);

/* Those that no header of mingw-w64 10 has. */
WINBOOL WINAPI SetupDiSetDevicePropertyW(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         const DEVPROPKEY *key,
                                         DEVPROPTYPE type,
                                         const BYTE *buffer,
                                         DWORD size,
                                         DWORD flags);
WINBOOL WINAPI SetupGetInfDriverStoreLocationW(PCWSTR name,
                                               PSP_ALTPLATFORM_INFO platform,
                                               PCWSTR locale,
                                               PWSTR ret_path,
                                               DWORD room,
                                               PDWORD ret_needed);
WINBOOL WINAPI SetupGetInfPublishedNameW(PCWSTR path,
                                         PWSTR ret_name,
                                         DWORD room,
                                         PDWORD ret_needed);

#endif
