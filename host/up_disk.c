/* The disk of a new VM. */
#include "host/up_disk.h"

#include "host/disk.h"
#include "host/guest/connect.h"
#include "host/image/editions.h"
#include "host/inject.h"
#include "host/locale.h"
#include "host/place.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GB           ((uint64_t)1 << 30)
#define LANGUAGE     "en-US" /* of an image that does not say */
#define ARCHITECTURE "amd64"
#define PERMILLE     1000
#define CHILD_FROM   900 /* permille of the work when the parent stands */

/* What Windows comes from. */
struct origin {
    struct editions *editions;     /* NULL: the simulation without an image */
    const struct edition *edition; /* of editions */
    char path[FS_PATH_BYTES];      /* of the file with the image */
    struct image_source source;
};

/* ---- the image ---- */

static void origin_done(struct origin *origin)
{
    editions_free(origin->editions);
    memset(origin, 0, sizeof *origin);
}

static bool
origin_open(struct call *call, const struct spec *spec, struct origin *origin, struct err *err)
{
    size_t row = 0;

    memset(origin, 0, sizeof *origin);
    origin->source = (struct image_source){.path = "", .index = 1};
    if (!*spec->iso) {
        if (call->simulated)
            return true;
        err_set(err, ERR_USAGE, TEXT_BUILD_NO_ISO, spec->name, NULL);
        return err_hint(err, TEXT_BUILD_NO_ISO_HINT);
    }
    if (!editions_read(spec->iso, &origin->editions, err))
        return false;
    if (!editions_usable(origin->editions, err) ||
        !editions_choose(origin->editions, spec->edition, &row, err)) {
        origin_done(origin);
        return false;
    }
    origin->edition = &origin->editions->rows[row];
    text_copy(origin->path, sizeof origin->path, origin->editions->path);
    if (origin->editions->kind == EDITIONS_FOLDER &&
        !fs_join(origin->path, origin->editions->path, origin->editions->inside, err)) {
        origin_done(origin);
        return false;
    }
    origin->source.path = origin->path;
    origin->source.index = origin->edition->index;
    if (origin->editions->kind == EDITIONS_ISO)
        origin->source.inside = origin->editions->inside;
    return true;
}

static const char *language_of(const struct origin *origin)
{
    return origin->edition && *origin->edition->default_language ? origin->edition->default_language
                                                                 : LANGUAGE;
}

static bool wants_golden(const struct spec *spec, const struct origin *origin)
{
    return origin->editions && !*spec->disk.parent;
}

static bool has_own_parent(const struct spec *spec)
{
    return *spec->disk.parent && strcmp(spec->disk.parent, UP_PARENT_NONE) != 0;
}

bool up_disk_check(struct call *call, const struct spec *spec, struct err *err)
{
    struct image_port *port = NULL;
    struct image_look *look;
    struct origin origin;
    bool ok;

    if (!has_own_parent(spec)) {
        ok = origin_open(call, spec, &origin, err);
        origin_done(&origin);
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
                       const struct origin *origin,
                       const struct host_locale *host)
{
    const struct spec *spec = &disk->target->record.spec;

    *setup = (struct unattend){
        .architecture = ARCHITECTURE,
        .computer = spec->computer_name,
        .user = spec->account.user,
        .password = disk->password,
        .autologon = spec->account.autologon,
        .language = language_of(origin),
        .locale = *spec->locale ? spec->locale : host->formats,
        .keyboard = *spec->locale ? spec->locale : host->keyboard,
        .time_zone = *spec->time_zone ? spec->time_zone : host->time_zone,
    };
}

static bool make_plan(struct up_disk *disk,
                      const struct origin *origin,
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
    fill_setup(&setup, disk, origin, &host);
    if (!connect_keys(disk->call->store, disk->target->id, &keys, err))
        return false;
    ok = plan_new(ret_plan, err) && inject_add(disk->call, &what, *ret_plan, err);
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
                     const struct origin *origin,
                     const char *folder,
                     struct golden *golden,
                     struct err *err)
{
    const struct edition *edition = origin->edition;
    struct fs_stat stat;

    memset(golden, 0, sizeof *golden);
    if (!fs_stat(origin->path, &stat, err))
        return false;
    guid_text(&origin->editions->wim.id, golden->origin.image);
    golden->origin.file_bytes = stat.size_bytes;
    golden->origin.file_modified_ms = stat.modified_ms;
    golden->origin.index = edition->index;
    text_copy(golden->origin.edition, sizeof golden->origin.edition, edition->id);
    golden->origin.build = edition->build;
    golden->origin.revision = edition->revision;
    golden->origin.size_gb = disk->target->record.spec.disk.size_gb;
    text_copy(golden->source, sizeof golden->source, origin->path);
    text_copy(golden->name, sizeof golden->name, edition->name);
    return golden_key(&golden->origin, golden->key, err) &&
           golden_disk(folder, disk->target->vm.settings.disk, golden->key, golden->disk, err);
}

/* The child of a golden parent, which is made when it is missing; *ret_lock guards its family. */
static bool from_golden(struct up_disk *disk,
                        struct image_port *port,
                        const struct origin *origin,
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
        !describe(disk, origin, folder, &golden, err) || !plan_new(&request->plan, err))
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
                      const struct origin *origin,
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
        .needed_bytes = origin->edition ? origin->edition->size_bytes : 0,
        .source = origin->source,
        .boot = {.locale = language_of(origin)},
    };

    if (has_own_parent(spec))
        return port->file->preflight(port, path, err) &&
               port->disk->create_child(port, path, spec->disk.parent, err) &&
               disk_lock_family(disk->call, port, path, ret_lock, err);
    if (wants_golden(spec, origin))
        return from_golden(disk, port, origin, &request, ret_lock, err);
    return build_disk(port, &request, &watch, err);
}

bool up_disk_make(struct up_disk *disk, struct err *err)
{
    const struct spec *spec = &disk->target->record.spec;
    struct part part = {disk, CHILD_FROM, PERMILLE};
    const struct build_watch watch = {.on_progress = on_progress, .user = &part};
    unsigned parts =
        INJECT_PROGRAM | INJECT_POLICIES | INJECT_SETUP | INJECT_AGENT | INJECT_PAYLOADS;
    struct origin origin = {.editions = NULL};
    struct image_port *port = NULL;
    struct fs_lock *family = NULL;
    struct plan *plan = NULL;
    bool ok;

    ok = has_own_parent(spec) || origin_open(disk->call, spec, &origin, err);
    ok = ok && disk_open_port(disk->call, &port, err) &&
         make_base(disk, port, &origin, &family, err) &&
         (!disk->made || disk->made(disk->user, err)) &&
         make_plan(disk, &origin, parts, &plan, err) &&
         build_inject(port, disk->target->vm.settings.disk, plan, &watch, err);
    plan_free(plan);
    fs_unlock(family);
    image_free(port);
    origin_done(&origin);
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
