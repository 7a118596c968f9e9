#include "host/driver/driver_package.h"

#include "host/driver/inf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CACHE_FILE  "files.gpm"
#define CACHE_BYTES ((size_t)32 << 20)
#define ARCHES      "_amd64_"

struct reading {
    struct driver_port *port;
    struct driver_package *package;
    const struct manifest_watch *watch;
    struct manifest cached;
    char work[FS_PATH_BYTES]; /* the cache's folder of this package */
    uint64_t done_bytes;
    struct err *err;
};

void driver_package_free(struct driver_package *package)
{
    if (!package)
        return;
    manifest_done(&package->files);
    free(package->loose);
    free(package);
}

/* The last component of a path. */
static const char *last_of(const char *path)
{
    const char *last = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            last = path + 1;
    return last;
}

/* ---- loose files ---- */

static bool
add_loose(struct driver_package *package, const char *tree, const char *source, struct err *err)
{
    struct driver_loose *more;

    for (size_t i = 0; i < package->loose_count; i++)
        if (manifest_compare(package->loose[i].tree, tree) == 0)
            return true;
    if (package->loose_count == package->loose_cap) {
        size_t cap = package->loose_cap ? package->loose_cap * 2 : 64;

        more = realloc(package->loose, cap * sizeof *more);
        if (!more)
            return err_no_memory(err);
        package->loose = more;
        package->loose_cap = cap;
    }
    more = &package->loose[package->loose_count++];
    text_copy(more->tree, sizeof more->tree, tree);
    text_copy(more->source, sizeof more->source, source);
    return true;
}

bool driver_package_add(struct driver_package *package,
                        enum driver_place place,
                        const char *name,
                        const char *source,
                        struct err *err)
{
    char tree[192];
    struct fs_stat stat;

    if (snprintf(tree, sizeof tree, "%s/%s", driver_place_name(place), name) >= (int)sizeof tree)
        return err_set(err, ERR_UNSAFE, TEXT_DRIVER_PLACE, name, NULL);
    return driver_tree_check(tree, err) && fs_stat(source, &stat, err) &&
           (stat.kind != FS_FILE || add_loose(package, tree, source, err));
}

/* ---- folders ---- */

static bool add_folder(struct driver_package *package, const char *path, struct err *err)
{
    struct driver_folder_of *folder = &package->folders[package->folder_count];

    if (package->folder_count == DRIVER_FOLDERS_MAX)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_DRIVER_MANY_FOLDERS, TEXT_NUM(DRIVER_FOLDERS_MAX), NULL);
    if (!fs_name_is_safe(last_of(path)))
        return err_set(err, ERR_UNSAFE, TEXT_DRIVER_PLACE, path, NULL);
    text_copy(folder->name, sizeof folder->name, last_of(path));
    text_copy(folder->path, sizeof folder->path, path);
    package->folder_count++;
    return true;
}

/* The INF of a package folder: "nv_dispi.inf_amd64_<hash>" holds nv_dispi.inf. */
static bool inf_of(const char *folder, char *out, struct err *err)
{
    const char *name = last_of(folder), *arch = strstr(name, ARCHES);
    char inf[FS_NAME_BYTES];

    snprintf(inf, sizeof inf, "%.*s", arch ? (int)(arch - name) : (int)strlen(name), name);
    return fs_join(out, folder, inf, err);
}

struct search {
    const char *inf, *store, *version;
    char found[FS_PATH_BYTES];
    unsigned count;
};

static bool find_companion(const char *name, enum fs_kind kind, void *user)
{
    struct search *search = user;
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES], stem[FS_NAME_BYTES], version[INF_TEXT_BYTES];
    const char *arch = strstr(name, ARCHES);
    struct inf_file *inf = NULL;

    if (kind != FS_FOLDER || !arch)
        return true;
    snprintf(stem, sizeof stem, "%.*s", (int)(arch - name), name);
    if (!inf_file_same(stem, search->inf) || !fs_join(folder, search->store, name, NULL) ||
        !inf_of(folder, path, NULL) || !inf_file_read(path, &inf, NULL))
        return true;
    inf_file_value(inf, "Version", "DriverVer", 1, version);
    if (!strcmp(version, search->version)) {
        text_copy(search->found, sizeof search->found, folder);
        search->count++;
    }
    inf_file_free(inf);
    return true;
}

