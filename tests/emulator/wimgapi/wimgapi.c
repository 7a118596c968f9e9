/* wimgapi.dll for programs under Wine, whose own is a stub: the calls that apply an image, in the
 * order and with the arguments that Windows wants. Rules: "Imaging APIs for Windows" (Windows ADK,
 * wimgapi.chm: WIMCreateFile, WIMSetTemporaryPath, WIMLoadImage, WIMApplyImage, ...); the flag for
 * solid files and the error without it: ManagedWimgApi issue 2 and 63, Rufus.
 *
 * Settings (image): WimNames, which names are taken (1 GUID, 2 device, 4 folder and plain; 7);
 * OldWim, no flag for solid files; WimSilent, never comes back; ApplySlowMs, for each file. */
#include "images.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum {
    WIM_OPEN_EXISTING = 3,
    FLAG_VERIFY = 0x2,
    FLAG_SHARE_WRITE = 0x40,
    FLAG_SOLID = 0x20000000,
    FLAG_APPEND = 0x10000,
    MSG_BASE = WM_APP + 0x1476,
    MSG_PROGRESS = MSG_BASE + 2,
    MSG_PROCESS = MSG_BASE + 3,
    OBJECTS_MAX = 16,
    PARTS_MAX = 32,
    TAKES_GUID = 1,
    TAKES_DEVICE = 2,
    TAKES_FOLDER = 4
};

#define ABORT            0xFFFFFFFFu
#define INVALID_CALLBACK 0xFFFFFFFFu

typedef DWORD(CALLBACK *message_callback)(DWORD message, WPARAM wide, LPARAM other, void *user);

struct object {
    HANDLE handle; /* NULL: free */
    bool is_image;
    struct object *of; /* an image's file */
    struct image_file file;
    bool has_temporary, parts[PARTS_MAX];
    DWORD index;
    message_callback callback;
    void *user;
};

static SRWLOCK lock = SRWLOCK_INIT;
static struct object objects[OBJECTS_MAX];

HANDLE WINAPI emu_create_file(const WCHAR *path,
                              DWORD access,
                              DWORD disposition,
                              DWORD flags,
                              DWORD compression,
                              DWORD *ret_result);
BOOL WINAPI emu_close_handle(HANDLE handle);
BOOL WINAPI emu_set_temporary(HANDLE wim, const WCHAR *path);
BOOL WINAPI emu_set_reference(HANDLE wim, const WCHAR *path, DWORD flags);
HANDLE WINAPI emu_load_image(HANDLE wim, DWORD index);
BOOL WINAPI emu_apply_image(HANDLE image, const WCHAR *path, DWORD flags);
DWORD WINAPI emu_register(HANDLE wim, FARPROC callback, void *user);
BOOL WINAPI emu_unregister(HANDLE wim, FARPROC callback);
DWORD WINAPI emu_image_count(HANDLE wim);
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

static BOOL fail(DWORD code)
{
    SetLastError(code);
    return FALSE;
}

static struct object *add(void)
{
    struct object *found = NULL;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; !found && i < OBJECTS_MAX; i++)
        if (!objects[i].handle) {
            found = &objects[i];
            memset(found, 0, sizeof(*found));
            found->handle = CreateEventW(NULL, TRUE, TRUE, NULL);
        }
    ReleaseSRWLockExclusive(&lock);
    return found;
}

static struct object *find(HANDLE handle, bool is_image)
{
    for (int i = 0; i < OBJECTS_MAX; i++)
        if (handle && objects[i].handle == handle && objects[i].is_image == is_image)
            return &objects[i];
    return NULL;
}

/* Whether this wimgapi takes the form that a path has; 0 or a code. */
static DWORD check_naming(const wchar_t *path)
{
    DWORD takes = disks_setting("WimNames", TAKES_GUID | TAKES_DEVICE | TAKES_FOLDER);
    DWORD needs = TAKES_FOLDER;
    struct volume_name name;

    if (volume_name_parse(path, &name))
        needs = name.naming == NAMING_GUID ? TAKES_GUID : TAKES_DEVICE;
    return takes & needs ? 0 : ERROR_PATH_NOT_FOUND;
}

