/* Files of volumes: opening by the name of the volume or below an open folder of it, flushing,
 * closing. The files are real ones of the prefix; what is added are the rules of the volume. */
#include "emulator.h"

#include <aclapi.h>
#include <string.h>
#include <stdio.h>
#include <wchar.h>

#define STATUS_WRITE_PROTECTED ((NTSTATUS)0xC00000A2)
#define CHANGING                                                                                   \
    (GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA |            \
     FILE_DELETE_CHILD | FILE_WRITE_ATTRIBUTES | DELETE | WRITE_DAC | WRITE_OWNER)

static bool changes(DWORD access)
{
    return access & CHANGING;
}

/* Remembers a file of a volume that was just opened. */
static void
remember(HANDLE handle, const struct attached *disk, const struct volume_name *name, DWORD access)
{
    struct object *object = object_add(OBJECT_FILE, handle);

    if (!object)
        return;
    object->attached = *disk;
    object->volume = *name;
    object->volume.rest = NULL;
    object->may_write = changes(access);
    if (object->may_write && !name->is_iso)
        object_touch(disk, name->partition, true);
}

static HANDLE open_by_name(const struct volume_name *name,
                           const wchar_t *path,
                           DWORD access,
                           DWORD share,
                           DWORD disposition,
                           DWORD flags)
{
    DWORD code = disks_call("CreateFileW", "%ls", path);
    wchar_t real[DISKS_PATH];
    struct attached disk;
    HANDLE handle;

    if (!code)
        code = volume_find(name, &disk);
    if (!code)
        code = volume_translate(path, real);
    if (!code && (changes(access) || disposition != OPEN_EXISTING) && disks_protected(&disk))
        code = ERROR_WRITE_PROTECT;
    if (code) {
        SetLastError(code);
        return INVALID_HANDLE_VALUE;
    }
    handle = CreateFileW(real, access, share, NULL, disposition, flags, NULL);
    if (handle != INVALID_HANDLE_VALUE)
        remember(handle, &disk, name, access);
    return handle;
}

static HANDLE WINAPI on_create_file(const WCHAR *path,
                                    DWORD access,
                                    DWORD share,
                                    SECURITY_ATTRIBUTES *security,
                                    DWORD disposition,
                                    DWORD flags,
                                    HANDLE template_file)
{
    struct volume_name name;

    if (device_is_name(path))
        return device_create(path, access);
    if (volume_name_parse(path, &name))
        return open_by_name(&name, path, access, share, disposition, flags);
    return CreateFileW(path, access, share, security, disposition, flags, template_file);
}

static NTSTATUS NTAPI on_nt_create_file(HANDLE *ret_handle,
                                        ACCESS_MASK access,
                                        OBJECT_ATTRIBUTES *attributes,
                                        IO_STATUS_BLOCK *status,
                                        LARGE_INTEGER *size,
                                        ULONG file_attributes,
                                        ULONG share,
                                        ULONG disposition,
                                        ULONG options,
                                        void *extended,
                                        ULONG extended_bytes)
{
    struct object *folder =
        attributes->RootDirectory ? object_find(attributes->RootDirectory) : NULL;
    NTSTATUS result;
    DWORD code;

    if (folder && folder->kind == OBJECT_FILE) {
        code = disks_call("NtCreateFile",
                          "%.*ls access=%x disposition=%u",
                          (int)(attributes->ObjectName->Length / sizeof(WCHAR)),
                          attributes->ObjectName->Buffer,
                          (unsigned)access,
                          (unsigned)disposition);
        if (code)
            return code == ERROR_ACCESS_DENIED ? STATUS_ACCESS_DENIED : STATUS_IO_DEVICE_ERROR;
        if ((changes(access) || disposition != FILE_OPEN) && disks_protected(&folder->attached))
            return STATUS_WRITE_PROTECTED;
    }
    result = NtCreateFile(ret_handle,
                          access,
                          attributes,
                          status,
                          size,
                          file_attributes,
                          share,
                          disposition,
                          options,
                          extended,
                          extended_bytes);
    if (result >= 0 && folder && folder->kind == OBJECT_FILE)
        remember(*ret_handle, &folder->attached, &folder->volume, access);
    return result;
}

