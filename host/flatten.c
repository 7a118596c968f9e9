/* From a child to a disk of its own. */
#include "host/flatten.h"

#include "common/steps.h"
#include "common/ui/console.h"
#include "host/disk.h"
#include "host/image/golden.h"
#include "host/journal.h"
#include "host/up_disk.h"

#include <stdlib.h>
#include <string.h>

#define KIND     "flatten-"
#define COPY_END ".flat.vhdx" /* our copy while it is made */
#define OLD_END  ".old.vhdx"  /* the child while the copy takes its place */

struct job {
    struct call *call;
    struct image_port *port;
    struct progress *progress; /* NULL: none */
    struct steps *steps;       /* while copying */
    char path[FS_PATH_BYTES], copy[FS_PATH_BYTES], old[FS_PATH_BYTES];
};

static bool name_files(struct job *job, const char *path, struct err *err)
{
    text_copy(job->path, sizeof job->path, path);
    if (strlen(path) + sizeof COPY_END > FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, path, "", NULL);
    text_copy(job->copy, sizeof job->copy, path);
    text_copy(job->copy + strlen(path), sizeof job->copy - strlen(path), COPY_END);
    text_copy(job->old, sizeof job->old, path);
    text_copy(job->old + strlen(path), sizeof job->old - strlen(path), OLD_END);
    return true;
}

static bool there(const char *path, bool *ret_there, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    *ret_there = stat.kind != FS_MISSING;
    return true;
}

/* Renames unless it was done already. */
static bool move(const char *from, const char *to, struct err *err)
{
    bool source = false, target = false;

    if (!there(from, &source, err) || !there(to, &target, err))
        return false;
    return (!source && target) || fs_rename(from, to, err);
}

/* ---- steps ---- */

static bool prepare(void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    return cJSON_AddStringToObject(record, "path", job->path) || err_no_memory(err);
}

static bool restore(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;
    char path[FS_PATH_BYTES];

    return json_string_into(record, "path", NULL, path, sizeof path, err) &&
           name_files(job, path, err);
}

static bool on_progress(unsigned permille, void *user)
{
    struct job *job = user;

    if (job->progress)
        progress_step(job->progress, permille, TEXT_BUILD_COPYING, job->path, NULL);
    return !steps_is_cancelled(job->steps);
}

static bool copy_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;
    struct fs_lock *family = NULL;
    bool ok;

    (void)record;
    job->steps = steps;
    ok = disk_lock_family(job->call, job->port, job->path, &family, err) &&
         job->port->file->copy(job->port, job->copy, job->path, false, on_progress, job, err);
    fs_unlock(family);
    return ok;
}

static bool copy_undo(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;

    return restore(user, record, err) && job->port->disk->remove(job->port, job->copy, err);
}

static bool aside_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    (void)steps;
    (void)record;
    return move(job->path, job->old, err);
}

static bool aside_undo(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;
    bool old = false;

    return restore(user, record, err) && there(job->old, &old, err) &&
           (!old || move(job->old, job->path, err));
}

static bool place_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;

    (void)steps;
    (void)record;
    return move(job->copy, job->path, err);
}

static bool place_undo(void *user, const cJSON *record, struct err *err)
{
    struct job *job = user;
    bool old = false, placed = false;

    /* the copy goes back to its name only while the child waits for its own */
    return restore(user, record, err) && there(job->old, &old, err) &&
           there(job->path, &placed, err) && (!old || !placed || move(job->path, job->copy, err));
}

static bool drop_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct job *job = user;
    char folder[FS_PATH_BYTES];

    (void)steps;
    (void)record;
    return job->port->disk->remove(job->port, job->old, err) &&
           up_disk_golden_folder(job->call, folder, err) && golden_forget(folder, job->path, err);
}

/* The new disk is in its place: whatever happens now, the way goes on. */
#define POINT_OF_NO_RETURN 3

