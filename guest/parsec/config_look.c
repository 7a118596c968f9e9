/* Parsec's configuration files compared with the profile. */
#include "guest/parsec/config_place.h"

#include "guest/parsec/strategy.h"

#include <string.h>

static const struct config_place_row rows[CONFIG_PLACES] = {
    [CONFIG_SHARED_TEXT] = {ROOT_PARSEC_SHARED, "config.txt", CONFIG_TEXT},
    [CONFIG_SHARED_JSON] = {ROOT_PARSEC_SHARED, "config.json", CONFIG_JSON},
    [CONFIG_USER_TEXT] = {ROOT_PARSEC_USER, "config.txt", CONFIG_TEXT},
    [CONFIG_USER_JSON] = {ROOT_PARSEC_USER, "config.json", CONFIG_JSON},
};

/* The lines by which Parsec gives the monitor: plans without the feature lose them. */
static const char *const monitor_keys[] = {"host_virtual_monitors", "host_privacy_mode"};

const struct config_place_row *config_place_row(enum config_place place)
{
    return &rows[place];
}

bool config_in_scope(const struct profile *profile, enum config_place place)
{
    if (profile->parsec.scope == PROFILE_SCOPE_SHARED)
        return rows[place].root == ROOT_PARSEC_SHARED;
    if (profile->parsec.scope == PROFILE_SCOPE_USER)
        return rows[place].root == ROOT_PARSEC_USER;
    return true;
}

bool config_read_place(struct files_port *files,
                       enum config_place place,
                       struct buf *out,
                       bool *ret_exists,
                       struct err *err)
{
    const struct config_place_row *row = &rows[place];
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!files->ops->stat(files, row->root, row->name, &stat, err))
        return false;
    if (stat.kind == FS_MISSING) {
        *ret_exists = false;
        return true;
    }
    if (stat.kind != FS_FILE)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, row->name, NULL);
    if (!files->ops->read(files, row->root, row->name, 0, CONFIG_MAX_BYTES + 1, out, err))
        return false;
    if (out->len > CONFIG_MAX_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PARSEC_CONFIG_TOO_LARGE, NULL);
    *ret_exists = true;
    return true;
}

static bool has_config(struct files_port *files, enum file_root root)
{
    struct fs_stat stat;
    int place;

    for (place = 0; place < CONFIG_PLACES; place++) {
        stat.kind = FS_MISSING;
        if (rows[place].root == root &&
            files->ops->stat(files, root, rows[place].name, &stat, NULL) && stat.kind == FS_FILE)
            return true;
    }
    return false;
}

bool config_live_root(struct machine *machine,
                      const struct profile *profile,
                      const struct parsec_log *log,
                      enum file_root *ret_root,
                      struct err *err)
{
    struct service_status service;

    if (profile->parsec.scope != PROFILE_SCOPE_ANY) {
        *ret_root =
            profile->parsec.scope == PROFILE_SCOPE_USER ? ROOT_PARSEC_USER : ROOT_PARSEC_SHARED;
        return true;
    }
    if (parsec_log_root(log, ret_root))
        return true;
    if (has_config(machine->files, ROOT_PARSEC_SHARED)) {
        *ret_root = ROOT_PARSEC_SHARED;
    } else if (has_config(machine->files, ROOT_PARSEC_USER)) {
        *ret_root = ROOT_PARSEC_USER;
    } else {
        if (!machine->services->ops->query(machine->services, PARSEC_SERVICE, &service, err))
            return false;
        *ret_root = service.state == SERVICE_STATE_ABSENT ? ROOT_PARSEC_USER : ROOT_PARSEC_SHARED;
    }
    return true;
}

void config_wanted_now(const struct profile *profile,
                       const struct parsec_state *state,
                       struct config_lines *ret_lines)
{
    size_t i;

    config_wanted(profile, strategy_active(profile, state), ret_lines);
    for (i = 0; i < state->before.count; i++) {
        const struct config_line *line = &state->before.items[i];

        if (!config_lines_find(ret_lines, line->key))
            config_lines_set(ret_lines, line->key, line->absent ? NULL : line->value);
    }
}

/* Compares one file. An error of a place that Parsec does not use only takes it out of the targets:
 * there may be no user, or somebody planted something there. */
static bool compare_file(struct files_port *files,
                         enum config_place place,
                         const struct config_lines *lines,
                         bool live,
                         struct config_file *file,
                         struct err *err)
{
    struct err why = ERR_INIT;
    struct buf data;
    bool ok = true;

    buf_init(&data, CONFIG_MAX_BYTES + 1);
    if (!config_read_place(files, place, &data, &file->exists, &why)) {
        ok = !live;
        goto out;
    }
    file->target = file->exists;
    if (file->exists &&
        !config_merge(
            rows[place].format, data.data, data.len, lines, NULL, &file->diff, &file->broken))
        file->diff.count = 0;

out:
    if (!ok && err)
        *err = why;
    buf_done(&data);
    return ok;
}

