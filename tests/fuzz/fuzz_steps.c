/* Steps files. Whatever stands there, looking at it is safe, and a run ends either with all steps
 * done and the file gone, or with an error and the file kept. */
#include "tests/fuzz/fuzz.h"

#include "common/fs.h"
#include "common/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* On a RAM disk where there is one: each run flushes several times. */
static const char *file_name(void)
{
    static char path[64];
    struct fs_stat disk;

    if (!path[0]) {
        bool there = fs_stat("/dev/shm", &disk, NULL) && disk.kind == FS_FOLDER;

        snprintf(path,
                 sizeof path,
                 "%sgpupv-fuzz-steps-%d",
                 there ? "/dev/shm/" : "",
                 (int)uv_os_getpid());
    }
    return path;
}

static void put_file(const uint8_t *data, size_t size)
{
    FILE *file = fopen(file_name(), "wb");

    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static bool act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)record;
    (void)err;
    ++*(int *)user;
    return true;
}

static bool undo(void *user, const cJSON *record, struct err *err)
{
    (void)user;
    (void)err;
    if (!cJSON_IsObject(record))
        abort();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct step rows[] = {
        {.name = "a", .title = TEXT_FILE_WRITE, .act = act, .undo = undo, .restore = undo},
        {.name = "b", .title = TEXT_FILE_WRITE, .act = act, .undo = undo},
    };
    static const struct steps_plan plan = {.name = "p", .rows = rows, .count = 2};
    struct steps_left left = {.plan = ""};
    struct err err = ERR_INIT;
    int acts = 0;
    bool looked;

    put_file(data, size);
    looked = steps_look(file_name(), &left, &err);
    if (!looked && !err_is_set(&err))
        abort();
    err_clear(&err);
    if (!steps_run(&plan, file_name(), &acts, NULL, &err)) {
        if (!err_is_set(&err) || acts)
            abort();
        fs_remove(file_name(), NULL);
        return 0;
    }
    if (!looked || acts > 2 || !steps_look(file_name(), &left, NULL) || left.plan[0])
        abort();
    return 0;
}
