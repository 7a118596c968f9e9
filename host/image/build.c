/* From nothing to a disk that starts Windows. */
#include "host/image/build.h"

#include <string.h>

#define PERMILLE     1000
#define SPARE_BYTES  ((uint64_t)1 << 30)
#define GB           ((uint64_t)1 << 30)
#define ETA_PERMILLE 20 /* less says nothing about the rest */
#define ETA_MS       2000
#define LABEL        "Windows"

/* GPT of Microsoft's recommendation (imaging.md 1.2): the rest is Windows, no recovery partition.
 */
static const struct image_partition partitions[] = {
    {IMAGE_ESP, (uint64_t)260 << 20},
    {IMAGE_MSR, (uint64_t)16 << 20},
    {IMAGE_WINDOWS, 0},
};

/* What makes a disk start (imaging.md 0.3): bcdboot has said "done" without them. */
static const char *const start_files[] = {
    "EFI/Microsoft/Boot/bootmgfw.efi",
    "EFI/Microsoft/Boot/BCD",
    "EFI/Boot/bootx64.efi",
};

static const struct {
    enum text_id title;
    unsigned from, to; /* permille of the whole */
} stages[BUILD_STAGES] = {
    [BUILD_CHECK] = {TEXT_BUILD_STAGE_CHECK, 0, 5},
    [BUILD_DISK] = {TEXT_BUILD_STAGE_DISK, 5, 40},
    [BUILD_APPLY] = {TEXT_BUILD_STAGE_APPLY, 40, 900},
    [BUILD_START] = {TEXT_BUILD_STAGE_START, 900, 920},
    [BUILD_INJECT] = {TEXT_BUILD_STAGE_INJECT, 920, PERMILLE},
};

enum text_id build_stage_title(enum build_stage stage)
{
    return stages[stage].title;
}

/* One build. */
struct job {
    struct image_port *port;
    const struct build_request *request;
    const struct build_watch *watch;
    struct clock *clock;
    struct image_disk *disk;
    struct image_volume *windows, *esp;
    enum build_stage stage;
    int64_t since_ms; /* of the stage */
};

static int64_t left_ms(const struct job *job, unsigned permille)
{
    int64_t spent_ms = clock_now_ms(job->clock) - job->since_ms;

    if (job->stage != BUILD_APPLY || permille < ETA_PERMILLE || spent_ms < ETA_MS)
        return -1;
    return spent_ms * (PERMILLE - (int64_t)permille) / permille;
}

/* False when the caller wants to stop. permille is of the stage. */
static bool tell(unsigned permille, void *user)
{
    const struct job *job = user;
    unsigned from = stages[job->stage].from, to = stages[job->stage].to;
    struct build_progress progress = {.stage = job->stage,
                                      .permille = from + (to - from) * permille / PERMILLE,
                                      .left_ms = left_ms(job, permille)};

    return !job->watch || !job->watch->on_progress ||
           job->watch->on_progress(&progress, job->watch->user);
}

static bool enter(struct job *job, enum build_stage stage, struct err *err)
{
    job->stage = stage;
    job->since_ms = clock_now_ms(job->clock);
    return tell(0, job) || err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
}

/* ---- stages ---- */

/* Hard links count once for each name in what an image says of its size: three quarters of it are
 * on the safe side (imaging.md 1.11). */
static uint64_t bytes_on_disk(const struct build_request *request)
{
    return request->needed_bytes / 4 * 3;
}

static bool check_space(const struct build_request *request, struct err *err)
{
    uint64_t needed = bytes_on_disk(request), room = 0;
    char folder[FS_PATH_BYTES];

    if (needed > request->size_bytes)
        return err_set(err,
                       ERR_NO_SPACE,
                       TEXT_BUILD_DISK_SMALL,
                       TEXT_NUM((int64_t)(needed / GB + 1)),
                       TEXT_NUM((int64_t)(request->size_bytes / GB)),
                       NULL);
    text_copy(folder, sizeof folder, request->path);
    fs_parent(folder);
    if (!needed || !*folder)
        return true;
    if (!fs_free_space(folder, &room, err))
        return false;
    if (room >= needed + SPARE_BYTES)
        return true;
    err_set(err,
            ERR_NO_SPACE,
            TEXT_BUILD_HOST_FULL,
            folder,
            TEXT_NUM((int64_t)((needed + SPARE_BYTES) / GB + 1)),
            TEXT_NUM((int64_t)(room / GB)),
            NULL);
    return err_hint(err, TEXT_BUILD_HOST_FULL_HINT);
}

