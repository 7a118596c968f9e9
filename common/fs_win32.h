/*
 * Helpers that the Windows halves of fs share: wide paths, error codes, private permissions, and
 * opening relative to a folder's handle, which Win32 does not offer. Private to Windows sources
 * of common/, guest/ and host/image/windows/.
 */
#ifndef GPUPV_FS_WIN32_H
#define GPUPV_FS_WIN32_H

#include "fs_os.h"

#include <windows.h>

#define FS_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* path as UTF-16 with backslashes, prefixed when it is long. The caller frees *ret_wide with
 * free(). */
bool fs_wide(const char *path, uint16_t **ret_wide, struct err *err);

/* Sets err from a Win32 code with the path as argument. Returns false. */
bool fs_fail(DWORD code, enum text_id message, const char *path, struct err *err);

/* Sets ERR_UNSAFE. Returns false. */
bool fs_unsafe(const char *path, struct err *err);

/* What the handle's file is, without following a link that it was opened on. */
bool fs_handle_stat(HANDLE handle, const char *path, struct fs_stat *ret_stat, struct err *err);

/* Appends at most max bytes from position to out; `whole`: more than max is ERR_TOO_LARGE. */
bool fs_handle_read(HANDLE handle,
                    const char *path,
                    uint64_t position,
                    size_t max,
                    bool whole,
                    struct buf *out,
                    struct err *err);

/* Writes all bytes at position; UINT64_MAX: at the end. */
bool fs_handle_write(HANDLE handle,
                     const char *path,
                     uint64_t position,
                     const void *data,
                     size_t length,
                     struct err *err);

/* Opens name (any component, "" for none) below folder without following a link. access, share,
 * disposition and options are those of NtCreateFile. Returns INVALID_HANDLE_VALUE with *ret_code, a
 * Win32 code. */
HANDLE fs_open_below(HANDLE folder,
                     const uint16_t *name,
                     ACCESS_MASK access,
                     ULONG share,
                     ULONG disposition,
                     ULONG options,
                     DWORD *ret_code);

/* The same; what is made gets the security descriptor, NULL for what the folder gives. */
HANDLE fs_open_below_as(HANDLE folder,
                        const uint16_t *name,
                        ACCESS_MASK access,
                        ULONG share,
                        ULONG disposition,
                        ULONG options,
                        PSECURITY_DESCRIPTOR descriptor,
                        DWORD *ret_code);

/* Renames the open file to name below folder, replacing a file; waits a little for those who have
 * it open. 0 or a Win32 code. */
DWORD fs_rename_below(HANDLE file, HANDLE folder, const uint16_t *name);

/* Marks the open file or empty folder for removal, also when it is read-only. 0 or a Win32 code. */
DWORD fs_handle_remove(HANDLE handle);

/* The same with everything below an open folder, never following a link. The handle must be open
 * for removal and, if it is a folder, for listing. */
bool fs_handle_remove_tree(HANDLE handle, const char *path, struct err *err);

/* Permissions for a new file or folder. */
struct fs_security {
    SECURITY_ATTRIBUTES attributes;
    SECURITY_ATTRIBUTES *use; /* pass this */
};

/* SYSTEM and Administrators, and the user when he is no administrator (simulation); `use` is NULL
 * for FS_SHARED. End with fs_security_done. */
bool fs_security_init(struct fs_security *security, enum fs_access access, struct err *err);

/* Frees; also after a failed fs_security_init when it began with `use` NULL. */
void fs_security_done(struct fs_security *security);

/* The user of this process; the caller frees *ret_user with free(). */
bool fs_current_user(TOKEN_USER **ret_user, struct err *err);

/* True when this process acts with the rights of Administrators or SYSTEM. */
bool fs_is_administrator(void);

/* True when something belongs to SYSTEM, Administrators, TrustedInstaller or user, and its list
 * gives none of `rights` to anybody else. NULL owners and lists are not ours. */
bool fs_is_ours(PSID owner, PACL acl, ACCESS_MASK rights, PSID user);

/* False with ERR_UNSAFE unless the folder belongs to us, SYSTEM or Administrators and nobody else
 * may change it. */
bool fs_check_private(HANDLE folder, const char *path, struct err *err);

#endif