static uint32_t hash_text(uint32_t hash, const char *text)
{
    do {
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    } while (*text++);
    return hash;
}

/* Adds what one file differs in to the sum of the view. */
static void add_file(struct config_view *view, enum config_place place)
{
    const struct config_file *file = &view->files[place];
    uint32_t hash = view->fingerprint ? view->fingerprint : 2166136261u;
    size_t i;

    if (!file->target ||
        (!err_is_set(&file->broken) && file->diff.count == 0 && !file->diff.encoding))
        return;
    hash = hash_text(hash, rows[place].name) + (uint32_t)place;
    if (err_is_set(&file->broken)) {
        view->broken = rows[place].name;
        hash = hash_text(hash, "broken");
        view->differences++;
    }
    if (file->diff.encoding)
        view->differences++;
    for (i = 0; i < file->diff.count; i++) {
        const struct config_change *change = &file->diff.items[i];

        hash = hash_text(hash_text(hash_text(hash, change->key), change->found), change->wanted);
        view->differences++;
        if (!view->first_key[0])
            text_copy(view->first_key, sizeof view->first_key, change->key);
    }
    view->fingerprint = hash ? hash : 1;
}

bool config_compare(struct machine *machine,
                    const struct profile *profile,
                    const struct parsec_log *log,
                    const struct config_lines *lines,
                    struct config_view *ret_view,
                    struct err *err)
{
    enum config_place made;
    int place;

    memset(ret_view, 0, sizeof *ret_view);
    ret_view->wanted = *lines;
    if (!config_live_root(machine, profile, log, &ret_view->live, err))
        return false;
    for (place = 0; place < CONFIG_PLACES; place++) {
        if (config_in_scope(profile, (enum config_place)place) &&
            !compare_file(machine->files,
                          (enum config_place)place,
                          lines,
                          rows[place].root == ret_view->live,
                          &ret_view->files[place],
                          err))
            return err_context(err, TEXT_FILE_READING, rows[place].name);
    }
    made = ret_view->live == ROOT_PARSEC_USER ? CONFIG_USER_TEXT : CONFIG_SHARED_TEXT;
    if (!ret_view->files[made].exists && !ret_view->files[made + 1].exists) {
        ret_view->files[made].target = true;
        if (!config_merge(CONFIG_TEXT, NULL, 0, lines, NULL, &ret_view->files[made].diff, err))
            return false;
    }
    for (place = 0; place < CONFIG_PLACES; place++)
        add_file(ret_view, (enum config_place)place);
    return true;
}

/* True when a line that the agent wrote, and still wants, was changed or taken out since. */
static bool was_removed(const struct config_file *file, const struct config_lines *applied)
{
    size_t i, k;

    for (i = 0; i < file->diff.count; i++) {
        const struct config_change *change = &file->diff.items[i];

        for (k = 0; k < sizeof monitor_keys / sizeof monitor_keys[0]; k++) {
            const struct config_line *line = config_lines_find(applied, monitor_keys[k]);

            if (line && strcmp(change->key, line->key) == 0 &&
                config_value_equal(line->key, change->wanted, line->value))
                return true;
        }
    }
    return false;
}

bool config_look(struct machine *machine,
                 const struct profile *profile,
                 const struct parsec_log *log,
                 struct parsec_state *state,
                 bool *ret_state_changed,
                 struct config_view *ret_view,
                 struct err *err)
{
    struct config_lines lines;
    bool removed = false;
    int place;

    *ret_state_changed = false;
    config_wanted_now(profile, state, &lines);
    if (!config_compare(machine, profile, log, &lines, ret_view, err))
        return false;
    for (place = 0; place < CONFIG_PLACES; place++) {
        if (rows[place].root == ret_view->live)
            removed = removed || was_removed(&ret_view->files[place], &state->applied);
    }
    if (!removed)
        return true;
    state->applied.count = 0;
    strategy_removed(profile, state, clock_wall_ms(machine->clock));
    *ret_state_changed = true;
    /* the evidence may have changed what is wanted */
    config_wanted_now(profile, state, &lines);
    return config_compare(machine, profile, log, &lines, ret_view, err);
}

bool config_live_value(struct machine *machine,
                       const struct profile *profile,
                       const struct parsec_log *log,
                       const char *key,
                       char *out,
                       size_t size,
                       struct err *err)
{
    enum file_root live;
    bool found = false;
    struct buf data;
    int place;

    out[0] = '\0';
    if (!config_live_root(machine, profile, log, &live, err))
        return false;
    buf_init(&data, CONFIG_MAX_BYTES + 1);
    for (place = 0; place < CONFIG_PLACES && !found; place++) {
        bool exists = false;

        buf_clear(&data);
        if (rows[place].root != live ||
            !config_read_place(machine->files, (enum config_place)place, &data, &exists, NULL) ||
            !exists)
            continue;
        /* a file that cannot be understood says nothing */
        (void)config_read(rows[place].format, data.data, data.len, key, out, size, &found, NULL);
    }
    buf_done(&data);
    return true;
}
