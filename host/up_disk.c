/* The disk of a new VM. */
#include "host/up_disk.h"

#include "host/disk.h"
#include "host/drivers.h"
#include "host/guest/connect.h"
#include "host/inject.h"
#include "host/medium.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GB         ((uint64_t)1 << 30)
#define PERMILLE   1000
#define CHILD_FROM 900 /* permille of the work when the parent stands */

/* ---- the image ---- */

static bool
open_medium(struct call *call, const struct spec *spec, struct medium *medium, struct err *err)
{
    medium_init(medium);
    if (*spec->iso)
        return medium_open(spec->iso, spec->edition, medium, err);
    if (call->simulated)
        return true;
    err_set(err, ERR_USAGE, TEXT_BUILD_NO_ISO, spec->name, NULL);
    return err_hint(err, TEXT_BUILD_NO_ISO_HINT);
}

static bool wants_golden(const struct spec *spec, const struct medium *medium)
{
    return medium->edition && !*spec->disk.parent;
}

static bool has_own_parent(const struct spec *spec)
{
    return *spec->disk.parent && strcmp(spec->disk.parent, UP_PARENT_NONE) != 0;
}

bool up_disk_check(struct call *call, const struct spec *spec, struct err *err)
{
    struct image_port *port = NULL;
    struct image_look *look;
    struct medium medium;
    bool ok;

    if (!has_own_parent(spec)) {
        ok = open_medium(call, spec, &medium, err);
        medium_done(&medium);
        return ok;
    }
    look = calloc(1, sizeof *look);
    ok = (look || err_no_memory(err)) && disk_open_port(call, &port, err) &&
         port->file->inspect(port, spec->disk.parent, look, err);
    image_free(port);
    free(look);
    return ok;
}

/* ---- what goes in ---- */

static void fill_setup(struct unattend *setup,
                       const struct up_disk *disk,
                       const struct medium *medium,
                       const struct host_locale *host)
{
    const struct spec *spec = &disk->target->record.spec;

    medium_setup(medium, host, setup);
    setup->computer = spec->computer_name;
    setup->user = spec->account.user;
    setup->password = disk->password;
    setup->autologon = spec->account.autologon;
    if (*spec->locale)
        setup->locale = setup->keyboard = spec->locale;
    if (*spec->time_zone)
        setup->time_zone = spec->time_zone;
}

/* The host's GPU driver, so that the first start with the GPU finds it. A VM whose driver cannot be
 * read is made all the same: the reason is shown, and what is needed can be done later. */
static bool add_driver(struct up_disk *disk, struct plan *plan)
{
    const struct driver_package *package = NULL;
    struct target *target = disk->target;
    struct err why = ERR_INIT;

    if (!*target->record.gpu)
        return true;
    if (drivers_package(disk->call, target->record.gpu, &package, &why) &&
        drivers_plan(disk->call, package, NULL, NULL, plan, NULL, NULL, &why) &&
        drivers_note(disk->call, target, package, &why))
        return true;
    err_context(&why, TEXT_DRIVER_NOT_SYNCED, target->name);
    ui_error(&disk->call->ui, target->name, &why);
    return true;
}

static bool make_plan(struct up_disk *disk,
                      const struct medium *medium,
                      unsigned parts,
                      struct plan **ret_plan,
                      struct err *err)
{
    struct host_locale host;
    struct unattend setup;
    struct key_file keys;
    struct inject_what what = {
        .parts = parts, .target = disk->target, .keys = &keys, .setup = &setup};
    bool ok;

    host_locale(&host);
    fill_setup(&setup, disk, medium, &host);
    if (!connect_keys(disk->call->store, disk->target->id, &keys, err))
        return false;
    ok = plan_new(ret_plan, err) && add_driver(disk, *ret_plan) &&
         inject_add(disk->call, &what, *ret_plan, err);
    key_wipe(&keys);
    if (ok)
        return true;
    plan_free(*ret_plan);
    *ret_plan = NULL;
    return false;
}

/* ---- progress ---- */

/* A part of the work, in permille of all of it. */
struct part {
    struct up_disk *disk;
    unsigned from, to;
};

static bool on_progress(const struct build_progress *progress, void *user)
{
    const struct part *part = user;
    struct up_disk *disk = part->disk;
    unsigned permille = part->from + (part->to - part->from) * progress->permille / PERMILLE;
    unsigned at = disk->from + (disk->to - disk->from) * permille / PERMILLE;
    char left[32];

    if (!disk->progress)
        return !steps_is_cancelled(disk->steps);
    /* one line a sentence where there is no bar: no time then, which changes all the while */
    if (progress->left_ms < 0 || !disk->progress->bar)
        progress_step(disk->progress, at, build_stage_title(progress->stage), NULL);
    else
        progress_step(disk->progress,
                      at,
                      TEXT_BUILD_APPLY_LEFT,
                      ui_span_text(left, sizeof left, disk->call->ui.lang, progress->left_ms),
                      NULL);
    return !steps_is_cancelled(disk->steps);
}

/* ---- golden parents ---- */

bool up_disk_golden_folder(struct call *call, char *out, struct err *err)
{
    return fs_join(out, call->state, "golden", err);
}

/* The parent lies on the volume of its child: "D:\gpupv\golden" when the VM's disk is on D: and our
 * own state is not. */
