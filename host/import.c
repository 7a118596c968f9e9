/* Parameters of a script as a VM spec: one row for each. */
#include "host/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GB             ((int64_t)1 << 30)
#define MB             ((int64_t)1 << 20)
#define FOREIGN_SWITCH "Default Switch" /* gpupv finds it by its id, whatever its name here */
#define FOREIGN_GPU    "AUTO"
#define WHOLE_PERCENT  100
#define DISK_SUFFIX    ".vhdx"

struct work {
    struct import *import;
    char folder[FS_PATH_BYTES]; /* of the disk */
};

struct row {
    const char *key;
    /* False with the reason when the value is not used. */
    bool (*take)(struct work *work,
                 const struct row *row,
                 const struct script_entry *entry,
                 struct err *err);
    const char *section, *field; /* of the spec */
    enum text_id why;            /* for rows whose take refuses by a fixed reason */
};

static bool refuse(enum text_id why, const struct script_entry *entry, struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, why, entry->text, NULL);
}

static bool is(const struct script_entry *entry, const char *word)
{
    const char *text = entry->text;

    for (; *text && *word; text++, word++)
        if ((*text | 0x20) != (*word | 0x20))
            return false;
    return *text == *word;
}

/* True, "true" and 1 are what people write. */
static bool is_on(const struct script_entry *entry)
{
    return is(entry, "true") || is(entry, "$true") || is(entry, "1");
}

static bool is_off(const struct script_entry *entry)
{
    return is(entry, "false") || is(entry, "$false") || is(entry, "0") || !*entry->text;
}

/* Reads {section: {field: value}} into the spec, so that its own limits hold. Takes value. */
static bool set(struct work *work, const struct row *row, cJSON *value, struct err *err)
{
    cJSON *json = cJSON_CreateObject(), *part = json;
    bool ok;

    if (row->section)
        part = cJSON_AddObjectToObject(json, row->section);
    if (!value || !cJSON_AddItemToObject(part, row->field, value)) {
        cJSON_Delete(value);
        cJSON_Delete(json);
        return err_no_memory(err);
    }
    ok = spec_read(&work->import->spec, json, err);
    cJSON_Delete(json);
    return ok;
}

static bool is_literal(const struct script_entry *entry, struct err *err)
{
    return entry->kind != SCRIPT_EXPRESSION || refuse(TEXT_SETUP_IMPORT_EXPRESSION, entry, err);
}

static bool take_text(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    if (!is_literal(entry, err))
        return false;
    return !*entry->text || set(work, row, cJSON_CreateString(entry->text), err);
}

static bool take_number(struct work *work,
                        const struct row *row,
                        const struct script_entry *entry,
                        struct err *err)
{
    if (entry->kind != SCRIPT_NUMBER)
        return refuse(TEXT_SETUP_IMPORT_NUMBER, entry, err);
    return set(work, row, cJSON_CreateNumber((double)entry->number), err);
}

/* Bytes as whole units, rounded up: nobody gets less than he asked for. */
static bool take_size(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      int64_t unit,
                      struct err *err)
{
    int64_t units;

    if (entry->kind != SCRIPT_NUMBER)
        return refuse(TEXT_SETUP_IMPORT_NUMBER, entry, err);
    units = entry->number / unit + (entry->number % unit != 0);
    return set(work, row, cJSON_CreateNumber((double)units), err);
}

static bool take_disk_size(struct work *work,
                           const struct row *row,
                           const struct script_entry *entry,
                           struct err *err)
{
    return take_size(work, row, entry, GB, err);
}

static bool take_memory(struct work *work,
                        const struct row *row,
                        const struct script_entry *entry,
                        struct err *err)
{
    return take_size(work, row, entry, MB, err);
}

static bool take_name(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    struct spec *spec = &work->import->spec;
    char before[VM_NAME_BYTES];

    text_copy(before, sizeof before, spec->name);
    if (take_text(work, row, entry, err) && spec_check(spec, err))
        return true;
    text_copy(spec->name, sizeof spec->name, before);
    return false;
}

