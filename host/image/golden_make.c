/* Golden parents: made, and what a death left of one taken away. */
#include "host/image/golden_record.h"

#include "common/steps.h"

#include <stdlib.h>
#include <string.h>

#define MAKE_WAIT_MS (2 * 3600 * 1000) /* somebody else may be applying the same one */

/* One making, or the taking back of one. */
struct job {
    struct image_port *port;
    const char *folder;
    struct golden *golden; /* NULL while taking back */
    const struct build_request *request;
    const struct build_watch *watch;
    char disk[FS_PATH_BYTES]; /* that was taken back */
};

static bool disk_prepare(void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    return cJSON_AddStringToObject(record, "disk", job->golden->disk) || err_no_memory(err);
}

static bool disk_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    (void)steps;
    (void)record;
    return build_disk(job->port, job->request, job->watch, err);
}

static bool disk_undo(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;

    if (!json_string_into(record, "disk", NULL, job->disk, sizeof job->disk, err))
        return false;
    fs_set_read_only(job->disk, false, NULL);
    return job->port->disk->remove(job->port, job->disk, err);
}

/* The mark does not take where a disk is a folder; nor is it more than a reminder. */
static bool record_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;
    struct golden *golden = job->golden;
    struct image_look *look = calloc(1, sizeof *look);
    bool ok;

    (void)steps;
    (void)record;
    if (!look)
        return err_no_memory(err);
    ok = job->port->file->inspect(job->port, golden->disk, look, err);
    if (ok) {
        text_copy(golden->id, sizeof golden->id, look->id);
        golden->made_ms = clock_wall_ms(clock_system());
        fs_set_read_only(golden->disk, true, NULL);
        ok = golden_save(job->folder, golden, err);
    }
    free(look);
    return ok;
}

static const struct step rows[] = {
    {.name = "disk",
     .title = TEXT_BUILD_STAGE_DISK,
     .weight = 99,
     .prepare = disk_prepare,
     .act = disk_act,
     .undo = disk_undo},
    {.name = "record", .title = TEXT_BUILD_STAGE_DISK, .weight = 1, .act = record_act},
};

static struct steps_plan plan_of(const char *key)
{
    return (struct steps_plan){.name = key, .rows = rows, .count = sizeof rows / sizeof *rows};
}

/* What somebody left who died in the middle of it. With its record a parent is whole and may have
 * children already. */
static bool take_back(struct job *job, const char *key, struct err *err)
{
    struct steps_plan plan = plan_of(key);
    char path[FS_PATH_BYTES];
    struct golden golden;

    if (!golden_path(path, job->folder, key, GOLDEN_STEPS, err))
        return false;
    if (!golden_load(job->folder, key, &golden, NULL))
        return steps_undo(&plan, path, job, NULL, err);
    golden_done(&golden);
    return fs_remove(path, err);
}

static bool make(struct job *job, struct err *err)
{
    struct steps_plan plan = plan_of(job->golden->key);
    struct err why = ERR_INIT;
    char path[FS_PATH_BYTES], folder[FS_PATH_BYTES];
    bool ok;

    text_copy(folder, sizeof folder, job->golden->disk);
    fs_parent(folder);
    if (!golden_path(path, job->folder, job->golden->key, GOLDEN_STEPS, err) ||
        !fs_make_dirs(folder, FS_PRIVATE, err) || !take_back(job, job->golden->key, err))
        return false;
    ok = steps_run(&plan, path, job, NULL, &why);
    if (!ok) {
        steps_undo(&plan, path, job, NULL, NULL);
        /* the sentence of the build says it all */
        if (err)
            *err = why;
    }
    return ok;
}

bool golden_make(struct image_port *port,
                 const char *folder,
                 struct golden *golden,
                 struct build_request *request,
                 const struct build_watch *watch,
                 struct err *err)
{
    struct job job = {
        .port = port, .folder = folder, .golden = golden, .request = request, .watch = watch};
    struct err why = ERR_INIT;
    struct fs_lock *lock = NULL;
    struct golden there;
    bool ok;

    request->path = golden->disk;
    if (!golden_lock(folder, golden->key, MAKE_WAIT_MS, &lock, err))
        return false;
    ok = golden_load(folder, golden->key, &there, &why);
    if (ok) {
        golden_done(golden);
        *golden = there;
        ok = golden_verify(port, golden, err);
    } else if (why.kind == ERR_NOT_FOUND) {
        ok = make(&job, err);
    } else if (err) {
        *err = why;
    }
    fs_unlock(lock);
    return ok;
}

/* ---- cleaning ---- */

struct cleaning {
    struct image_port *port;
    const char *folder;
    void (*told)(const char *disk, void *user);
    void *user;
    bool ok;
    struct err *err;
};

static bool has_suffix(const char *name, const char *suffix, char key[GOLDEN_KEY_BYTES])
{
    if (strlen(name) != GOLDEN_KEY_BYTES - 1 + strlen(suffix) ||
        strcmp(name + GOLDEN_KEY_BYTES - 1, suffix) != 0)
        return false;
    memcpy(key, name, GOLDEN_KEY_BYTES - 1);
    key[GOLDEN_KEY_BYTES - 1] = 0;
    return golden_is_key(key);
}

static bool undo_one(const char *name, enum fs_kind kind, void *user)
{
    struct cleaning *cleaning = user;
    struct job job = {.port = cleaning->port, .folder = cleaning->folder};
    struct fs_lock *lock = NULL;
    char key[GOLDEN_KEY_BYTES];

    if (kind != FS_FILE || !has_suffix(name, GOLDEN_STEPS, key) ||
        !golden_lock(cleaning->folder, key, 0, &lock, NULL))
        return true;
    cleaning->ok = take_back(&job, key, cleaning->err);
    fs_unlock(lock);
    if (cleaning->ok && *job.disk && cleaning->told)
        cleaning->told(job.disk, cleaning->user);
    return cleaning->ok;
}

/* A disk in our own folder that no record names. */
static bool drop_orphan(const char *name, enum fs_kind kind, void *user)
{
    struct cleaning *cleaning = user;
    char key[GOLDEN_KEY_BYTES], path[FS_PATH_BYTES];
    struct fs_lock *lock = NULL;
    struct err why = ERR_INIT;
    struct golden golden;

    (void)kind;
    if (!has_suffix(name, GOLDEN_SUFFIX, key) ||
        !golden_lock(cleaning->folder, key, 0, &lock, NULL))
        return true;
    if (golden_load(cleaning->folder, key, &golden, &why)) {
        golden_done(&golden);
    } else if (why.kind == ERR_NOT_FOUND) {
        cleaning->ok = fs_join(path, cleaning->folder, name, cleaning->err);
        if (cleaning->ok)
            fs_set_read_only(path, false, NULL);
        cleaning->ok =
            cleaning->ok && cleaning->port->disk->remove(cleaning->port, path, cleaning->err);
        if (cleaning->ok && cleaning->told)
            cleaning->told(path, cleaning->user);
    }
    fs_unlock(lock);
    return cleaning->ok;
}

bool golden_clean(struct image_port *port,
                  const char *folder,
                  void (*told)(const char *disk, void *user),
                  void *user,
                  struct err *err)
{
    struct cleaning cleaning = {port, folder, told, user, true, err};

    return fs_list(folder, undo_one, &cleaning, err) && cleaning.ok &&
           fs_list(folder, drop_orphan, &cleaning, err) && cleaning.ok;
}
