/*
 * What goes beside the package folders. First what the vendor tells Windows itself (the class key's
 * CopyToVm rules), then what the INF copies to System32 and SysWOW64, then what is known of the
 * vendor; the first one to name a destination wins.
 */
#include "host/driver/driver_package.h"
#include "host/driver/driver_vendor.h"
#include "host/driver/inf_file.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NVIDIA_SERVICE_FILE "nvlddmkm.sys"
#define STORE_PART          "\\DriverStore\\"
#define HOST_STORE_PART     "\\HostDriverStore\\"
#define SETTINGS_FOLDER     "NVIDIA Corporation/Drs"

struct rules {
    struct driver_port *port;
    struct driver_package *package;
    const struct inf_file *inf;
    const struct manifest
        *lists;              /* one for each folder of the package; the first is the driver's */
    enum driver_place place; /* while a key's rules are read */
    bool newer, ok;
    struct err *err;
};

/* ---- the class key's rules ---- */

static void put_slashes(char *path)
{
    for (; *path; path++)
        if (*path == '\\')
            *path = '/';
}

static bool note_newer(struct driver_package *package, enum driver_place place, const char *name)
{
    struct driver_extra *extra = &package->extra;
    char tree[sizeof extra->newer[0]];

    if (snprintf(tree, sizeof tree, "%s/%s", driver_place_name(place), name) >= (int)sizeof tree ||
        extra->newer_count == DRIVER_EXTRA_NEWER)
        return false;
    if (!driver_extra_is_newer(extra, tree))
        text_copy(extra->newer[extra->newer_count++], sizeof tree, tree);
    return true;
}

/* "B026261\amfrt64.dll" and, if there is a second string, the name at the destination. A rule that
 * does not make sense is passed by: it is the vendor's own. */
static bool on_rule(const struct driver_key_value *value, void *user)
{
    struct rules *rules = user;
    char source[MANIFEST_PATH_BYTES], name[128] = "", path[FS_PATH_BYTES];
    const char *second = strchr(value->text, '\n'), *base;
    size_t length = second ? (size_t)(second - value->text) : strlen(value->text);

    if (value->type == DRIVER_DWORD || length == 0 || length >= sizeof source)
        return true;
    memcpy(source, value->text, length);
    source[length] = '\0';
    put_slashes(source);
    base = strrchr(source, '/');
    text_copy(name, sizeof name, second ? second + 1 : base ? base + 1 : source);
    name[strcspn(name, "\n")] = '\0';
    if (!manifest_check_path(source, NULL) || !fs_name_is_safe(name) ||
        !manifest_find(&rules->lists[0], source))
        return true;
    rules->ok = fs_join(path, rules->package->folders[0].path, source, rules->err) &&
                driver_package_add(rules->package, rules->place, name, path, rules->err);
    if (rules->ok && rules->newer)
        note_newer(rules->package, rules->place, name);
    return rules->ok;
}

static bool apply_class_rules(struct rules *rules)
{
    static const struct {
        const char *key;
        enum driver_place place;
        bool newer;
    } rows[] = {
        {"CopyToVmOverwrite", DRIVER_SYSTEM32, false},
        {"CopyToVmWhenNewer", DRIVER_SYSTEM32, true},
        {"CopyToVmOverwriteWow64", DRIVER_SYSWOW64, false},
        {"CopyToVmWhenNewerWow64", DRIVER_SYSWOW64, true},
    };
    char key[512];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        driver_class_path(&rules->package->adapter, rows[i].key, key);
        rules->place = rows[i].place;
        rules->newer = rows[i].newer;
        rules->ok = true;
        if (!rules->port->ops->values(rules->port, key, on_rule, rules, rules->err) || !rules->ok)
            return false;
    }
    return true;
}

/* ---- files of the package by name ---- */

/* The file of a folder with this name, the least deep one; NULL when there is none. */
static const char *find_named(const struct manifest *files, const char *name)
{
    const char *best = NULL;

    for (size_t i = 0; i < files->count; i++) {
        const char *path = manifest_path(files, &files->entries[i]);
        const char *base = strrchr(path, '/');

        if (inf_file_same(base ? base + 1 : path, name) && (!best || strlen(path) < strlen(best)))
            best = path;
    }
    return best;
}

/* Adds the file with this name: the driver's own, else a companion's. */
static bool
add_named(struct rules *rules, enum driver_place place, const char *source, const char *name)
{
    const struct driver_package *package = rules->package;
    char path[FS_PATH_BYTES];

    for (size_t i = 0; i < package->folder_count; i++) {
        const char *found = find_named(&rules->lists[i], source);

        if (found)
            return fs_join(path, package->folders[i].path, found, rules->err) &&
                   driver_package_add(
                       rules->package, place, name ? name : source, path, rules->err);
    }
    return true;
}