static bool take_user(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    return is_literal(entry, err) && account_check_user(entry->text, err) &&
           take_text(work, row, entry, err);
}

static bool take_flag(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    if (!is_on(entry) && !is_off(entry))
        return refuse(TEXT_SETUP_IMPORT_FLAG, entry, err);
    return set(work, row, cJSON_CreateBool(is_on(entry)), err);
}

static bool take_switch(struct work *work,
                        const struct row *row,
                        const struct script_entry *entry,
                        struct err *err)
{
    return is(entry, FOREIGN_SWITCH) || take_text(work, row, entry, err);
}

static bool take_gpu(struct work *work,
                     const struct row *row,
                     const struct script_entry *entry,
                     struct err *err)
{
    return is(entry, FOREIGN_GPU) || take_text(work, row, entry, err);
}

static bool take_folder(struct work *work,
                        const struct row *row,
                        const struct script_entry *entry,
                        struct err *err)
{
    (void)row;
    if (!is_literal(entry, err))
        return false;
    text_copy(work->folder, sizeof work->folder, entry->text);
    return true;
}

/* A word that says what gpupv does anyway, or else is refused. */
static bool take_vhdx(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    (void)work;
    return is(entry, "VHDX") || is(entry, "AUTO") || refuse(row->why, entry, err);
}

static bool take_uefi(struct work *work,
                      const struct row *row,
                      const struct script_entry *entry,
                      struct err *err)
{
    (void)work;
    return is(entry, "UEFI") || refuse(row->why, entry, err);
}

static bool take_whole(struct work *work,
                       const struct row *row,
                       const struct script_entry *entry,
                       struct err *err)
{
    (void)work;
    return (entry->kind == SCRIPT_NUMBER && entry->number == WHOLE_PERCENT) ||
           refuse(row->why, entry, err);
}

static bool
take_on(struct work *work, const struct row *row, const struct script_entry *entry, struct err *err)
{
    (void)work;
    return is_on(entry) || refuse(row->why, entry, err);
}

static bool take_off(struct work *work,
                     const struct row *row,
                     const struct script_entry *entry,
                     struct err *err)
{
    (void)work;
    return is_off(entry) || refuse(row->why, entry, err);
}

/* Never repeated, not even in an error. */
static bool take_secret(struct work *work,
                        const struct row *row,
                        const struct script_entry *entry,
                        struct err *err)
{
    (void)work;
    return !*entry->text || err_set(err, ERR_UNSUPPORTED, row->why, NULL);
}

static bool take_never(struct work *work,
                       const struct row *row,
                       const struct script_entry *entry,
                       struct err *err)
{
    (void)work;
    return !*entry->text || refuse(row->why, entry, err);
}