/* A companion belongs to the driver when exactly one package of its name has the same version. */
static bool add_companion(struct reading *r, const char *inf)
{
    struct driver_package *package = r->package;
    struct search search = {.inf = inf, .version = package->adapter.version};
    char store[FS_PATH_BYTES];

    if (!r->port->ops->place(r->port, DRIVER_STORE, store, r->err))
        return false;
    search.store = store;
    if (!fs_list(store, find_companion, &search, r->err))
        return false;
    if (search.count != 1) {
        if (!*package->missing)
            text_copy(package->missing, sizeof package->missing, inf);
        return true;
    }
    for (size_t i = 0; i < package->folder_count; i++)
        if (!strcmp(package->folders[i].path, search.found))
            return true;
    return add_folder(package, search.found, r->err);
}

static bool add_companions(struct reading *r, const struct inf_file *inf)
{
    struct inf_line line;
    size_t cursor = 0;
    char name[INF_TEXT_BYTES];

    while (inf_file_next(inf, NULL, &cursor, &line)) {
        if (!inf_file_same(line.key, "CopyINF"))
            continue;
        for (size_t i = 0; i < line.count; i++)
            if (*inf_file_field(inf, &line, i, name) && fs_name_is_safe(name) &&
                !add_companion(r, name))
                return false;
    }
    return true;
}

/* ---- the list ---- */

static bool
digest_of(struct reading *r, const char *tree, const char *source, struct manifest_entry *entry)
{
    const struct manifest_entry *known = manifest_find(&r->cached, tree);

    if (known && r->cached.digest == MANIFEST_XXH3 && known->size_bytes == entry->size_bytes &&
        known->modified_ms == entry->modified_ms) {
        memcpy(entry->digest, known->digest, sizeof entry->digest);
        return true;
    }
    r->package->hashed++;
    return manifest_digest_file(source, MANIFEST_XXH3, entry->digest, r->err);
}

/* entry: size, time and attributes of source. */
static bool add_entry(struct reading *r,
                      const char *tree,
                      const char *source,
                      const struct manifest_entry *found)
{
    struct manifest_entry entry = *found;

    if (r->watch && r->watch->on_file && !r->watch->on_file(tree, r->done_bytes, r->watch->user))
        return err_set(r->err, ERR_CANCELLED, TEXT_CANCELLED, NULL);
    entry.attributes = 0; /* the guest's copy is the agent's, whatever the store says */
    r->done_bytes += entry.size_bytes;
    return driver_tree_check(tree, r->err) && digest_of(r, tree, source, &entry) &&
           manifest_add(&r->package->files, tree, &entry, r->err);
}

static bool add_folder_files(struct reading *r,
                             const struct driver_folder_of *folder,
                             const struct manifest *list)
{
    char tree[MANIFEST_PATH_BYTES], source[FS_PATH_BYTES];

    for (size_t i = 0; i < list->count; i++) {
        const char *path = manifest_path(list, &list->entries[i]);

        if (snprintf(tree,
                     sizeof tree,
                     "%s/%s/%s",
                     driver_place_name(DRIVER_STORE),
                     folder->name,
                     path) >= (int)sizeof tree)
            return err_set(r->err, ERR_UNSAFE, TEXT_MANIFEST_PATH, path, NULL);
        if (!fs_join(source, folder->path, path, r->err) ||
            !add_entry(r, tree, source, &list->entries[i]))
            return false;
    }
    return true;
}

static bool add_loose_files(struct reading *r)
{
    for (size_t i = 0; i < r->package->loose_count; i++) {
        const struct driver_loose *loose = &r->package->loose[i];
        struct manifest_entry entry = {.name_at = 0};
        struct fs_stat stat;

        if (!fs_stat(loose->source, &stat, r->err))
            return false;
        if (stat.kind != FS_FILE)
            return err_set(r->err, ERR_UNSAFE, TEXT_FILE_UNSAFE, loose->source, NULL);
        entry.size_bytes = stat.size_bytes;
        entry.modified_ms = stat.modified_ms;
        if (!add_entry(r, loose->tree, loose->source, &entry))
            return false;
    }
    return true;
}