static const struct step rows[] = {
    {.name = "copy",
     .title = TEXT_BUILD_FLATTENING,
     .weight = 97,
     .prepare = prepare,
     .act = copy_act,
     .undo = copy_undo,
     .restore = restore},
    {.name = "aside",
     .title = TEXT_BUILD_FLATTENING,
     .prepare = prepare,
     .act = aside_act,
     .undo = aside_undo,
     .restore = restore},
    {.name = "place",
     .title = TEXT_BUILD_FLATTENING,
     .prepare = prepare,
     .act = place_act,
     .undo = place_undo,
     .restore = restore},
    {.name = "drop", .title = TEXT_BUILD_FLATTENING, .prepare = prepare, .act = drop_act},
};

static struct steps_plan plan_of(const char *name)
{
    return (struct steps_plan){.name = name, .rows = rows, .count = sizeof rows / sizeof *rows};
}

static bool is_cancelled(void *user)
{
    (void)user;
    return console_is_interrupted();
}

static const struct steps_watch watch = {.cancelled = is_cancelled};

/* Ends what died earlier, in the direction that is left. */
static bool settle(const struct journal *journal, struct job *job, struct err *err)
{
    struct steps_plan plan = plan_of(journal->name);
    struct steps_left left;

    if (!steps_look(journal->path, &left, err))
        return false;
    if (!*left.plan)
        return true;
    return left.done >= POINT_OF_NO_RETURN ? steps_run(&plan, journal->path, job, NULL, err)
                                           : steps_undo(&plan, journal->path, job, NULL, err);
}

static bool check(struct call *call, const char *path, bool *ret_child, struct err *err)
{
    struct image_look *look = calloc(1, sizeof *look);
    struct image_port *port = NULL;
    struct offline_others others;
    struct disk_list list;
    bool ok;

    if (!look)
        return err_no_memory(err);
    ok = disk_list(call, &list, err);
    if (ok) {
        others = (struct offline_others){list.rows, list.count};
        ok = disk_open_port(call, &port, err) && offline_check(port, path, &others, look, err);
        disk_list_done(&list);
    }
    image_free(port);
    if (ok)
        *ret_child = *look->parent != 0;
    free(look);
    return ok;
}

/* The work under its journal. */
static bool run(const struct journal *journal,
                const char *path,
                struct job *job,
                bool *ret_changed,
                struct err *err)
{
    struct steps_plan plan = plan_of(journal->name);
    struct err why = ERR_INIT;

    if (!settle(journal, job, err) || !check(job->call, path, ret_changed, err) ||
        !name_files(job, path, err))
        return false;
    if (!*ret_changed || steps_run(&plan, journal->path, job, &watch, &why))
        return true;
    settle(journal, job, NULL);
    if (err)
        *err = why;
    return false;
}

bool flatten_disk(struct call *call,
                  const char *path,
                  struct progress *progress,
                  bool *ret_changed,
                  struct err *err)
{
    struct job job = {.call = call, .progress = progress};
    struct journal journal;
    bool ok;

    if (!journal_open(call, KIND, path, &journal, err))
        return false;
    ok = disk_open_port(call, &job.port, err) && run(&journal, path, &job, ret_changed, err);
    image_free(job.port);
    journal_close(&journal);
    return ok;
}

/* ---- what died ---- */

struct recovery {
    struct job job;
    void (*told)(const char *disk, void *user);
    void *user;
};

static bool recover(const struct journal *journal, void *user, struct err *err)
{
    struct recovery *recovery = user;
    struct job *job = &recovery->job;

    *job->path = 0;
    if (!settle(journal, job, err))
        return false;
    if (*job->path && recovery->told)
        recovery->told(job->path, recovery->user);
    return true;
}

bool flatten_recover(struct call *call,
                     void (*told)(const char *disk, void *user),
                     void *user,
                     struct err *err)
{
    struct recovery recovery = {.job = {.call = call}, .told = told, .user = user};
    bool ok = disk_open_port(call, &recovery.job.port, err) &&
              journal_each(call, KIND, recover, &recovery, err);

    image_free(recovery.job.port);
    return ok;
}