static const struct row rows[] = {
    {"VMName", take_name, NULL, "name", TEXT_NONE},
    {"SourcePath", take_text, NULL, "iso", TEXT_NONE},
    {"Edition", take_text, NULL, "edition", TEXT_NONE},
    {"VhdFormat", take_vhdx, NULL, NULL, TEXT_SETUP_IMPORT_VHDX},
    {"DiskLayout", take_uefi, NULL, NULL, TEXT_SETUP_IMPORT_UEFI},
    {"SizeBytes", take_disk_size, "disk", "size_gb", TEXT_NONE},
    {"MemoryAmount", take_memory, NULL, "memory_mb", TEXT_NONE},
    {"CPUCores", take_number, NULL, "cpus", TEXT_NONE},
    {"NetworkSwitch", take_switch, NULL, "switch", TEXT_NONE},
    {"VHDPath", take_folder, "disk", "path", TEXT_NONE},
    {"UnattendPath", take_never, NULL, NULL, TEXT_SETUP_IMPORT_UNATTEND},
    {"GPUName", take_gpu, "gpu", "select", TEXT_NONE},
    {"GPUResourceAllocationPercentage", take_whole, NULL, NULL, TEXT_SETUP_IMPORT_SHARE},
    {"Team_ID", take_secret, NULL, NULL, TEXT_SETUP_IMPORT_TEAM},
    {"Key", take_secret, NULL, NULL, TEXT_SETUP_IMPORT_TEAM},
    {"Username", take_user, "account", "user", TEXT_NONE},
    {"Password", take_secret, NULL, NULL, TEXT_SETUP_IMPORT_PASSWORD},
    {"Autologon", take_flag, "account", "autologon", TEXT_NONE},
    {"Language", take_text, NULL, "locale", TEXT_NONE},
    {"Timezone", take_text, NULL, "time_zone", TEXT_NONE},
    {"Parsec", take_on, NULL, NULL, TEXT_SETUP_IMPORT_PARSEC},
    {"ParsecVDA", take_on, NULL, NULL, TEXT_SETUP_IMPORT_PARSEC},
    {"Sunshine", take_off, NULL, NULL, TEXT_SETUP_IMPORT_SUNSHINE},
    {"VirtualDisplayDriver", take_off, NULL, NULL, TEXT_SETUP_IMPORT_SUNSHINE},
};

/* PowerShell does not care about case. */
static const struct row *find_row(const char *key)
{
    struct script_entry entry = {.line = 0};

    text_copy(entry.text, sizeof entry.text, key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is(&entry, rows[i].key))
            return &rows[i];
    return NULL;
}

static void
add_unused(struct import *import, const struct script_entry *entry, const struct err *why)
{
    struct import_unused *unused = &import->unused[import->unused_count++];

    text_copy(unused->key, sizeof unused->key, entry->key);
    unused->line = entry->line;
    unused->why = *why;
}

/* The first of a name counts; PowerShell refuses the second. */
static bool is_repeated(const struct script *script, size_t index)
{
    const struct row *row = find_row(script->entries[index].key);

    for (size_t i = 0; row && i < index; i++)
        if (find_row(script->entries[i].key) == row)
            return true;
    return false;
}

/* <folder>\<name>.vhdx, as the script makes it. */
static bool set_disk(struct work *work, const struct row *row, struct err *err)
{
    struct spec *spec = &work->import->spec;
    size_t length = strlen(work->folder);
    const char *separator = strchr(work->folder, '/') ? "/" : "\\";
    char path[FS_PATH_BYTES + VM_NAME_BYTES + sizeof DISK_SUFFIX];

    if (!length)
        return true;
    if (strchr("/\\", work->folder[length - 1]))
        separator = "";
    snprintf(path, sizeof path, "%s%s%s" DISK_SUFFIX, work->folder, separator, spec->name);
    return set(work, row, cJSON_CreateString(path), err);
}

void import_script(const struct script *script, struct import *ret_import)
{
    struct work work = {.import = ret_import};
    const struct script_entry *folder = NULL;
    struct err err = ERR_INIT;

    memset(ret_import, 0, sizeof *ret_import);
    spec_init(&ret_import->spec, "GPUPV");
    for (size_t i = 0; i < script->count; i++) {
        const struct script_entry *entry = &script->entries[i];
        const struct row *row = find_row(entry->key);
        bool used;

        err_clear(&err);
        if (!row)
            used = err_set(&err, ERR_UNSUPPORTED, TEXT_SETUP_IMPORT_UNKNOWN, NULL);
        else if (is_repeated(script, i))
            used = err_set(&err, ERR_BAD_INPUT, TEXT_SETUP_IMPORT_TWICE, NULL);
        else
            used = row->take(&work, row, entry, &err);
        if (!used)
            add_unused(ret_import, entry, &err);
        else if (row && row->take == take_folder)
            folder = entry;
    }
    account_computer(
        ret_import->spec.name, ret_import->spec.account.user, ret_import->spec.computer_name);
    if (folder && !set_disk(&work, find_row(folder->key), &err))
        add_unused(ret_import, folder, &err);
}
