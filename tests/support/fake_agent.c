/*
 * Stands in for gpupv-agent where a test is about the machine around it: `sim ...` does nothing and
 * succeeds, `run --data FOLDER ...` appends 'b' (with --boot) or 's' to FOLDER/starts and runs
 * until FOLDER/exit names an exit code, which it removes.
 */
#include "common/clock.h"
#include "common/fs.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MS 10

static const char *value_of(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return argv[i + 1];
    return NULL;
}

static bool boots(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--boot"))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    const char *data = value_of(argc, argv, "--data");
    char starts[FS_PATH_BYTES], leave[FS_PATH_BYTES];
    struct buf text;
    int code;

    if (argc < 2 || strcmp(argv[1], "run") != 0)
        return 0;
    if (!data || !fs_join(starts, data, "starts", NULL) || !fs_join(leave, data, "exit", NULL) ||
        !fs_append(starts, boots(argc, argv) ? "b" : "s", 1, FS_PRIVATE, NULL))
        return 99;
    buf_init(&text, 16);
    while (!fs_read(leave, 16, &text, NULL))
        clock_sleep_ms(clock_system(), POLL_MS);
    fs_remove(leave, NULL);
    code = atoi(buf_str(&text));
    buf_done(&text);
    return code;
}
