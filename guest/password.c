/* Winlogon's value, and answer files wherever Setup leaves or looks for them. */
#include "guest/password.h"

#include "guest/answer_file.h"

#include "common/secure.h"

#include <string.h>

#define VALUE_PASSWORD  "DefaultPassword"
#define VALUE_AUTOMATIC "AutoAdminLogon"
#define VALUE_COUNT     "AutoLogonCount"

static const struct place {
    enum file_root root;
    const char *name;  /* below the root */
    const char *shown; /* as a person knows it */
} places[] = {
    {ROOT_PANTHER, "unattend.xml", "Windows\\Panther\\unattend.xml"},
    {ROOT_PANTHER, "unattend-original.xml", "Windows\\Panther\\unattend-original.xml"},
    {ROOT_PANTHER, "Unattend/unattend.xml", "Windows\\Panther\\Unattend\\unattend.xml"},
    {ROOT_PANTHER, "Unattend/autounattend.xml", "Windows\\Panther\\Unattend\\autounattend.xml"},
    {ROOT_SYSPREP, "unattend.xml", "Windows\\System32\\Sysprep\\unattend.xml"},
    {ROOT_SYSPREP, "Panther/unattend.xml", "Windows\\System32\\Sysprep\\Panther\\unattend.xml"},
    {ROOT_SYSTEM_DRIVE, "unattend.xml", "\\unattend.xml"},
    {ROOT_SYSTEM_DRIVE, "autounattend.xml", "\\autounattend.xml"},
};
#define PLACES (sizeof places / sizeof places[0])

static void wipe(struct buf *buf)
{
    if (buf->data)
        secure_wipe(buf->data, buf->cap);
    buf_done(buf);
}

/* ---- answer files ---- */

/* What the file says; with SECRET and out the file without it. Room for all is taken at once: a
 * buffer that grows leaves its content behind in freed memory. */
static bool look_at_file(struct files_port *files,
                         const struct place *place,
                         enum answer_file *ret_kind,
                         struct buf *out,
                         struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    struct buf data;
    bool ok;

    *ret_kind = ANSWER_FILE_CLEAN;
    if (!files->ops->stat(files, place->root, place->name, &stat, err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    buf_init(&data, ANSWER_FILE_BYTES + 1);
    ok = buf_reserve(&data, ANSWER_FILE_BYTES + 1) || err_no_memory(err);
    ok = ok &&
         files->ops->read(files, place->root, place->name, 0, ANSWER_FILE_BYTES + 1, &data, err);
    if (ok)
        *ret_kind = answer_file_scrub(data.data, data.len, out);
    wipe(&data);
    return ok;
}

static bool clean_file(struct files_port *files, const struct place *place, struct err *err)
{
    enum answer_file kind;
    struct buf out;
    bool ok;

    buf_init(&out, ANSWER_FILE_BYTES * 2);
    ok = look_at_file(files, place, &kind, &out, err);
    if (ok && kind == ANSWER_FILE_SECRET && !out.failed)
        ok = files->ops->write(files, place->root, place->name, out.data, out.len, err);
    else if (ok && kind != ANSWER_FILE_CLEAN)
        ok = files->ops->remove(files, place->root, place->name, err);
    buf_done(&out);
    return ok;
}

/* ---- Winlogon ---- */

static bool is_automatic(struct registry_port *registry, bool *ret_automatic, struct err *err)
{
    struct registry_value value = {.type = REGISTRY_ABSENT};

    if (!registry->ops->get(registry, PASSWORD_WINLOGON, VALUE_AUTOMATIC, &value, err))
        return false;
    *ret_automatic = (value.type == REGISTRY_STRING && strcmp(value.text, "1") == 0) ||
                     (value.type == REGISTRY_DWORD && value.dword == 1);
    return true;
}

static bool remove_value(struct registry_port *registry, const char *name, struct err *err)
{
    static const struct registry_value absent = {.type = REGISTRY_ABSENT};

    return registry->ops->set(registry, PASSWORD_WINLOGON, name, &absent, err);
}

/* The plain value goes last: as long as it stands, the rest is done again. */
static bool hide_value(struct machine *machine, struct err *err)
{
    struct registry_port *registry = machine->registry;
    struct system_port *system = machine->system;
    struct registry_value value = {.type = REGISTRY_ABSENT};
    bool automatic = false;
    bool ok = registry->ops->get(registry, PASSWORD_WINLOGON, VALUE_PASSWORD, &value, err);

    if (ok && value.type == REGISTRY_STRING && value.text[0]) {
        ok = is_automatic(registry, &automatic, err);
        if (ok && automatic)
            ok = system->ops->keep_password(system, value.text, err) &&
                 remove_value(registry, VALUE_COUNT, err);
        ok = ok && remove_value(registry, VALUE_PASSWORD, err);
    }
    secure_wipe(&value, sizeof value);
    return ok;
}

/* ---- both ---- */

bool password_look(struct machine *machine, struct password_view *ret_view, struct err *err)
{
    struct registry_value value = {.type = REGISTRY_ABSENT};
    struct password_view view = {.where = NULL};
    struct err why = ERR_INIT;
    bool ok = true;

    if (!is_automatic(machine->registry, &view.automatic, &why) ||
        !machine->registry->ops->get(
            machine->registry, PASSWORD_WINLOGON, VALUE_PASSWORD, &value, &why))
        ok = false;
    view.plain = value.type == REGISTRY_STRING && value.text[0];
    secure_wipe(&value, sizeof value);
    if (view.plain)
        view.where = "Winlogon\\" VALUE_PASSWORD;
    for (size_t i = 0; i < PLACES && !view.where; i++) {
        enum answer_file kind;

        if (!look_at_file(machine->files, &places[i], &kind, NULL, &why))
            ok = false;
        else if (kind != ANSWER_FILE_CLEAN)
            view.where = places[i].shown;
    }
    if (!ok && !view.where) {
        if (err)
            *err = why;
        return false;
    }
    *ret_view = view;
    return true;
}

bool password_hide(struct machine *machine, struct err *err)
{
    struct err why = ERR_INIT;
    bool ok = hide_value(machine, err);

    /* one that cannot be cleaned does not keep the others from it */
    for (size_t i = 0; i < PLACES; i++) {
        if (!clean_file(machine->files, &places[i], ok ? err : &why))
            ok = false;
    }
    return ok;
}
