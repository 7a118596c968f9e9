/* Leftovers of Easy-GPU-PV. */
#include "guest/legacy.h"

#include <stdlib.h>
#include <string.h>

#define SCRIPT_MAX    ((size_t)256 * 1024) /* the real ones have a few KiB */
#define SCRIPT        "Install.ps1"
#define POLICY        "gpt.ini"
#define VERSION_KEY   "Version="
#define BOTH_VERSIONS 65537u /* one up for the user (upper 16 bits) and for the machine */

const char *const legacy_tasks[] = {
    "Monitor Parsec VDD State",
    "Install VB Cable",
    "Install Parsec Virtual Display Driver",
    "Install ParsecVDA",
    "Install VirtualDisplayDriver",
    "Install VirtualDisplayDriverHDR",
    "DisableOneDriveAutostart",
    NULL,
};

/* The places in the local group policy, and the copies' names. */
struct script_place {
    const char *script, *script_copy;
    const char *list, *list_copy;
};

static const struct script_place places[] = {
    {"User/Scripts/Logon/" SCRIPT,
     "user-Install.ps1",
     "User/Scripts/psscripts.ini",
     "user-psscripts.ini"},
    {"Machine/Scripts/Startup/" SCRIPT,
     "machine-Install.ps1",
     "Machine/Scripts/psscripts.ini",
     "machine-psscripts.ini"},
};

#define PLACES (sizeof places / sizeof places[0])

bool legacy_count_tasks(struct tasks_port *tasks,
                        unsigned *ret_count,
                        char *ret_first,
                        struct err *err)
{
    unsigned count = 0;
    size_t i;

    ret_first[0] = '\0';
    for (i = 0; legacy_tasks[i]; i++) {
        struct task task;

        if (!tasks->ops->query(tasks, legacy_tasks[i], &task, err))
            return false;
        if (!task.present || !task.enabled)
            continue;
        if (count++ == 0)
            text_copy(ret_first, TASK_NAME_BYTES, legacy_tasks[i]);
    }
    *ret_count = count;
    return true;
}

/* ---- files ---- */

/* Appends a file of the policy; a missing one is true with *ret_exists false. */
static bool read_policy(
    struct files_port *files, const char *name, struct buf *out, bool *ret_exists, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!files->ops->stat(files, ROOT_GROUP_POLICY, name, &stat, err))
        return false;
    *ret_exists = stat.kind == FS_FILE && stat.size_bytes <= SCRIPT_MAX;
    return !*ret_exists ||
           files->ops->read(files, ROOT_GROUP_POLICY, name, 0, SCRIPT_MAX, out, err);
}

static bool is_in_force(struct files_port *files,
                        const struct script_place *place,
                        bool *ret_found,
                        struct err *err)
{
    struct buf script;
    bool exists = false, ok;

    buf_init(&script, SCRIPT_MAX);
    ok = read_policy(files, place->script, &script, &exists, err);
    *ret_found = ok && exists && legacy_is_script(script.data, script.len);
    buf_done(&script);
    return ok;
}

bool legacy_look_scripts(struct files_port *files, bool *ret_found, struct err *err)
{
    bool found = false, any = false;
    size_t i;

    for (i = 0; i < PLACES; i++) {
        if (!is_in_force(files, &places[i], &found, err))
            return false;
        any = any || found;
    }
    *ret_found = any;
    return true;
}

/* Copies a file of the policy, when it exists; a copy that is there already is the original. */
static bool keep_copy(struct files_port *files,
                      const char *name,
                      const char *folder,
                      const char *copy,
                      struct err *err)
{
    char legacy[FS_PATH_BYTES], path[FS_PATH_BYTES];
    bool exists = false, ok = false;
    struct fs_stat stat;
    struct buf data;

    buf_init(&data, SCRIPT_MAX);
    if (!read_policy(files, name, &data, &exists, err) ||
        !fs_join(legacy, folder, LEGACY_FOLDER, err) || !fs_join(path, legacy, copy, err) ||
        !fs_stat(path, &stat, err))
        goto out;
    ok = !exists || stat.kind == FS_FILE ||
         (fs_make_dirs(legacy, FS_PRIVATE, err) &&
          fs_write_atomic(path, data.data, data.len, FS_PRIVATE, err));

out:
    buf_done(&data);
    return ok;
}

/* Takes the script's entry out of the list; an empty list goes. */
static bool edit_list(struct files_port *files, const struct script_place *place, struct err *err)
{
    bool exists = false, found = false, ok = false;
    struct buf list, edited;
    unsigned left = 0;

    buf_init(&list, SCRIPT_MAX);
    buf_init(&edited, SCRIPT_MAX);
    if (!read_policy(files, place->list, &list, &exists, err))
        goto out;
    ok = true;
    if (!exists)
        goto out;
    ok = legacy_drop_entry(list.data, list.len, SCRIPT, &edited, &left, &found, err);
    if (ok && found)
        ok = left == 0 ? files->ops->remove(files, ROOT_GROUP_POLICY, place->list, err)
                       : files->ops->write(
                             files, ROOT_GROUP_POLICY, place->list, edited.data, edited.len, err);

out:
    buf_done(&list);
    buf_done(&edited);
    return ok;
}

