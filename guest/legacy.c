/* Leftovers of Easy-GPU-PV. */
#include "guest/legacy.h"

#include "guest/legacy_ini.h"

#include <string.h>

#define FILE_MAX ((size_t)256 * 1024) /* the real ones have a few KiB */
#define POLICY   "gpt.ini"

/* Of Easy-GPU-PV and its forks. A fork's task that only keeps OneDrive from starting harms nobody
 * and is not here. */
const char *const legacy_tasks[] = {
    "Monitor Parsec VDD State",
    "Install VB Cable",
    "Install Parsec Virtual Display Driver",
    "Install ParsecVDA",
    "Install VirtualDisplayDriver",
    "Install VirtualDisplayDriverHDR",
    NULL,
};

/* One place in the local group policy, and the copies' names. */
struct place {
    const char *script, *script_copy;
    const char *list, *list_copy;
    struct legacy_entry entry;
    bool user_part; /* of gpt.ini's version */
};

static const struct place places[] = {
    {
        .script = "User/Scripts/Logon/Install.ps1",
        .script_copy = "user-Install.ps1",
        .list = "User/Scripts/psscripts.ini",
        .list_copy = "user-psscripts.ini",
        .entry = {.section = "Logon",
                  .script = "Install.ps1",
                  .path = "\\GroupPolicy\\User\\Scripts\\Logon\\Install.ps1"},
        .user_part = true,
    },
    {
        .script = "Machine/Scripts/Startup/Install.ps1",
        .script_copy = "machine-Install.ps1",
        .list = "Machine/Scripts/psscripts.ini",
        .list_copy = "machine-psscripts.ini",
        .entry = {.section = "Startup",
                  .script = "Install.ps1",
                  .path = "\\GroupPolicy\\Machine\\Scripts\\Startup\\Install.ps1"},
        .user_part = false,
    },
};

#define PLACES (sizeof places / sizeof places[0])

bool legacy_count_tasks(struct tasks_port *tasks,
                        unsigned *ret_count,
                        char *ret_first,
                        struct err *err)
{
    const char *first = "";
    unsigned count = 0;

    for (size_t i = 0; legacy_tasks[i]; i++) {
        struct task task;

        if (!tasks->ops->query(tasks, legacy_tasks[i], &task, err))
            return false;
        if (task.present && task.enabled && count++ == 0)
            first = legacy_tasks[i];
    }
    text_copy(ret_first, TASK_NAME_BYTES, first);
    *ret_count = count;
    return true;
}

/* ---- files of the policy ---- */

/* Every script of Easy-GPU-PV works on its own folder, and names a task or brings Parsec's
 * certificate. */
bool legacy_is_script(const void *data, size_t length)
{
    if (!legacy_text_holds(data, length, "Easy-GPU-P"))
        return false;
    for (size_t i = 0; legacy_tasks[i]; i++)
        if (legacy_text_holds(data, length, legacy_tasks[i]))
            return true;
    return legacy_text_holds(data, length, "ParsecPublic.cer");
}

/* Reads a file into out (emptied before); what is missing, no plain file or too large to be
 * Easy-GPU-PV's is true with *ret_exists false. */
static bool read_policy(
    struct files_port *files, const char *name, struct buf *out, bool *ret_exists, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    buf_clear(out);
    *ret_exists = false;
    if (!files->ops->stat(files, ROOT_GROUP_POLICY, name, &stat, err))
        return false;
    if (stat.kind != FS_FILE || stat.size_bytes > FILE_MAX)
        return true;
    *ret_exists = true;
    return files->ops->read(files, ROOT_GROUP_POLICY, name, 0, FILE_MAX, out, err);
}

static bool
write_policy(struct files_port *files, const char *name, const struct buf *data, struct err *err)
{
    return files->ops->write(files, ROOT_GROUP_POLICY, name, buf_str(data), data->len, err);
}

static bool
is_there(struct files_port *files, const struct place *place, bool *ret_found, struct err *err)
{
    bool exists = false, ok;
    struct buf script;

    buf_init(&script, FILE_MAX);
    ok = read_policy(files, place->script, &script, &exists, err);
    if (ok)
        *ret_found = exists && legacy_is_script(script.data, script.len);
    buf_done(&script);
    return ok;
}

bool legacy_look_scripts(struct files_port *files, bool *ret_found, struct err *err)
{
    bool found = false, any = false;

    for (size_t i = 0; i < PLACES; i++) {
        if (!is_there(files, &places[i], &found, err))
            return false;
        any = any || found;
    }
    *ret_found = any;
    return true;
}

/* A file that cannot be understood stays as it is: without its script an entry does nothing. */
static bool is_left_alone(const struct err *why, struct err *err)
{
    if (why->kind == ERR_BAD_INPUT)
        return true;
    if (err)
        *err = *why;
    return false;
}

/* Windows reads the scripts again when the version is another one. */
static bool raise_version(struct files_port *files, const struct place *place, struct err *err)
{
    struct err why = ERR_INIT;
    struct buf current, raised;
    bool exists = false, ok;

    buf_init(&current, FILE_MAX);
    buf_init(&raised, 2 * FILE_MAX);
    ok = read_policy(files, POLICY, &current, &exists, err);
    if (ok && exists) {
        ok = legacy_ini_raise(current.data, current.len, place->user_part, &raised, &why);
        ok = ok ? write_policy(files, POLICY, &raised, err) : is_left_alone(&why, err);
    }
    buf_done(&current);
    buf_done(&raised);
    return ok;
}

/* ---- copies ---- */