HANDLE WINAPI emu_create_file(const WCHAR *path,
                              DWORD access,
                              DWORD disposition,
                              DWORD flags,
                              DWORD compression,
                              DWORD *ret_result)
{
    DWORD known = FLAG_VERIFY | FLAG_SHARE_WRITE | (disks_setting("OldWim", 0) ? 0 : FLAG_SOLID);
    DWORD code = disks_call("WIMCreateFile", "%ls flags=%x", path, (unsigned)flags);
    struct image_file file;
    struct object *object;

    if (!code && (access != GENERIC_READ || disposition != WIM_OPEN_EXISTING || compression ||
                  (flags & ~known)))
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = check_naming(path);
    if (!code)
        code = image_file_read(path, &file);
    if (!code && file.is_solid && !(flags & FLAG_SOLID))
        code = ERROR_BAD_FORMAT;
    object = code ? NULL : add();
    if (!code && !object)
        code = ERROR_NOT_ENOUGH_MEMORY;
    if (code) {
        SetLastError(code);
        return NULL;
    }
    object->file = file;
    if (ret_result)
        *ret_result = 1; /* WIM_OPENED_EXISTING */
    return object->handle;
}

BOOL WINAPI emu_close_handle(HANDLE handle)
{
    struct object *object = find(handle, true);

    if (!object)
        object = find(handle, false);
    disks_call("WIMCloseHandle", "%s", object ? object->is_image ? "image" : "file" : "unknown");
    if (!object)
        return fail(ERROR_INVALID_HANDLE);
    for (int i = 0; i < OBJECTS_MAX; i++)
        if (objects[i].handle && objects[i].of == object)
            state_log("image", "LEAK image %lu of a closed file", (unsigned long)objects[i].index);
    CloseHandle(object->handle);
    object->handle = NULL;
    return TRUE;
}