/* ---- the cache ---- */

static void load_cache(struct reading *r)
{
    char path[FS_PATH_BYTES];
    struct buf data;
    size_t at = 0;
    bool last = false;

    buf_init(&data, CACHE_BYTES);
    if (fs_join(path, r->work, CACHE_FILE, NULL) && fs_read(path, CACHE_BYTES, &data, NULL) &&
        !manifest_read_page(&r->cached, data.data + at, data.len - at, &last, NULL)) {
        manifest_done(&r->cached); /* damaged: made anew */
        r->cached.complete = true;
    }
    buf_done(&data);
}

/* A cache that cannot be written costs time, nothing else. */
static void save_cache(struct reading *r)
{
    char path[FS_PATH_BYTES];
    struct buf data;
    size_t cursor = 0;
    bool last = false;

    if (!r->package->hashed && r->cached.count == r->package->files.count)
        return;
    buf_init(&data, CACHE_BYTES);
    if (manifest_write_page(&r->package->files, &cursor, CACHE_BYTES, &data, &last, NULL) && last &&
        fs_join(path, r->work, CACHE_FILE, NULL))
        fs_write_atomic(path, data.data, data.len, FS_PRIVATE, NULL);
    buf_done(&data);
}

/* Writes gpupv.json unless it is there as it must be, so that its time tells whether it changed. */
static bool write_extra(struct reading *r)
{
    struct driver_package *package = r->package;
    char path[FS_PATH_BYTES];
    struct buf text, old;
    bool ok;

    buf_init(&text, DRIVER_EXTRA_BYTES);
    buf_init(&old, DRIVER_EXTRA_BYTES);
    ok = driver_extra_write(&package->extra, &text, r->err) &&
         fs_join(path, r->work, DRIVER_EXTRA_FILE, r->err);
    if (ok && (!fs_read(path, DRIVER_EXTRA_BYTES, &old, NULL) || old.len != text.len ||
               memcmp(old.data, text.data, text.len) != 0))
        ok = fs_write_atomic(path, text.data, text.len, FS_PRIVATE, r->err);
    ok = ok && add_loose(package, DRIVER_EXTRA_FILE, path, r->err);
    buf_done(&old);
    buf_done(&text);
    return ok;
}

static uint64_t id_of(const struct manifest *files)
{
    XXH64_hash_t id = files->count;

    for (size_t i = 0; i < files->count; i++) {
        const struct manifest_entry *entry = &files->entries[i];
        const char *path = manifest_path(files, entry);
        enum driver_place place = DRIVER_PLACES;
        const char *rest;

        if (driver_tree_split(path, &place, &rest) && place == DRIVER_PROGRAM_DATA)
            continue;
        id = XXH64(path, strlen(path), id);
        id = XXH64(entry->digest, 8, id ^ entry->size_bytes);
    }
    return id;
}

/* ---- reading ---- */

static bool make_list(struct reading *r, const struct inf_file *inf, const struct manifest *lists)
{
    struct driver_package *package = r->package;
    bool ok = lists[0].count > 0 ||
              err_set(r->err, ERR_NOT_FOUND, TEXT_DRIVER_EMPTY, package->name, NULL);

    ok = ok && driver_rules_apply(r->port, package, inf, lists, r->err) && write_extra(r);
    for (size_t i = 0; ok && i < package->folder_count; i++)
        ok = add_folder_files(r, &package->folders[i], &lists[i]);
    return ok && add_loose_files(r) && manifest_complete(&package->files, r->err) &&
           driver_tree_check_all(&package->files, r->err);
}

