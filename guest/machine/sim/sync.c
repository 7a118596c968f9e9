/* A lock with a signal. */
#include "guest/machine/sim/sync.h"

#include <stdlib.h>
#include <uv.h>

struct sync {
    uv_mutex_t lock;
    uv_cond_t changed;
};

struct sync *sync_new(void)
{
    struct sync *sync = calloc(1, sizeof(*sync));

    if (!sync)
        return NULL;
    if (uv_mutex_init(&sync->lock) != 0) {
        free(sync);
        return NULL;
    }
    if (uv_cond_init(&sync->changed) != 0) {
        uv_mutex_destroy(&sync->lock);
        free(sync);
        return NULL;
    }
    return sync;
}

void sync_free(struct sync *sync)
{
    if (!sync)
        return;
    uv_cond_destroy(&sync->changed);
    uv_mutex_destroy(&sync->lock);
    free(sync);
}

void sync_lock(struct sync *sync)
{
    uv_mutex_lock(&sync->lock);
}

void sync_unlock(struct sync *sync)
{
    uv_mutex_unlock(&sync->lock);
}

void sync_signal(struct sync *sync)
{
    uv_cond_broadcast(&sync->changed);
}

void sync_wait(struct sync *sync, int64_t timeout_ms)
{
    if (timeout_ms < 0)
        uv_cond_wait(&sync->changed, &sync->lock);
    else
        (void)uv_cond_timedwait(&sync->changed, &sync->lock, (uint64_t)timeout_ms * 1000000);
}
