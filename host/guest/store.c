/* The VM store. */
#include "host/guest/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define FILE_BYTES ((size_t)1 << 20)

struct store {
    char folder[FS_PATH_BYTES];
};

static const char *const wanted_names[] = {"off", "running"};

bool store_path(
    const struct store *store, const char *id, const char *file, char *out, struct err *err)
{
    char vms[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    if (!fs_name_is_safe(id))
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NOT_MANAGED, id, NULL);
    return fs_join(vms, store->folder, "vms", err) && fs_join(folder, vms, id, err) &&
           fs_join(out, folder, file, err);
}

bool store_own_path(const struct store *store, const char *file, char *out, struct err *err)
{
    char folder[FS_PATH_BYTES];

    if (!fs_join(out, store->folder, file, err))
        return false;
    text_copy(folder, sizeof folder, out);
    fs_parent(folder);
    return fs_make_dirs(folder, FS_PRIVATE, err);
}

bool store_open(const char *state, struct store **ret_store, struct err *err)
{
    struct store *store = calloc(1, sizeof *store);
    char vms[FS_PATH_BYTES];

    if (!store)
        return err_no_memory(err);
    if (!fs_join(store->folder, state, "store", err) || !fs_join(vms, store->folder, "vms", err) ||
        !fs_make_dirs(vms, FS_PRIVATE, err)) {
        free(store);
        return false;
    }
    *ret_store = store;
    return true;
}

void store_free(struct store *store)
{
    free(store);
}

static bool read_files(struct store_vm *vm, const cJSON *json, struct err *err)
{
    const cJSON *files = NULL, *file;

    if (!json_array(json, "files", &files, err))
        return false;
    cJSON_ArrayForEach(file, files)
    {
        struct store_file *to = &vm->files[vm->file_count];

        if (vm->file_count == STORE_FILES)
            return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(STORE_FILES), NULL);
        if (!json_string_into(file, "path", NULL, to->path, sizeof to->path, err) ||
            !json_bool(file, "folder", &to->folder, err))
            return false;
        vm->file_count++;
    }
    return true;
}

static bool read_vm(struct store_vm *vm, const cJSON *json, struct err *err)
{
    int64_t version = 0;
    int wanted = STORE_WANTED_OFF;
    const cJSON *spec = NULL;

    if (!json_int(json, "version", 1, STORE_VERSION, &version, err) ||
        !json_object(json, "spec", &spec, err))
        return false;
    if (!version || !spec)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, version ? "spec" : "version", NULL);
    spec_init(&vm->spec, "");
    if (!spec_read(&vm->spec, spec, err) || !json_bool(json, "adopted", &vm->adopted, err) ||
        !json_bool(json, "set_up", &vm->set_up, err) ||
        !json_bool(json, "ready", &vm->ready, err) ||
        !json_choice(json, "wanted", wanted_names, 2, &wanted, err) ||
        !json_string_into(json, "gpu", "", vm->gpu, sizeof vm->gpu, err) ||
        !json_string_into(json, "gpu_name", "", vm->gpu_name, sizeof vm->gpu_name, err) ||
        !json_bool(json, "gpu_held_back", &vm->gpu_held_back, err) ||
        !json_string_into(json, "driver_id", "", vm->driver_id, sizeof vm->driver_id, err) ||
        !json_string_into(
            json, "driver_version", "", vm->driver_version, sizeof vm->driver_version, err) ||
        !json_bool(json, "profile_pending", &vm->profile_pending, err) ||
        !read_files(vm, json, err))
        return false;
    vm->wanted = (enum store_wanted)wanted;
    return true;
}

bool store_load(struct store *store, const char *id, struct store_vm *ret_vm, struct err *err)
{
    struct store_vm *vm = calloc(1, sizeof *vm);
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok = false;

    if (!vm)
        return err_no_memory(err);
    if (!store_path(store, id, "vm.json", path, &why))
        goto out;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            err_set(&why, ERR_NOT_FOUND, TEXT_HOST_NOT_MANAGED, id, NULL);
        goto out;
    }
    text_copy(vm->id, sizeof vm->id, id);
    ok = read_vm(vm, json, &why);