/* ---- what the INF copies ---- */

/* Directory ids: 11 System32, 16425 SysWOW64, 10 Windows with a folder below it. */
static bool place_of(const char *id, const char *below, enum driver_place *ret_place)
{
    static const struct {
        const char *id, *below;
        enum driver_place place;
    } rows[] = {
        {"11", "", DRIVER_SYSTEM32},
        {"16425", "", DRIVER_SYSWOW64},
        {"10", "System32", DRIVER_SYSTEM32},
        {"10", "SysWOW64", DRIVER_SYSWOW64},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (inf_file_same(rows[i].id, id) && inf_file_same(rows[i].below, below)) {
            *ret_place = rows[i].place;
            return true;
        }
    return false;
}

static bool section_place(const struct rules *rules, const char *section, enum driver_place *ret)
{
    char id[INF_TEXT_BYTES], below[INF_TEXT_BYTES];
    const char *key = section;

    if (!*inf_file_value(rules->inf, "DestinationDirs", section, 0, id))
        key = "DefaultDestDir";
    inf_file_value(rules->inf, "DestinationDirs", key, 0, id);
    inf_file_value(rules->inf, "DestinationDirs", key, 1, below);
    return place_of(id, below, ret);
}

static bool copy_one(struct rules *rules, enum driver_place place, const char *to, const char *from)
{
    return !fs_name_is_safe(to) || !fs_name_is_safe(from) || add_named(rules, place, from, to);
}

static bool copy_section(struct rules *rules, const char *section)
{
    char to[INF_TEXT_BYTES], from[INF_TEXT_BYTES];
    enum driver_place place = DRIVER_PLACES;
    struct inf_line line;
    size_t cursor = 0;

    if (*section == '@')
        return !section_place(rules, "DefaultDestDir", &place) ||
               copy_one(rules, place, section + 1, section + 1);
    if (!section_place(rules, section, &place))
        return true;
    while (inf_file_next(rules->inf, section, &cursor, &line)) {
        inf_file_field(rules->inf, &line, 0, to);
        if (!*inf_file_field(rules->inf, &line, 1, from))
            text_copy(from, sizeof from, to);
        if (!copy_one(rules, place, to, from))
            return false;
    }
    return true;
}

static bool apply_inf(struct rules *rules)
{
    char section[INF_TEXT_BYTES];
    struct inf_line line;
    size_t cursor = 0;

    while (inf_file_next(rules->inf, NULL, &cursor, &line)) {
        if (!inf_file_same(line.key, "CopyFiles"))
            continue;
        for (size_t i = 0; i < line.count; i++)
            if (*inf_file_field(rules->inf, &line, i, section) && !copy_section(rules, section))
                return false;
    }
    return true;
}

/* ---- what is known of the vendor ---- */

static bool apply_vendor(struct rules *rules)
{
    size_t count;
    const struct driver_vendor_row *rows = driver_vendor_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (rows[i].vendor == rules->package->adapter.vendor &&
            !add_named(rules, rows[i].place, rows[i].source, rows[i].name))
            return false;
    return true;
}

struct settings {
    struct rules *rules;
    const char *folder;
};

static bool on_setting(const char *name, enum fs_kind kind, void *user)
{
    struct settings *settings = user;
    struct rules *rules = settings->rules;
    char below[192], path[FS_PATH_BYTES];

    if (kind != FS_FILE || !fs_name_is_safe(name) || strlen(name) > 96)
        return true;
    snprintf(below, sizeof below, SETTINGS_FOLDER "/%s", name);
    rules->ok = fs_join(path, settings->folder, name, rules->err) &&
                driver_package_add(rules->package, DRIVER_PROGRAM_DATA, below, path, rules->err);
    return rules->ok;
}

/* The profiles of games, without which NVIDIA's interface refuses to work. */
static bool add_settings(struct rules *rules)
{
    char data[FS_PATH_BYTES], folder[FS_PATH_BYTES];
    struct settings settings = {rules, folder};

    rules->ok = true;
    return rules->port->ops->place(rules->port, DRIVER_PROGRAM_DATA, data, rules->err) &&
           fs_join(folder, data, SETTINGS_FOLDER, rules->err) &&
           fs_list(folder, on_setting, &settings, rules->err) && rules->ok;
}

/* ---- registry ---- */

static struct driver_value *new_value(struct driver_package *package)
{
    struct driver_extra *extra = &package->extra;

    return extra->value_count < DRIVER_EXTRA_VALUES ? &extra->values[extra->value_count++] : NULL;
}

/* The values that let Windows know the service; the rest of its key belongs to the host. */
static bool on_service_value(const struct driver_key_value *from, void *user)
{
    static const char wanted[] = "Type|Start|ErrorControl|Group";
    struct rules *rules = user;
    struct driver_value *value;

    if (!text_is_listed(wanted, from->name) || strlen(from->text) >= DRIVER_TEXT_BYTES ||
        (value = new_value(rules->package)) == NULL)
        return true;
    value->key = DRIVER_KEY_SERVICE;
    value->type = from->type;
    value->number = from->number;
    text_copy(value->name, sizeof value->name, from->name);
    text_copy(value->text, sizeof value->text, from->text);
    return true;
}

static bool add_service(struct rules *rules)
{
    struct driver_package *package = rules->package;
    const char *file = find_named(&rules->lists[0], NVIDIA_SERVICE_FILE);
    size_t before = package->extra.value_count;
    struct driver_value *image;

    if (!file)
        return true;
    if (!rules->port->ops->values(
            rules->port, DRIVER_SERVICE_KEY, on_service_value, rules, rules->err))
        return false;
    if (package->extra.value_count == before || (image = new_value(package)) == NULL)
        return true; /* a host without the service has nothing to give */
    image->key = DRIVER_KEY_SERVICE;
    image->type = DRIVER_EXPAND;
    text_copy(image->name, sizeof image->name, "ImagePath");
    snprintf(image->text, sizeof image->text, DRIVER_STORE_ROOT "%s\\%s", package->name, file);
    for (char *at = image->text; *at; at++)
        if (*at == '/')
            *at = '\\';
    return true;
}

/* Paths of the driver store as the guest sees them; false when they do not fit. */
static bool rewrite(const char *from, char *out, size_t size)
{
    size_t used = 0, part = strlen(STORE_PART);

    while (*from) {
        size_t i = 0, length = 1;
        const char *put = from;

        while (i < part && tolower((unsigned char)from[i]) == tolower((unsigned char)STORE_PART[i]))
            i++;
        if (i == part) {
            put = HOST_STORE_PART;
            length = strlen(HOST_STORE_PART);
        }
        if (used + length >= size)
            return false;
        memcpy(out + used, put, length);
        used += length;
        from += i == part ? part : 1;
    }
    out[used] = '\0';
    return true;
}

static bool on_adapter_value(const struct driver_key_value *from, void *user)
{
    struct rules *rules = user;
    char text[DRIVER_TEXT_BYTES];
    struct driver_value *value;
    size_t i = 0;

    while (driver_vendor_values[i] && !inf_file_same(driver_vendor_values[i], from->name))
        i++;
    if (!driver_vendor_values[i] || from->type == DRIVER_DWORD ||
        !rewrite(from->text, text, sizeof text) || (value = new_value(rules->package)) == NULL)
        return true;
    value->key = DRIVER_KEY_ADAPTER;
    value->type = from->type;
    text_copy(value->name, sizeof value->name, driver_vendor_values[i]);
    text_copy(value->text, sizeof value->text, text);
    return true;
}

static bool add_adapter_values(struct rules *rules)
{
    char key[512];

    driver_class_path(&rules->package->adapter, NULL, key);
    return rules->port->ops->values(rules->port, key, on_adapter_value, rules, rules->err);
}

/* ---- by vendor ---- */

/* NVIDIA's loader of NGX looks for the package where the host has it. */
static bool add_link(struct rules *rules)
{
    struct driver_extra *extra = &rules->package->extra;

    text_copy(extra->links[extra->link_count++], FS_NAME_BYTES, rules->package->name);
    return true;
}

bool driver_rules_apply(struct driver_port *port,
                        struct driver_package *package,
                        const struct inf_file *inf,
                        const struct manifest *lists,
                        struct err *err)
{
    struct rules rules = {
        .port = port, .package = package, .inf = inf, .lists = lists, .ok = true, .err = err};

    if (!apply_class_rules(&rules) || !apply_inf(&rules) || !apply_vendor(&rules))
        return false;
    if (package->adapter.vendor == DRIVER_VENDOR_NVIDIA)
        return add_settings(&rules) && add_service(&rules) && add_link(&rules);
    return package->adapter.vendor != DRIVER_VENDOR_INTEL || add_adapter_values(&rules);
}
