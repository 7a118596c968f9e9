/* What no repair may lose: the account and the configuration of Parsec, by presence alone. */
#include "guest/repair/repair.h"

static const struct {
    enum file_root root;
    const char *name;
} precious[] = {
    {ROOT_PARSEC_SHARED, "user.bin"},
    {ROOT_PARSEC_SHARED, "config.txt"},
    {ROOT_PARSEC_SHARED, "config.json"},
    {ROOT_PARSEC_USER, "user.bin"},
    {ROOT_PARSEC_USER, "config.txt"},
    {ROOT_PARSEC_USER, "config.json"},
};
#define PRECIOUS (sizeof precious / sizeof precious[0])

/* One bit per file that is there; false when a place cannot be looked at. */
static bool look(struct machine *machine, uint32_t *ret_present)
{
    for (size_t i = 0; i < PRECIOUS; i++) {
        struct fs_stat stat;

        if (!machine->files->ops->stat(
                machine->files, precious[i].root, precious[i].name, &stat, NULL))
            return false;
        if (stat.kind == FS_FILE)
            *ret_present |= UINT32_C(1) << i;
    }
    return true;
}

void repair_guard_take(struct machine *machine, struct repair_guard *guard)
{
    guard->present = 0;
    guard->known = look(machine, &guard->present);
}

bool repair_guard_check(struct machine *machine, const struct repair_guard *guard, struct err *err)
{
    uint32_t present = 0;

    if (!look(machine, &present))
        return err_set(err, ERR_IO, TEXT_REPAIR_GUARD_BLIND, NULL);
    for (size_t i = 0; i < PRECIOUS; i++) {
        uint32_t bit = UINT32_C(1) << i;

        if ((guard->present & bit) && !(present & bit))
            return err_set(err, ERR_FAILED, TEXT_REPAIR_GUARD_LOST, precious[i].name, NULL);
    }
    return true;
}
