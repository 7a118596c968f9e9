/* Threads that share a list of work. */
#include "host/workers.h"

#include <uv.h>

#define WORKERS_MAX 64

struct crew {
    uv_mutex_t mutex;
    size_t next, count;
    void (*work)(size_t index, void *user);
    void *user;
};

static void run(void *arg)
{
    struct crew *crew = arg;

    for (;;) {
        size_t index;

        uv_mutex_lock(&crew->mutex);
        index = crew->next < crew->count ? crew->next++ : crew->count;
        uv_mutex_unlock(&crew->mutex);
        if (index == crew->count)
            return;
        crew->work(index, crew->user);
    }
}

void workers_run(size_t count, size_t parallel, void (*work)(size_t index, void *user), void *user)
{
    struct crew crew = {.count = count, .work = work, .user = user};
    size_t wanted = parallel < count ? parallel : count, started = 0;
    uv_thread_t threads[WORKERS_MAX];

    if (uv_mutex_init(&crew.mutex) != 0) {
        for (size_t i = 0; i < count; i++)
            work(i, user);
        return;
    }
    while (started + 1 < wanted && started < WORKERS_MAX &&
           uv_thread_create(&threads[started], run, &crew) == 0)
        started++;
    run(&crew);
    for (size_t i = 0; i < started; i++)
        uv_thread_join(&threads[i]);
    uv_mutex_destroy(&crew.mutex);
}