static bool
golden_disk(const char *folder, const char *child, const char *key, char *out, struct err *err)
{
    char place[FS_PATH_BYTES], name[FS_NAME_BYTES];

    snprintf(name, sizeof name, "%s" GOLDEN_SUFFIX, key);
    text_copy(place, sizeof place, folder);
    if (isalpha((unsigned char)child[0]) && child[1] == ':' &&
        tolower((unsigned char)child[0]) != tolower((unsigned char)folder[0]))
        snprintf(place, sizeof place, "%c:\\gpupv\\golden", child[0]);
    return fs_join(out, place, name, err);
}

static bool describe(const struct up_disk *disk,
                     const struct medium *medium,
                     const char *folder,
                     struct golden *golden,
                     struct err *err)
{
    const struct edition *edition = medium->edition;
    struct fs_stat stat;

    memset(golden, 0, sizeof *golden);
    if (!fs_stat(medium->path, &stat, err))
        return false;
    guid_text(&medium->editions->wim.id, golden->origin.image);
    golden->origin.file_bytes = stat.size_bytes;
    golden->origin.file_modified_ms = stat.modified_ms;
    golden->origin.index = edition->index;
    text_copy(golden->origin.edition, sizeof golden->origin.edition, edition->id);
    golden->origin.build = edition->build;
    golden->origin.revision = edition->revision;
    golden->origin.size_gb = disk->target->record.spec.disk.size_gb;
    text_copy(golden->source, sizeof golden->source, medium->path);
    text_copy(golden->name, sizeof golden->name, edition->name);
    return golden_key(&golden->origin, golden->key, err) &&
           golden_disk(folder, disk->target->vm.settings.disk, golden->key, golden->disk, err);
}

/* The child of a golden parent, which is made when it is missing; *ret_lock guards its family. */
static bool from_golden(struct up_disk *disk,
                        struct image_port *port,
                        const struct medium *medium,
                        struct build_request *request,
                        struct fs_lock **ret_lock,
                        struct err *err)
{
    struct part part = {disk, 0, CHILD_FROM};
    const struct build_watch watch = {.on_progress = on_progress, .user = &part};
    const struct inject_what what = {.parts = INJECT_PROGRAM | INJECT_POLICIES};
    char folder[FS_PATH_BYTES];
    struct golden golden;
    bool child, ok;

    if (!up_disk_golden_folder(disk->call, folder, err) ||
        !describe(disk, medium, folder, &golden, err) || !plan_new(&request->plan, err))
        return false;
    ok = inject_add(disk->call, &what, request->plan, err) &&
         golden_make(port, folder, &golden, request, &watch, err) &&
         golden_child(port, folder, golden.key, disk->target->vm.settings.disk, &child, err) &&
         disk_lock_id(disk->call, golden.id, ret_lock, err);
    plan_free(request->plan);
    request->plan = NULL;
    golden_done(&golden);
    return ok;
}

/* ---- making ---- */

/* What is on the disk before anything of this VM is. */
static bool make_base(struct up_disk *disk,
                      struct image_port *port,
                      const struct medium *medium,
                      struct fs_lock **ret_lock,
                      struct err *err)
{
    const struct spec *spec = &disk->target->record.spec;
    const char *path = disk->target->vm.settings.disk;
    struct part part = {disk, 0, CHILD_FROM};
    const struct build_watch watch = {.on_progress = on_progress, .user = &part};
    struct build_request request = {
        .path = path,
        .size_bytes = spec->disk.size_gb * GB,
        .needed_bytes = medium->edition ? medium->edition->size_bytes : 0,
        .source = medium->source,
        .boot = {.locale = medium_language(medium)},
    };

    if (has_own_parent(spec))
        return port->file->preflight(port, path, err) &&
               port->disk->create_child(port, path, spec->disk.parent, err) &&
               disk_lock_family(disk->call, port, path, ret_lock, err);
    if (wants_golden(spec, medium))
        return from_golden(disk, port, medium, &request, ret_lock, err);
    return build_disk(port, &request, &watch, err);
}

bool up_disk_make(struct up_disk *disk, struct err *err)
{
    const struct spec *spec = &disk->target->record.spec;
    struct part part = {disk, CHILD_FROM, PERMILLE};
    const struct build_watch watch = {.on_progress = on_progress, .user = &part};
    unsigned parts =
        INJECT_PROGRAM | INJECT_POLICIES | INJECT_SETUP | INJECT_AGENT | INJECT_PAYLOADS;
    struct medium medium = {.editions = NULL};
    struct image_port *port = NULL;
    struct fs_lock *family = NULL;
    struct plan *plan = NULL;
    bool ok;

    ok = has_own_parent(spec) || open_medium(disk->call, spec, &medium, err);
    ok = ok && disk_open_port(disk->call, &port, err) &&
         make_base(disk, port, &medium, &family, err) &&
         (!disk->made || disk->made(disk->user, err)) &&
         make_plan(disk, &medium, parts, &plan, err) &&
         build_inject(port, disk->target->vm.settings.disk, plan, &watch, err);
    plan_free(plan);
    fs_unlock(family);
    image_free(port);
    medium_done(&medium);
    return ok;
}

bool up_disk_take_back(struct call *call, const char *path, struct err *err)
{
    struct image_port *port = NULL;
    char folder[FS_PATH_BYTES];
    bool ok = disk_open_port(call, &port, err) && port->disk->remove(port, path, err) &&
              up_disk_golden_folder(call, folder, err) && golden_forget(folder, path, err);

    image_free(port);
    return ok;
}