BOOL WINAPI emu_set_temporary(HANDLE wim, const WCHAR *path)
{
    DWORD code = disks_call("WIMSetTemporaryPath", "%ls", path);
    DWORD attributes = GetFileAttributesW(path);
    struct object *object = find(wim, false);

    if (code)
        return fail(code);
    if (!object)
        return fail(ERROR_INVALID_HANDLE);
    if (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        return fail(ERROR_PATH_NOT_FOUND);
    object->has_temporary = true;
    return TRUE;
}

BOOL WINAPI emu_set_reference(HANDLE wim, const WCHAR *path, DWORD flags)
{
    DWORD code = disks_call("WIMSetReferenceFile", "%ls", path);
    struct object *object = find(wim, false);
    struct image_file part;

    if (!code && !object)
        code = ERROR_INVALID_HANDLE;
    if (!code && flags != FLAG_APPEND)
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = image_file_read(path, &part);
    if (!code && (memcmp(&part.id, &object->file.id, sizeof(GUID)) != 0 ||
                  part.parts != object->file.parts || part.part < 2 || part.part > PARTS_MAX))
        code = ERROR_INVALID_PARAMETER;
    if (code)
        return fail(code);
    object->parts[part.part - 1] = true;
    return TRUE;
}

DWORD WINAPI emu_image_count(HANDLE wim)
{
    struct object *object = find(wim, false);

    if (!object)
        SetLastError(ERROR_INVALID_HANDLE);
    return object ? object->file.images : 0;
}

HANDLE WINAPI emu_load_image(HANDLE wim, DWORD index)
{
    DWORD code = disks_call("WIMLoadImage", "%lu", (unsigned long)index);
    struct object *object = find(wim, false), *image;

    if (!code && !object)
        code = ERROR_INVALID_HANDLE;
    /* "WIMSetTemporaryPath must be called first" */
    if (!code && (!object->has_temporary || !index || index > object->file.images))
        code = ERROR_INVALID_PARAMETER;
    image = code ? NULL : add();
    if (!image) {
        SetLastError(code ? code : ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    image->is_image = true;
    image->of = object;
    image->index = index;
    return image->handle;
}

DWORD WINAPI emu_register(HANDLE wim, FARPROC callback, void *user)
{
    DWORD code = disks_call("WIMRegisterMessageCallback", "%s", "");
    struct object *object = find(wim, false);

    if (!code && (!object || !callback || object->callback))
        code = ERROR_INVALID_PARAMETER;
    if (code) {
        SetLastError(code);
        return INVALID_CALLBACK;
    }
    memcpy(&object->callback, &callback, sizeof(callback));
    object->user = user;
    return 0;
}

BOOL WINAPI emu_unregister(HANDLE wim, FARPROC callback)
{
    struct object *object = find(wim, false);

    disks_call("WIMUnregisterMessageCallback", "%s", "");
    if (!object || memcmp(&object->callback, &callback, sizeof(callback)) != 0)
        return fail(ERROR_INVALID_PARAMETER);
    object->callback = NULL;
    return TRUE;
}

/* ---- applying ---- */

struct applying {
    struct object *wim;
    DWORD done, entries;
};

static bool send(struct object *wim, DWORD message, const void *wide, WPARAM number)
{
    WPARAM argument = wide ? (WPARAM)wide : number;
    BOOL take = TRUE;

    return !wim->callback || wim->callback(message,
                                           argument,
                                           (LPARAM)(message == MSG_PROCESS ? &take : NULL),
                                           wim->user) != ABORT;
}

static bool on_entry(const wchar_t *path, void *user)
{
    struct applying *applying = user;
    DWORD percent = applying->entries ? applying->done * 100 / applying->entries : 100;

    while (disks_setting("WimSilent", 0))
        Sleep(20);
    Sleep(disks_setting("ApplySlowMs", 0));
    applying->done++;
    return send(applying->wim, MSG_PROCESS, path, 0) &&
           send(applying->wim, MSG_PROGRESS, NULL, percent);
}

/* All that applying needs of its caller. */
static DWORD check_privileges(void)
{
    static const wchar_t *const needed[] = {L"SeBackupPrivilege",
                                            L"SeRestorePrivilege",
                                            L"SeSecurityPrivilege",
                                            L"SeTakeOwnershipPrivilege"};

    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        if (!disks_privilege(needed[i]))
            return ERROR_PRIVILEGE_NOT_HELD;
    return 0;
}

static DWORD check_parts(const struct object *wim)
{
    if (wim->file.parts > PARTS_MAX)
        return ERROR_BAD_FORMAT;
    for (int part = 1; part < wim->file.parts; part++)
        if (!wim->parts[part])
            return ERROR_FILE_NOT_FOUND;
    return 0;
}

static DWORD check_target(const wchar_t *path, wchar_t ret_folder[DISKS_PATH])
{
    struct volume_name name;
    struct attached disk;
    DWORD code = check_naming(path), attributes;

    if (!code)
        code = volume_translate(path, ret_folder);
    if (!code && volume_name_parse(path, &name) && !volume_find(&name, &disk) &&
        disks_protected(&disk))
        code = ERROR_WRITE_PROTECT;
    attributes = code ? 0 : GetFileAttributesW(ret_folder);
    if (!code &&
        (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY)))
        code = ERROR_PATH_NOT_FOUND;
    return code;
}

BOOL WINAPI emu_apply_image(HANDLE handle, const WCHAR *path, DWORD flags)
{
    DWORD code = disks_call("WIMApplyImage", "%ls flags=%x", path, (unsigned)flags);
    struct object *image = find(handle, true);
    struct applying applying = {0};
    wchar_t folder[DISKS_PATH];

    if (!code && !image)
        code = ERROR_INVALID_HANDLE;
    if (!code && (flags & ~0x41FEu))
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = check_privileges();
    if (!code)
        code = check_parts(image->of);
    if (!code)
        code = check_target(path, folder);
    if (!code) {
        applying.wim = image->of;
        applying.entries = image_entries(&image->of->file, image->index);
        code = image_unpack(&image->of->file, image->index, folder, on_entry, &applying);
    }
    if (!code && !send(image->of, MSG_PROGRESS, NULL, 100))
        code = ERROR_REQUEST_ABORTED;
    return code == 0 || fail(code);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self;
    (void)reserved;
    if (reason == DLL_PROCESS_DETACH)
        for (int i = 0; i < OBJECTS_MAX; i++)
            if (objects[i].handle)
                state_log("image", "LEAK wimgapi %s", objects[i].is_image ? "image" : "file");
    return TRUE;
}