static bool
copy_path(const char *folder, const char *copy, char *out, bool make_folder, struct err *err)
{
    char legacy[FS_PATH_BYTES];

    return fs_join(legacy, folder, LEGACY_FOLDER, err) &&
           (!make_folder || fs_make_dirs(legacy, FS_PRIVATE, err)) &&
           fs_join(out, legacy, copy, err);
}

static bool keep_copy(const char *folder, const char *copy, const struct buf *data, struct err *err)
{
    char path[FS_PATH_BYTES];

    return copy_path(folder, copy, path, true, err) &&
           fs_write_atomic(path, buf_str(data), data->len, FS_PRIVATE, err);
}

static bool
read_copy(const char *folder, const char *copy, struct buf *out, bool *ret_exists, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct err why = ERR_INIT;

    buf_clear(out);
    *ret_exists = false;
    if (!copy_path(folder, copy, path, false, err))
        return false;
    *ret_exists = fs_read(path, FILE_MAX, out, &why);
    if (*ret_exists || why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

/* ---- taking out ---- */

/* Takes the script's entry out of the list. A list without it may have been edited by a try that
 * crashed: the copy of that try stays. */
static bool
edit_list(struct files_port *files, const struct place *place, const char *folder, struct err *err)
{
    bool exists = false, found = false, ok;
    struct err why = ERR_INIT;
    struct buf list, edited;

    buf_init(&list, FILE_MAX);
    buf_init(&edited, 2 * FILE_MAX);
    ok = read_policy(files, place->list, &list, &exists, err);
    if (ok && exists)
        ok = legacy_ini_remove(list.data, list.len, &place->entry, &edited, &found, &why) ||
             is_left_alone(&why, err);
    if (ok && found)
        ok = keep_copy(folder, place->list_copy, &list, err) &&
             write_policy(files, place->list, &edited, err);
    buf_done(&list);
    buf_done(&edited);
    return ok;
}

static bool copy_script(struct files_port *files,
                        const struct place *place,
                        const char *folder,
                        struct err *err)
{
    struct buf script;
    bool exists = false, ok;

    buf_init(&script, FILE_MAX);
    ok = read_policy(files, place->script, &script, &exists, err) &&
         (!exists || keep_copy(folder, place->script_copy, &script, err));
    buf_done(&script);
    return ok;
}

bool legacy_remove_scripts(struct files_port *files, const char *folder, struct err *err)
{
    for (size_t i = 0; i < PLACES; i++) {
        const struct place *place = &places[i];
        bool found = false;

        if (!is_there(files, place, &found, err))
            return false;
        if (found && (!copy_script(files, place, folder, err) ||
                      !edit_list(files, place, folder, err) || !raise_version(files, place, err) ||
                      !files->ops->remove(files, ROOT_GROUP_POLICY, place->script, err)))
            return err_context(err, TEXT_PARSEC_EDITING, place->script);
    }
    return true;
}

/* ---- giving back ---- */

struct give_back {
    struct buf copy, current, expected;
    bool has_copy, exists;
};

static bool differs(const struct buf *a, const struct buf *b)
{
    return a->len != b->len || (a->len && memcmp(a->data, b->data, a->len) != 0);
}

static bool changed_meanwhile(const char *name, struct err *err)
{
    return err_set(err, ERR_CONFLICT, TEXT_PARSEC_LEGACY_CHANGED, name, NULL);
}

/* Reads copy and present file; *ret_write is false when there is nothing to put back. */
static bool compare(struct give_back *back,
                    struct files_port *files,
                    const char *folder,
                    const char *copy,
                    const char *name,
                    bool *ret_write,
                    struct err *err)
{
    if (!read_copy(folder, copy, &back->copy, &back->has_copy, err) ||
        !read_policy(files, name, &back->current, &back->exists, err))
        return false;
    *ret_write = back->has_copy && (!back->exists || differs(&back->copy, &back->current));
    return true;
}

/* The list may only be what the agent left. */
static bool restore_list(struct give_back *back,
                         struct files_port *files,
                         const struct place *place,
                         const char *folder,
                         struct err *err)
{
    bool write, found;

    if (!compare(back, files, folder, place->list_copy, place->list, &write, err))
        return false;
    if (!write)
        return true;
    buf_clear(&back->expected);
    if (!legacy_ini_remove(
            back->copy.data, back->copy.len, &place->entry, &back->expected, &found, err))
        return false;
    if (back->exists && differs(&back->current, &back->expected))
        return changed_meanwhile(place->list, err);
    return write_policy(files, place->list, &back->copy, err);
}

/* Somebody else's script of that name stays alone, and then the list too. */
static bool restore_place(struct give_back *back,
                          struct files_port *files,
                          const struct place *place,
                          const char *folder,
                          struct err *err)
{
    bool write;

    if (!compare(back, files, folder, place->script_copy, place->script, &write, err))
        return false;
    if (!back->has_copy)
        return true;
    if (write && back->exists)
        return changed_meanwhile(place->script, err);
    return (!write || write_policy(files, place->script, &back->copy, err)) &&
           restore_list(back, files, place, folder, err) && raise_version(files, place, err);
}

bool legacy_restore_scripts(struct files_port *files, const char *folder, struct err *err)
{
    char legacy[FS_PATH_BYTES];
    struct give_back back;
    bool ok = true;

    buf_init(&back.copy, FILE_MAX);
    buf_init(&back.current, FILE_MAX);
    buf_init(&back.expected, 2 * FILE_MAX);
    for (size_t i = 0; i < PLACES; i++)
        ok = restore_place(&back, files, &places[i], folder, ok ? err : NULL) && ok;
    buf_done(&back.copy);
    buf_done(&back.current);
    buf_done(&back.expected);
    return ok && fs_join(legacy, folder, LEGACY_FOLDER, err) && fs_remove_tree(legacy, err);
}
