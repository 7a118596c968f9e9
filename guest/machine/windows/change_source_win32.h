/*
 * What can be waited for: a registry key, a folder, the process of a service, the state of a
 * service. A source that does not exist yet is waited for at the nearest thing that would show it.
 * All functions belong to one thread, which waits alertably: services are told by APC.
 */
#ifndef GPUPV_WINDOWS_CHANGE_SOURCE_WIN32_H
#define GPUPV_WINDOWS_CHANGE_SOURCE_WIN32_H

#include "guest/machine/files.h"

#include <windows.h>

enum change_class {
    CHANGE_NONE,  /* nothing that anybody looks at */
    CHANGE_QUIET, /* worth a look some time: a log file grew */
    CHANGE_NOW
};

#define CHANGE_FOLDER_BYTES 8192

struct change_key {
    const WCHAR *path; /* below HKEY_LOCAL_MACHINE, 64-bit view */
    HKEY key;
    bool at_target, armed;
    HANDLE event;
};

struct change_folder {
    enum file_root root;
    HANDLE folder;
    bool at_target, armed;
    char target[FS_PATH_BYTES]; /* the folder that is watched, or whose parent is */
    OVERLAPPED call;
    DWORD records[CHANGE_FOLDER_BYTES / sizeof(DWORD)];
};

struct change_process {
    const WCHAR *service;
    HANDLE process; /* the service's, while it runs */
};

struct change_service {
    const WCHAR *name; /* NULL: services that come and go */
    SC_HANDLE manager, service;
    SERVICE_NOTIFYW notify;
    bool armed, fired;
};

/* Waits for a key, or for its nearest existing parent; arms again after it fired. */
void change_key_arm(struct change_key *source);
/* What it means that event is set. */
enum change_class change_key_fired(struct change_key *source);
/* Lets go. */
void change_key_done(struct change_key *source);

/* The same for a folder; call.hEvent is what to wait for. */
void change_folder_arm(struct change_folder *source);
enum change_class change_folder_fired(struct change_folder *source);
/* Looks anew where the folder is: another user may have come. */
void change_folder_forget(struct change_folder *source);
void change_folder_done(struct change_folder *source);

/* The same for the process of a service; process is what to wait for, NULL while there is none. No
 * handle to the service itself is kept: it would hold up an uninstaller. */
void change_process_arm(struct change_process *source);
enum change_class change_process_fired(struct change_process *source);
void change_process_done(struct change_process *source);

/* The same for a service's state; `fired` is set by an APC. */
void change_service_arm(struct change_service *source);
enum change_class change_service_fired(struct change_service *source);
void change_service_done(struct change_service *source);

#endif