/* Counts a call on an open file of a disk's volume; what it has to fail with, or 0. */
static DWORD file_call(HANDLE file, const char *name)
{
    struct object *object = object_find(file);

    if (!object || object->kind != OBJECT_FILE || object->volume.is_iso)
        return 0;
    return disks_call(name, "%ls", object->attached.path);
}

static BOOL WINAPI
on_write(HANDLE file, const void *data, DWORD size, DWORD *ret_size, OVERLAPPED *overlapped)
{
    DWORD code = file_call(file, "WriteFile");

    return code ? fail(code) : WriteFile(file, data, size, ret_size, overlapped);
}

static BOOL WINAPI on_set_information(HANDLE file,
                                      FILE_INFO_BY_HANDLE_CLASS what,
                                      void *data,
                                      DWORD size)
{
    DWORD code = file_call(file, "SetFileInformationByHandle");

    return code ? fail(code) : SetFileInformationByHandle(file, what, data, size);
}

static DWORD WINAPI on_set_security(HANDLE file,
                                    SE_OBJECT_TYPE type,
                                    SECURITY_INFORMATION what,
                                    SID *owner,
                                    SID *group,
                                    ACL *list,
                                    ACL *audit)
{
    DWORD code = file_call(file, "SetSecurityInfo");

    return code ? code : SetSecurityInfo(file, type, what, owner, group, list, audit);
}

static BOOL WINAPI on_set_object_security(HANDLE file,
                                          SECURITY_INFORMATION what,
                                          SECURITY_DESCRIPTOR *descriptor)
{
    DWORD code = file_call(file, "SetKernelObjectSecurity");

    return code ? fail(code) : SetKernelObjectSecurity(file, what, descriptor);
}

static BOOL WINAPI on_flush(HANDLE file)
{
    struct object *object = object_find(file);
    DWORD code;

    if (!object || object->kind == OBJECT_FILE) {
        code = file_call(file, "FlushFileBuffers");
        return code ? fail(code) : FlushFileBuffers(file);
    }
    code = disks_call("FlushFileBuffers", "%ls", object->attached.path);
    if (!code && (object->kind != OBJECT_DEVICE || !object->may_write))
        code = ERROR_ACCESS_DENIED; /* "the handle must have GENERIC_WRITE" */
    if (code)
        return fail(code);
    object->is_flushed = true;
    return TRUE;
}

static BOOL WINAPI on_close(HANDLE handle)
{
    struct object *object = object_find(handle);

    if (object) {
        if (object->kind == OBJECT_DISK) {
            copying_end(object);
            disk_detach(object);
        }
        object_remove(object);
    }
    return CloseHandle(handle);
}

static BOOL WINAPI on_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    struct object *object = object_find(file);

    if (!object || object->kind != OBJECT_DISK)
        return CancelIoEx(file, overlapped);
    return copying_cancel(object) || fail(ERROR_NOT_FOUND);
}

const struct hook file_hooks[] = {
    {"kernel32", "CreateFileW", (hook_function)on_create_file, NULL},
    {"ntdll", "NtCreateFile", (hook_function)on_nt_create_file, NULL},
    {"kernel32", "FlushFileBuffers", (hook_function)on_flush, NULL},
    {"kernel32", "WriteFile", (hook_function)on_write, NULL},
    {"kernel32", "SetFileInformationByHandle", (hook_function)on_set_information, NULL},
    {"advapi32", "SetSecurityInfo", (hook_function)on_set_security, NULL},
    {"advapi32", "SetKernelObjectSecurity", (hook_function)on_set_object_security, NULL},
    {"kernel32", "CloseHandle", (hook_function)on_close, NULL},
    {"kernel32", "CancelIoEx", (hook_function)on_cancel, NULL},
};
const size_t file_hook_count = sizeof(file_hooks) / sizeof(*file_hooks);