/* Writes gpt.ini's text with a version above the one that is in force, so that Windows reads the
 * policy again. */
static bool raise_version(struct files_port *files, const char *text, struct err *err)
{
    const char *at = strstr(text, VERSION_KEY);
    struct buf current, out;
    bool exists = false, ok = false;
    unsigned long version = 0;

    buf_init(&current, SCRIPT_MAX);
    buf_init(&out, SCRIPT_MAX);
    if (!read_policy(files, POLICY, &current, &exists, err))
        goto out;
    ok = true;
    if (!at)
        goto out;
    at += strlen(VERSION_KEY);
    if (exists && strstr(buf_str(&current), VERSION_KEY))
        version = strtoul(strstr(buf_str(&current), VERSION_KEY) + strlen(VERSION_KEY), NULL, 10);
    if (version < strtoul(at, NULL, 10))
        version = strtoul(at, NULL, 10);
    buf_put(&out, text, (size_t)(at - text));
    buf_printf(&out, "%lu", (version + BOTH_VERSIONS) & 0xFFFFFFFFul);
    buf_puts(&out, at + strspn(at, "0123456789"));
    ok = (!out.failed || err_no_memory(err)) &&
         files->ops->write(files, ROOT_GROUP_POLICY, POLICY, out.data, out.len, err);

out:
    buf_done(&current);
    buf_done(&out);
    return ok;
}

static bool raise_current_version(struct files_port *files, struct err *err)
{
    bool exists = false, ok;
    struct buf text;

    buf_init(&text, SCRIPT_MAX);
    ok = read_policy(files, POLICY, &text, &exists, err) &&
         (!exists || raise_version(files, buf_str(&text), err));
    buf_done(&text);
    return ok;
}

bool legacy_remove_scripts(struct files_port *files, const char *folder, struct err *err)
{
    bool found = false, any = false;
    size_t i;

    for (i = 0; i < PLACES; i++) {
        const struct script_place *place = &places[i];

        if (!is_in_force(files, place, &found, err))
            return false;
        if (!found)
            continue;
        any = true;
        /* the list first: an entry without its script is harmless, and so is the other way round,
         * but only the script says that it is ours to take */
        if (!keep_copy(files, POLICY, folder, POLICY, err) ||
            !keep_copy(files, place->list, folder, place->list_copy, err) ||
            !keep_copy(files, place->script, folder, place->script_copy, err) ||
            !edit_list(files, place, err) ||
            !files->ops->remove(files, ROOT_GROUP_POLICY, place->script, err))
            return err_context(err, TEXT_PARSEC_EDITING, place->script);
    }
    return !any || raise_current_version(files, err);
}

/* ---- giving back ---- */

static bool
read_copy(const char *folder, const char *copy, struct buf *out, bool *ret_exists, struct err *err)
{
    char legacy[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct err why = ERR_INIT;

    if (!fs_join(legacy, folder, LEGACY_FOLDER, err) || !fs_join(path, legacy, copy, err))
        return false;
    *ret_exists = fs_read(path, SCRIPT_MAX, out, &why);
    if (*ret_exists || why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

static bool restore_copy(struct files_port *files,
                         const char *folder,
                         const char *copy,
                         const char *name,
                         struct err *err)
{
    bool exists = false, ok;
    struct buf data;

    buf_init(&data, SCRIPT_MAX);
    ok = read_copy(folder, copy, &data, &exists, err) &&
         (!exists || files->ops->write(files, ROOT_GROUP_POLICY, name, data.data, data.len, err));
    buf_done(&data);
    return ok;
}

bool legacy_restore_scripts(struct files_port *files, const char *folder, struct err *err)
{
    char legacy[FS_PATH_BYTES];
    bool exists = false, ok;
    struct buf policy;
    size_t i;

    for (i = 0; i < PLACES; i++) {
        if (!restore_copy(files, folder, places[i].script_copy, places[i].script, err) ||
            !restore_copy(files, folder, places[i].list_copy, places[i].list, err))
            return err_context(err, TEXT_PARSEC_EDITING, places[i].script);
    }
    buf_init(&policy, SCRIPT_MAX);
    ok = read_copy(folder, POLICY, &policy, &exists, err) &&
         (!exists || raise_version(files, buf_str(&policy), err));
    buf_done(&policy);
    return ok && fs_join(legacy, folder, LEGACY_FOLDER, err) && fs_remove_tree(legacy, err);
}
