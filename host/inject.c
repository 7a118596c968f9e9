/* The agent's own files on a guest's disk. */
#include "host/inject.h"

#include "host/guest/connect.h"
#include "host/guest/payloads.h"
#include "host/image/image.h"

#include <stdio.h>

/* Where the agent keeps its data, on the simulated disk. */
#define AGENT_FOLDER "agent"

/* One piece of work on a disk. */
struct inject {
    struct call *call;
    const struct target *target;
    const struct key_file *keys;
    bool with_payloads;
    struct image_port *image;
    struct image_volume *volume;
};

static bool put_json(struct image_port *image,
                     struct image_volume *volume,
                     const char *name,
                     cJSON *json,
                     struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = json && json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && image->tree->put(image, volume, name, text.data, text.len, IMAGE_ACL_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

/* The key file as the guest keeps it, by way of a private file of ours. */
static bool put_key(struct call *call,
                    struct image_port *image,
                    struct image_volume *volume,
                    const struct key_file *keys,
                    struct err *err)
{
    char path[FS_PATH_BYTES];
    bool ok;

    if (!store_path(call->store, keys->vm, "guest-key.json", path, err))
        return false;
    ok = key_save(path, &key_seal_plain, keys, err) &&
         image->tree->put_file(
             image, volume, AGENT_FOLDER "/key.json", path, IMAGE_ACL_PRIVATE, err);
    fs_remove(path, NULL);
    return ok;
}

static bool put_payload(struct image_port *image,
                        struct image_volume *volume,
                        struct payloads *payloads,
                        size_t row,
                        struct err *err)
{
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES], folder[96];
    char name[FS_PATH_BYTES];
    struct payload_item item;

    if (!payloads_find(payloads, row, &item, err))
        return false;
    if (!item.present)
        return true;
    if (!payloads_paths(payloads, row, &item, record, file, err))
        return false;
    payloads_folder(row, &item, folder, sizeof folder);
    snprintf(name, sizeof name, AGENT_FOLDER "/payloads/%s", folder);
    if (!image->tree->make_dir(image, volume, name, IMAGE_ACL_INHERIT, err))
        return false;
    snprintf(name, sizeof name, AGENT_FOLDER "/payloads/%s/%s", folder, item.file);
    if (!image->tree->put_file(image, volume, name, file, IMAGE_ACL_INHERIT, err))
        return false;
    snprintf(name, sizeof name, AGENT_FOLDER "/payloads/%s.json", payload_rows[row].name);
    return image->tree->put_file(image, volume, name, record, IMAGE_ACL_INHERIT, err);
}

static bool put_profile(struct inject *inject, struct err *err)
{
    return put_json(inject->image,
                    inject->volume,
                    AGENT_FOLDER "/profile.json",
                    profile_to_json(&inject->target->record.spec.guest),
                    err);
}

static bool put_all(struct inject *inject, struct err *err)
{
    struct image_port *image = inject->image;
    struct image_volume *volume = inject->volume;
    struct payloads *payloads = NULL;
    bool ok =
        image->tree->make_dir(image, volume, AGENT_FOLDER, IMAGE_ACL_PRIVATE, err) &&
        image->tree->set_acl(image, volume, AGENT_FOLDER, IMAGE_ACL_PRIVATE, err) &&
        image->tree->make_dir(image, volume, AGENT_FOLDER "/payloads", IMAGE_ACL_INHERIT, err) &&
        put_profile(inject, err);

    if (ok && inject->with_payloads) {
        ok = payloads_open(inject->call->state, &payloads, err);
        for (size_t i = 0; ok && i < PAYLOADS_COUNT; i++)
            ok = put_payload(image, volume, payloads, i, err);
        payloads_free(payloads);
    }
    /* the key last: with it the agent counts as installed */
    return ok && put_key(inject->call, image, volume, inject->keys, err);
}

static bool remove_all(struct inject *inject, struct err *err)
{
    return inject->image->tree->remove(inject->image, inject->volume, AGENT_FOLDER, err);
}

/* Attaches the disk of a VM that is off and works on its Windows volume. */
static bool with_windows(const struct target *target,
                         bool (*work)(struct inject *inject, struct err *err),
                         struct inject *inject,
                         struct err *err)
{
    struct image_disk *disk = NULL;
    bool ok = false;

    inject->target = target;
    if (!image_open_dir(&inject->image, err))
        return false;
    if (inject->image->disk->attach(
            inject->image, target->vm.settings.disk, IMAGE_WRITE, &disk, err)) {
        ok =
            inject->image->disk->volume(inject->image, disk, IMAGE_WINDOWS, &inject->volume, err) &&
            work(inject, err);
        ok = inject->image->disk->detach(inject->image, disk, ok ? err : NULL) && ok;
    }
    image_free(inject->image);
    return ok;
}

bool inject_agent(struct call *call,
                  const struct target *target,
                  const struct key_file *keys,
                  bool with_payloads,
                  struct err *err)
{
    struct inject inject = {.call = call, .keys = keys, .with_payloads = with_payloads};

    return with_windows(target, put_all, &inject, err);
}

bool inject_profile(struct call *call, struct target *target, struct err *err)
{
    struct inject inject = {.call = call};

    if (!target->record.profile_pending)
        return true;
    if (!with_windows(target, put_profile, &inject, err))
        return false;
    target->record.profile_pending = false;
    return store_save(call->store, &target->record, err);
}

bool inject_remove(struct call *call, const struct target *target, struct err *err)
{
    struct inject inject = {.call = call};

    return with_windows(target, remove_all, &inject, err);
}
