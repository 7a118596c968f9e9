/* What the codes of Windows mean to somebody who wants a disk. */
#include "host/image/windows/inside.h"

/* Not in the headers of mingw-w64: an old one, facility 0x3a of winerror.h, and BitLocker's. */
#define CODE_ELEVATION_REQUIRED 740u
#define CODE_VHD_CORRUPT_FIRST  0xC03A0001u
#define CODE_VHD_CORRUPT_LAST   0xC03A0013u
#define CODE_PARENT_NOT_FOUND   0xC03A000Du
#define CODE_PARENT_MISMATCH    0xC03A000Eu
#define CODE_PROVIDER_NOT_FOUND 0xC03A0014u
#define CODE_NOT_VIRTUAL_DISK   0xC03A0015u
#define CODE_VIRTUAL_DISK_LIMIT 0xC03A001Au
#define CODE_LOCKED_VOLUME      0x80310000u

struct meaning {
    DWORD code;
    enum err_kind kind; /* ERR_NONE: as err_set_os says */
    enum text_id hint;
};

static const struct meaning meanings[] = {
    {ERROR_ACCESS_DENIED, ERR_NONE, TEXT_DISK_HINT_DENIED},
    {ERROR_PRIVILEGE_NOT_HELD, ERR_NONE, TEXT_DISK_HINT_ADMIN},
    {CODE_ELEVATION_REQUIRED, ERR_NONE, TEXT_DISK_HINT_ADMIN},
    {ERROR_SHARING_VIOLATION, ERR_NONE, TEXT_DISK_HINT_IN_USE},
    {ERROR_LOCK_VIOLATION, ERR_NONE, TEXT_DISK_HINT_IN_USE},
    {ERROR_DEVICE_IN_USE, ERR_BUSY, TEXT_DISK_HINT_IN_USE},
    {ERROR_WRITE_PROTECT, ERR_DENIED, TEXT_DISK_HINT_BITLOCKER_POLICY},
    {ERROR_DISK_FULL, ERR_NONE, TEXT_DISK_HINT_SPACE},
    {ERROR_HANDLE_DISK_FULL, ERR_NONE, TEXT_DISK_HINT_SPACE},
    {ERROR_FILE_TOO_LARGE, ERR_UNSUPPORTED, TEXT_DISK_HINT_FILE_SYSTEM},
    {CODE_VIRTUAL_DISK_LIMIT, ERR_UNSUPPORTED, TEXT_DISK_HINT_PLAIN_FILE},
    {CODE_PARENT_NOT_FOUND, ERR_NOT_FOUND, TEXT_DISK_HINT_PARENT},
    {CODE_PARENT_MISMATCH, ERR_CONFLICT, TEXT_DISK_HINT_PARENT},
    {CODE_PROVIDER_NOT_FOUND, ERR_BAD_INPUT, TEXT_NONE},
    {CODE_NOT_VIRTUAL_DISK, ERR_BAD_INPUT, TEXT_NONE},
    {CODE_LOCKED_VOLUME, ERR_DENIED, TEXT_DISK_HINT_BITLOCKER},
    {ERROR_UNRECOGNIZED_VOLUME, ERR_BAD_INPUT, TEXT_NONE},
    {ERROR_REQUEST_ABORTED, ERR_CANCELLED, TEXT_NONE},
};

/* What a damaged source ends in, seen from wimgapi, dism.exe and plain reading. */
static const DWORD damage[] = {
    ERROR_INVALID_DATA,
    ERROR_CRC,
    ERROR_READ_FAULT,
    ERROR_BAD_FORMAT,
    ERROR_HANDLE_EOF,
    ERROR_IO_DEVICE,
    ERROR_FILE_CORRUPT,
    ERROR_DISK_CORRUPT,
};

/* HRESULT_FROM_WIN32 is undone, so that one table serves both. */
static DWORD plain_code(DWORD code)
{
    return (code & 0xFFFF0000u) == 0x80070000u ? code & 0xFFFFu : code;
}

static enum err_domain domain_of(DWORD code)
{
    return code & 0x80000000u ? ERR_DOMAIN_HRESULT : ERR_DOMAIN_WIN32;
}

bool explain(DWORD code, enum text_id message, const char *what, struct err *err)
{
    DWORD plain = plain_code(code);

    if (!err)
        return false;
    err_set_os(err, domain_of(plain), (int32_t)plain, message, what, NULL);
    if (plain >= CODE_VHD_CORRUPT_FIRST && plain <= CODE_VHD_CORRUPT_LAST)
        err->kind = ERR_BAD_INPUT;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].code != plain)
            continue;
        if (meanings[i].kind != ERR_NONE)
            err->kind = meanings[i].kind;
        if (meanings[i].hint != TEXT_NONE)
            err_hint(err, meanings[i].hint);
    }
    return false;
}

bool explain_source(DWORD code, enum text_id message, const char *what, struct err *err)
{
    DWORD plain = plain_code(code);

    for (size_t i = 0; err && i < sizeof damage / sizeof *damage; i++) {
        if (damage[i] != plain)
            continue;
        err_set_os(err, domain_of(plain), (int32_t)plain, TEXT_DISK_SOURCE_DAMAGED, what, NULL);
        err->kind = ERR_BAD_INPUT;
        return err_hint(err, TEXT_DISK_HINT_SHA256);
    }
    return explain(code, message, what, err);
}
