/* Drives and what is in them. Facts: hyperv-wmi.md §9, §16. */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_SCSI = 64, PLACES_IDE = 2 };

static bool is_place(const char *text, int places)
{
    char *end;
    long number = strtol(text, &end, 10);

    return end != text && !*end && number >= 0 && number < places;
}

bool storage_check_drive(cJSON *row, const char *owner, struct failure *failure)
{
    const cJSON *parent = store_at_text(row_text(row, "Parent"));
    bool ide = parent && strstr(row_text(parent, "ResourceSubType"), "IDE");

    (void)owner;
    if (!is_place(row_text(row, "AddressOnParent"), ide ? PLACES_IDE : PLACES_SCSI))
        return job_fail(failure,
                        BAD_PARAMETER,
                        "AddressOnParent cannot be \"%s\"",
                        row_text(row, "AddressOnParent"));
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && !_stricmp(text + length - tail, end);
}

static bool file_exists(const char *path)
{
    wchar_t wide[MAX_PATH];
    DWORD attributes;

    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, MAX_PATH))
        return false;
    attributes = GetFileAttributesW(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

bool storage_check_media(cJSON *row, const char *owner, struct failure *failure)
{
    bool disk = !strcmp(row_text(row, "ResourceSubType"), SUB_TYPE "Virtual Hard Disk");
    int count = cJSON_GetArraySize(cJSON_GetObjectItem(row_properties(row), "HostResource"));
    const char *path = count ? row_item(row, "HostResource", 0) : "";

    (void)owner;
    if (!disk && !count)
        return true; /* an empty tray */
    if (count != 1 || !*path)
        return job_fail(failure, BAD_PARAMETER, "HostResource must name one file");
    if (disk ? !ends_with(path, ".vhdx") && !ends_with(path, ".vhd") &&
                   !ends_with(path, ".avhdx") && !ends_with(path, ".vhds")
             : !ends_with(path, ".iso"))
        return job_fail(failure, BAD_PARAMETER, "'%s' is no such file", path);
    if (!file_exists(path))
        return job_fail(failure,
                        FAILED_CODE,
                        "The system cannot find the file specified. (0x80070002): '%s'",
                        path);
    return true;
}
