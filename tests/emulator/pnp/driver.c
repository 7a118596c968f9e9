/* The driver store's rows, and which of them serves a device best. */
#include "machine.h"

#include <stddef.h>
#include <string.h>
#include <wchar.h>

/* Texts of a row. */
static const struct {
    const wchar_t *value;
    size_t offset, max;
} texts[] = {
    {L"Original", offsetof(struct driver, original), 64},
    {L"Class", offsetof(struct driver, device_class), 64},
    {L"ClassGuid", offsetof(struct driver, class_guid), 40},
    {L"Version", offsetof(struct driver, version), 32},
    {L"Date", offsetof(struct driver, date), 16},
    {L"Provider", offsetof(struct driver, provider), PNP_TEXT_MAX},
    {L"Manufacturer", offsetof(struct driver, manufacturer), PNP_TEXT_MAX},
    {L"Description", offsetof(struct driver, description), PNP_TEXT_MAX},
    {L"Service", offsetof(struct driver, service), 64},
    {L"Folder", offsetof(struct driver, folder), 128},
    {L"Section", offsetof(struct driver, section), 64},
};

static wchar_t *text_at(struct driver *driver, size_t i)
{
    return (wchar_t *)((char *)driver + texts[i].offset);
}

bool driver_load(const wchar_t *inf, struct driver *ret_driver)
{
    struct driver driver = {.inf = L""};
    wchar_t path[PATH_CHARS];

    path_join(path, PNP_DRIVERS, inf);
    if (!*inf || !reg_list(path, L"HardwareIds", driver.hardware_ids))
        return false;
    swprintf(driver.inf, 64, L"%ls", inf);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        reg_text(path, texts[i].value, text_at(&driver, i), texts[i].max);
    if (!*driver.original)
        wcscpy(driver.original, driver.inf);
    if (!*driver.section)
        wcscpy(driver.section, L"Install");
    *ret_driver = driver;
    return true;
}

void driver_save(const struct driver *driver)
{
    struct driver copy = *driver;
    wchar_t path[PATH_CHARS];

    path_join(path, PNP_DRIVERS, driver->inf);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        reg_set_text(path, texts[i].value, text_at(&copy, i));
    reg_set_list(path, L"HardwareIds", driver->hardware_ids);
}

/* How Windows ranks: the device's ids in their order, hardware ids before compatible ones
 * ("How Windows selects a driver for a device"; signature scores are equal for all that a 64-bit
 * Windows lets in). */
DWORD driver_rank(const struct driver *driver, const struct node *node)
{
    static const wchar_t *const values[] = {L"HardwareID", L"CompatibleIDs"};
    wchar_t ids[LIST_CHARS];

    for (DWORD kind = 0; kind < 2; kind++) {
        DWORD index = 0;

        node_list(node, values[kind], ids);
        for (const wchar_t *id = ids; *id; id += wcslen(id) + 1, index++)
            if (list_find(driver->hardware_ids, id) >= 0)
                return kind * 0x2000 + index;
    }
    return RANK_NONE;
}

uint64_t driver_version(const wchar_t *text)
{
    unsigned part[4] = {0};

    swscanf(text, L"%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]);
    return (uint64_t)(part[0] & 0xffff) << 48 | (uint64_t)(part[1] & 0xffff) << 32 |
           (uint64_t)(part[2] & 0xffff) << 16 | (part[3] & 0xffff);
}

static DWORD date_number(const wchar_t *text)
{
    unsigned month = 0, day = 0, year = 0;

    swscanf(text, L"%u/%u/%u", &month, &day, &year);
    return year * 10000 + month * 100 + day;
}

bool driver_better(const struct driver *a, const struct driver *b, const struct node *node)
{
    DWORD rank_a = driver_rank(a, node), rank_b = driver_rank(b, node);
    DWORD date_a = date_number(a->date), date_b = date_number(b->date);

    if (rank_a != rank_b)
        return rank_a < rank_b;
    if (date_a != date_b)
        return date_a > date_b;
    return driver_version(a->version) > driver_version(b->version);
}

bool driver_best(const struct node *node, struct driver *ret_driver)
{
    struct driver driver;
    wchar_t name[64];
    bool found = false;

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        if (!driver_load(name, &driver) || driver_rank(&driver, node) == RANK_NONE)
            continue;
        if (!found || driver_better(&driver, ret_driver, node))
            *ret_driver = driver;
        found = true;
    }
    return found;
}