static bool check(struct job *job, struct err *err)
{
    return enter(job, BUILD_CHECK, err) && check_space(job->request, err) &&
           job->port->file->preflight(job->port, job->request->path, err);
}

static bool make_volumes(struct job *job, struct err *err)
{
    struct image_port *port = job->port;

    return port->disk->attach(port, job->request->path, IMAGE_WRITE, &job->disk, err) &&
           port->disk->layout(
               port, job->disk, partitions, sizeof partitions / sizeof *partitions, err) &&
           port->disk->volume(port, job->disk, IMAGE_ESP, &job->esp, err) &&
           port->disk->volume(port, job->disk, IMAGE_WINDOWS, &job->windows, err) &&
           port->volume->format(port, job->esp, IMAGE_FAT32, "", err) &&
           port->volume->format(port, job->windows, IMAGE_NTFS, LABEL, err);
}

static bool make_start(struct job *job, struct err *err)
{
    struct image_port *port = job->port;

    if (!enter(job, BUILD_START, err) ||
        !port->apply->boot(port, job->windows, job->esp, &job->request->boot, err))
        return false;
    for (size_t i = 0; i < sizeof start_files / sizeof *start_files; i++) {
        struct fs_stat stat;

        if (!port->tree->stat(port, job->esp, start_files[i], &stat, err))
            return false;
        if (stat.kind != FS_FILE || !stat.size_bytes)
            return err_set(err, ERR_FAILED, TEXT_BUILD_NO_START, start_files[i], NULL);
    }
    return true;
}

static bool inject(struct job *job, struct plan *plan, struct err *err)
{
    return enter(job, BUILD_INJECT, err) &&
           (!plan || plan_apply(plan, job->port, job->windows, tell, job, err));
}

static bool fill(struct job *job, struct err *err)
{
    struct image_port *port = job->port;

    return enter(job, BUILD_DISK, err) && make_volumes(job, err) && enter(job, BUILD_APPLY, err) &&
           port->apply->apply(port, &job->request->source, job->windows, tell, job, err) &&
           make_start(job, err) && inject(job, job->request->plan, err);
}

/* Lets go of the disk; an error that was there before stays the one that is told. */
static bool let_go(struct job *job, bool ok, struct err *err)
{
    ok = job->port->disk->detach(job->port, job->disk, ok ? err : NULL) && ok;
    job->disk = NULL;
    return ok;
}

static void prepare(struct job *job, struct image_port *port, const struct build_watch *watch)
{
    memset(job, 0, sizeof *job);
    job->port = port;
    job->watch = watch;
    job->clock = watch && watch->clock ? watch->clock : clock_system();
}

bool build_disk(struct image_port *port,
                const struct build_request *request,
                const struct build_watch *watch,
                struct err *err)
{
    struct err why = ERR_INIT;
    struct job job;
    bool ok;

    prepare(&job, port, watch);
    job.request = request;
    if (!check(&job, err))
        return err_context(err, TEXT_BUILD_MAKING, request->path);
    ok = port->disk->create(port, request->path, request->size_bytes, &why);
    if (!ok && why.kind == ERR_EXISTS) {
        /* somebody else was quicker: it is not ours to remove */
        if (err)
            *err = why;
        return false;
    }
    ok = let_go(&job, ok && fill(&job, &why), &why);
    if (ok)
        return true;
    port->disk->remove(port, request->path, NULL);
    if (err)
        *err = why;
    return err_context(err, TEXT_BUILD_MAKING, request->path);
}

bool build_inject(struct image_port *port,
                  const char *path,
                  struct plan *plan,
                  const struct build_watch *watch,
                  struct err *err)
{
    struct job job;
    bool ok;

    prepare(&job, port, watch);
    ok = port->disk->attach(port, path, IMAGE_WRITE, &job.disk, err) &&
         port->disk->volume(port, job.disk, IMAGE_WINDOWS, &job.windows, err) &&
         inject(&job, plan, err);
    return let_go(&job, ok, err);
}
