/* remove: deletes a VM with what gpupv made for it, and nothing else (flow F6). */
#include "host/boot.h"
#include "host/image/image.h"
#include "common/ui/table.h"
#include "host/up.h"

#include <stdlib.h>
#include <string.h>

/* ---- what there is ---- */

struct size_sum {
    const char *folder;
    uint64_t bytes;
    unsigned depth;
};

#define DEPTH_MAX 32

static bool add_size(const char *name, enum fs_kind kind, void *user)
{
    struct size_sum *sum = user, below;
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!fs_join(path, sum->folder, name, NULL))
        return true;
    if (kind == FS_FOLDER && sum->depth < DEPTH_MAX) {
        below = (struct size_sum){path, 0, sum->depth + 1};
        fs_list(path, add_size, &below, NULL);
        sum->bytes += below.bytes;
    } else if (fs_stat(path, &stat, NULL) && stat.kind == FS_FILE) {
        sum->bytes += stat.size_bytes;
    }
    return true;
}

static uint64_t size_of(const struct store_file *file, bool *ret_there)
{
    struct size_sum sum = {.folder = file->path};
    struct fs_stat stat = {.kind = FS_MISSING};

    fs_stat(file->path, &stat, NULL);
    *ret_there = stat.kind != FS_MISSING;
    if (stat.kind != FS_FOLDER)
        return stat.size_bytes;
    fs_list(file->path, add_size, &sum, NULL);
    return sum.bytes;
}

static void list_files(struct call *call, struct target *const *targets, size_t count)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_VM},
        {.title = TEXT_HOST_COLUMN_SIZE, .right = true},
        {.title = TEXT_HOST_COLUMN_FILE},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char size[32];
    bool there;

    for (size_t i = 0; i < count; i++)
        for (size_t f = 0; f < targets[i]->record.file_count; f++) {
            const struct store_file *file = &targets[i]->record.files[f];
            uint64_t bytes = size_of(file, &there);

            if (!there)
                continue;
            table_cell(table, TONE_PLAIN, targets[i]->name);
            table_cell(table, TONE_PLAIN, ui_size_text(size, sizeof size, bytes));
            table_cell(table, TONE_PLAIN, file->path);
        }
    if (table_rows(table))
        table_print(table, &call->ui);
    table_free(table);
}

/* ---- deleting ---- */

static bool delete_file(const struct store_file *file, struct err *err)
{
    struct image_port *image = NULL;
    bool ok;

    if (!file->folder)
        return fs_remove(file->path, err);
    if (!image_open_dir(&image, err))
        return false;
    ok = image->disk->remove(image, file->path, err);
    image_free(image);
    return ok;
}

static bool delete_all(struct call *call, struct target *target, struct err *err)
{
    struct hypervisor *h = call->hypervisor;

    if (!hypervisor_delete(h, target->id, err))
        return false;
    for (size_t i = 0; i < target->record.file_count; i++)
        if (!delete_file(&target->record.files[i], err))
            return false;
    /* what the hypervisor kept because of the disk; the record last: whatever failed before, the
     * command can be given again */
    return h->ops->remove(h, target->id, err) && store_remove(call->store, target->id, err) &&
           up_take_back(call, target->name, err);
}

static bool may_remove(struct call *call, const struct target *target, struct err *err)
{
    if (up_is_unfinished(call, target->name, NULL) && !target->managed)
        return true;
    if (!target_managed(target, err))
        return false;
    if (!target->record.adopted)
        return true;
    err_set(err, ERR_DENIED, TEXT_HOST_REMOVE_ADOPTED, target->name, NULL);
    return err_hint(err, TEXT_HOST_REMOVE_ADOPTED_HINT);
}

static void remove_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;
    bool there = target->managed || *target->id;

    if (!there && !up_is_unfinished(call, target->name, NULL)) {
        err_set(&err, ERR_NOT_FOUND, TEXT_HOST_NO_SUCH_VM, target->name, NULL);
        err_hint(&err, TEXT_HOST_NO_SUCH_VM_HINT);
        outcome_failed(outcome, &err);
        return;
    }
    if (!may_remove(call, target, &err)) {
        outcome_failed(outcome, &err);
        if (err.kind == ERR_DENIED)
            outcome->code = CODE_FAILED;
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_REMOVE, NULL);
        return;
    }
    if (target->managed ? delete_all(call, target, &err) : up_take_back(call, target->name, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_REMOVED, NULL);
    else
        outcome_failed(outcome, &err);
}

/* Shows what would go and asks, once for all. */
static bool remove_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct target *targets = NULL;
    struct target **removable;
    size_t count = 0, kept = 0;
    bool sure;

    if (!targets_of(call, true, false, &targets, &count, err))
        return false;
    removable = calloc(count + 1, sizeof(struct target *));
    if (!removable) {
        free(targets);
        return err_no_memory(err);
    }
    for (size_t i = 0; i < count; i++)
        if (may_remove(call, &targets[i], NULL))
            removable[kept++] = &targets[i];
    if (kept)
        list_files(call, removable, kept);
    sure = call_flag(call, "dry-run") || !kept ||
           ui_confirm(&call->ui, TEXT_HOST_REMOVE_ASK, TEXT_NUM(kept), NULL);
    free(removable);
    free(targets);
    if (!sure) {
        err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
        return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
    }
    return many_run(call, ret_code, err);
}

const struct command command_remove = {
    .name = "remove",
    .summary = TEXT_HELP_REMOVE,
    .args = "NAME...",
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEW_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .exec = remove_exec,
    .each = remove_each,
};
