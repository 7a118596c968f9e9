/* What of processes is the same everywhere. */
#include "host/process.h"

#include "common/clock.h"

struct run {
    struct buf *out;
    int64_t deadline_at;
};

static bool keep(const void *bytes, size_t length, void *user, struct err *err)
{
    struct run *run = user;

    if (length && !buf_put(run->out, bytes, length))
        return err_set(
            err, ERR_TOO_LARGE, TEXT_HOST_PROCESS_OUTPUT, TEXT_NUM(PROCESS_OUTPUT_BYTES), NULL);
    return clock_now_ms(clock_system()) <= run->deadline_at ||
           err_set(err, ERR_TIMEOUT, TEXT_HOST_PROCESS_TIMEOUT, NULL);
}

bool process_run(const char *path,
                 const char *const *args,
                 int64_t deadline_ms,
                 struct buf *out,
                 int *ret_code,
                 struct err *err)
{
    struct run run = {out, clock_now_ms(clock_system()) + deadline_ms};

    return process_watch(path, args, keep, &run, ret_code, err);
}