out:
    if (ok) {
        *ret_vm = *vm;
    } else {
        if (why.kind != ERR_NOT_FOUND) {
            err_context(&why, TEXT_FILE_READING, path);
            err_hint(&why, TEXT_HOST_RECORD_BROKEN_HINT);
        }
        if (err)
            *err = why;
    }
    cJSON_Delete(json);
    free(vm);
    return ok;
}

static cJSON *vm_to_json(const struct store_vm *vm)
{
    cJSON *json = cJSON_CreateObject(), *spec = spec_to_json(&vm->spec), *files = NULL;
    bool ok = json_add_int(json, "version", STORE_VERSION) &&
              cJSON_AddStringToObject(json, "id", vm->id) &&
              cJSON_AddBoolToObject(json, "adopted", vm->adopted) &&
              cJSON_AddBoolToObject(json, "set_up", vm->set_up) &&
              cJSON_AddBoolToObject(json, "ready", vm->ready) &&
              cJSON_AddStringToObject(json, "wanted", wanted_names[vm->wanted]) &&
              cJSON_AddStringToObject(json, "gpu", vm->gpu) &&
              cJSON_AddStringToObject(json, "gpu_name", vm->gpu_name) &&
              cJSON_AddBoolToObject(json, "gpu_held_back", vm->gpu_held_back) &&
              cJSON_AddStringToObject(json, "driver_id", vm->driver_id) &&
              cJSON_AddStringToObject(json, "driver_version", vm->driver_version) &&
              cJSON_AddBoolToObject(json, "profile_pending", vm->profile_pending) &&
              (files = cJSON_AddArrayToObject(json, "files")) != NULL;

    for (size_t i = 0; ok && i < vm->file_count; i++) {
        cJSON *file = cJSON_CreateObject();

        ok = cJSON_AddItemToArray(files, file) &&
             cJSON_AddStringToObject(file, "path", vm->files[i].path) &&
             cJSON_AddBoolToObject(file, "folder", vm->files[i].folder);
    }
    if (!ok || !cJSON_AddItemToObject(json, "spec", spec)) {
        cJSON_Delete(spec);
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

/* Writes json as the VM's file and frees it. */
static bool
save(struct store *store, const char *id, const char *file, cJSON *json, struct err *err)
{
    char path[FS_PATH_BYTES], folder[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, FILE_BYTES);
    ok = json && json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && store_path(store, id, file, path, err);
    if (ok) {
        text_copy(folder, sizeof folder, path);
        folder[strlen(folder) - strlen(file) - 1] = 0;
    }
    ok = ok && fs_make_dirs(folder, FS_PRIVATE, err) &&
         fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

bool store_save(struct store *store, const struct store_vm *vm, struct err *err)
{
    return save(store, vm->id, "vm.json", vm_to_json(vm), err);
}

bool store_remove(struct store *store, const char *id, struct err *err)
{
    char folder[FS_PATH_BYTES], record[FS_PATH_BYTES];

    /* the record first: half a folder must not look like a VM */
    if (!store_path(store, id, "vm.json", record, err) || !fs_remove(record, err))
        return false;
    text_copy(folder, sizeof folder, record);
    folder[strlen(folder) - strlen("/vm.json")] = 0;
    return fs_remove_tree(folder, err);
}

bool store_vm_add_file(struct store_vm *vm, const char *path, bool folder, struct err *err)
{
    for (size_t i = 0; i < vm->file_count; i++)
        if (!strcmp(vm->files[i].path, path))
            return true;
    if (vm->file_count == STORE_FILES)
        return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(STORE_FILES), NULL);
    text_copy(vm->files[vm->file_count].path, FS_PATH_BYTES, path);
    vm->files[vm->file_count++].folder = folder;
    return true;
}

struct listing {
    struct store *store;
    struct store_entry *entries;
    size_t count, room;
    bool failed;
};

static bool list_one(const char *name, enum fs_kind kind, void *user)
{
    struct listing *listing = user;
    struct store_entry *entry;

    if (kind != FS_FOLDER || !fs_name_is_safe(name) || strlen(name) >= VM_ID_BYTES)
        return true;
    if (listing->count == listing->room) {
        size_t room = listing->room ? listing->room * 2 : 8;
        struct store_entry *entries = realloc(listing->entries, room * sizeof *entries);

        if (entries)
            listing->entries = entries;
        if (!entries || room > VMS_MAX) {
            listing->failed = true;
            return false;
        }
        listing->room = room;
    }
    entry = &listing->entries[listing->count];
    memset(entry, 0, sizeof *entry);
    text_copy(entry->id, sizeof entry->id, name);
    entry->readable = store_load(listing->store, name, &entry->vm, &entry->why);
    /* a folder without a record: a lock, or what an interrupted removal left */
    if (entry->readable || entry->why.kind != ERR_NOT_FOUND)
        listing->count++;
    return true;
}

bool store_list(struct store *store,
                struct store_entry **ret_entries,
                size_t *ret_count,
                struct err *err)
{
    struct listing listing = {.store = store};
    char vms[FS_PATH_BYTES];
    bool ok = fs_join(vms, store->folder, "vms", err) && fs_list(vms, list_one, &listing, err);

    if (ok && listing.failed)
        ok = err_no_memory(err);
    if (!ok) {
        free(listing.entries);
        return false;
    }
    *ret_entries = listing.entries;
    *ret_count = listing.count;
    return true;
}

bool store_health_load(struct store *store,
                       const char *id,
                       struct health *ret_health,
                       struct err *err)
{
    char path[FS_PATH_BYTES];
    cJSON *json = NULL;
    bool ok;

    if (!store_path(store, id, "health.json", path, err) ||
        !json_read_file(path, &json_limits_file, &json, err))
        return false;
    ok = health_from_json(json, ret_health, err) || err_context(err, TEXT_FILE_READING, path);
    cJSON_Delete(json);
    return ok;
}

bool store_health_save(struct store *store,
                       const char *id,
                       const struct health *health,
                       struct err *err)
{
    return save(store, id, "health.json", health_to_json(health), err);
}

static bool lock_at(const char *path, const char *name, struct fs_lock **ret_lock, struct err *err)
{
    struct err why = ERR_INIT;

    if (fs_lock(path, STORE_LOCK_MS, ret_lock, &why))
        return true;
    if (why.kind == ERR_BUSY) {
        err_set(err, ERR_BUSY, TEXT_HOST_VM_BUSY, name, NULL);
        return err_hint(err, TEXT_HOST_VM_BUSY_HINT);
    }
    if (err)
        *err = why;
    return false;
}

static bool lock_named(struct store *store,
                       const char *kind,
                       const char *key,
                       const char *name,
                       struct fs_lock **ret_lock,
                       struct err *err)
{
    char file[64], path[FS_PATH_BYTES];

    /* locks outlive what they guard: a removed lock file would be held by nobody and somebody */
    snprintf(file,
             sizeof file,
             "locks/%s-%016llx",
             kind,
             (unsigned long long)XXH64(key, strlen(key), 0));
    return store_own_path(store, file, path, err) && lock_at(path, name, ret_lock, err);
}

bool store_lock_vm(struct store *store,
                   const char *id,
                   const char *name,
                   struct fs_lock **ret_lock,
                   struct err *err)
{
    return lock_named(store, "vm", id, name, ret_lock, err);
}

bool store_lock_name(struct store *store,
                     const char *name,
                     struct fs_lock **ret_lock,
                     struct err *err)
{
    char key[VM_NAME_BYTES];

    text_copy(key, sizeof key, name);
    for (char *c = key; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return lock_named(store, "name", key, name, ret_lock, err);
}