static bool read_files(struct reading *r, const struct inf_file *inf)
{
    struct driver_package *package = r->package;
    struct manifest *lists = calloc(package->folder_count, sizeof *lists);
    size_t read = 0;
    bool ok = lists || err_no_memory(r->err);

    for (; ok && read < package->folder_count; read += ok)
        ok = manifest_scan(package->folders[read].path, MANIFEST_PLAIN, NULL, &lists[read], r->err);
    ok = ok && make_list(r, inf, lists);
    for (size_t i = 0; i < read; i++)
        manifest_done(&lists[i]);
    free(lists);
    if (!ok)
        return false;
    package->id = id_of(&package->files);
    save_cache(r);
    return true;
}

static bool read_inf(struct reading *r, struct inf_file **ret_inf)
{
    struct driver_package *package = r->package;
    char path[FS_PATH_BYTES], version[INF_TEXT_BYTES];

    if (!inf_of(package->folders[0].path, path, r->err) || !inf_file_read(path, ret_inf, r->err))
        return false;
    /* the INF is what the guest's copy will say; the class key follows it */
    if (*inf_file_value(*ret_inf, "Version", "DriverVer", 1, version) &&
        strlen(version) < sizeof package->adapter.version)
        text_copy(package->adapter.version, sizeof package->adapter.version, version);
    text_copy(package->extra.package, sizeof package->extra.package, package->name);
    text_copy(package->extra.driver, sizeof package->extra.driver, package->adapter.version);
    return true;
}

static bool find_package(struct reading *r)
{
    struct driver_package *package = r->package;
    char folder[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    struct fs_stat stat = {.kind = FS_MISSING};

    if (r->port->ops->package(r->port, package->adapter.inf, folder, &why) &&
        !fs_stat(folder, &stat, &why))
        return false;
    if (stat.kind != FS_FOLDER) {
        err_set(r->err,
                ERR_NOT_FOUND,
                TEXT_DRIVER_NOT_STORED,
                package->adapter.inf,
                package->adapter.name,
                NULL);
        return err_hint(r->err, TEXT_DRIVER_NOT_STORED_HINT);
    }
    text_copy(package->name, sizeof package->name, last_of(folder));
    return add_folder(package, folder, r->err);
}

bool driver_package_read(struct driver_port *port,
                         const char *gpu,
                         const char *cache,
                         const struct manifest_watch *watch,
                         struct driver_package **ret_package,
                         struct err *err)
{
    struct driver_package *package = calloc(1, sizeof *package);
    struct reading reading = {.port = port, .package = package, .watch = watch, .err = err};
    struct inf_file *inf = NULL;
    bool ok;

    if (!package)
        return err_no_memory(err);
    manifest_init(&package->files, MANIFEST_XXH3);
    manifest_init(&reading.cached, MANIFEST_XXH3);
    ok = port->ops->locate(port, gpu, &package->adapter, err) && find_package(&reading) &&
         fs_join(reading.work, cache, package->name, err) &&
         fs_make_dirs(reading.work, FS_PRIVATE, err) && read_inf(&reading, &inf);
    if (ok) {
        load_cache(&reading);
        ok = add_companions(&reading, inf) && read_files(&reading, inf);
    }
    if (!ok)
        err_context(err, TEXT_DRIVER_READING, *package->name ? package->name : gpu);
    inf_file_free(inf);
    manifest_done(&reading.cached);
    if (ok)
        *ret_package = package;
    else
        driver_package_free(package);
    return ok;
}

bool driver_package_source(const struct driver_package *package,
                           const char *tree,
                           char *out,
                           struct err *err)
{
    enum driver_place place = DRIVER_PLACES;
    const char *rest = "";

    if (driver_tree_split(tree, &place, &rest) && place == DRIVER_STORE) {
        for (size_t i = 0; i < package->folder_count; i++) {
            size_t length = strlen(package->folders[i].name);

            if (strncmp(rest, package->folders[i].name, length) == 0 && rest[length] == '/')
                return fs_join(out, package->folders[i].path, rest + length + 1, err);
        }
    }
    for (size_t i = 0; i < package->loose_count; i++)
        if (!strcmp(package->loose[i].tree, tree)) {
            text_copy(out, FS_PATH_BYTES, package->loose[i].source);
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, tree, NULL);
}
