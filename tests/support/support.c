/* Helpers shared by all test programs. */
#include "tests/support/support.h"

#include "common/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

char *support_data_path(const char *relative)
{
    const char *root = getenv("GPUPV_TEST_DATA");
    char *path;
    size_t size;

    assert_non_null(root);
    size = strlen(root) + strlen(relative) + 2;
    path = malloc(size);
    assert_non_null(path);
    snprintf(path, size, "%s/%s", root, relative);
    return path;
}

const char *support_folder(const char *name)
{
    struct err err = ERR_INIT;
    char text[512];

    if (!fs_remove_tree(name, &err) || !fs_make_dirs(name, FS_PRIVATE, &err))
        fail_msg("%s", err_message(&err, TEXT_EN, text, sizeof text));
    return name;
}

static char ram_folder[200];

static void remove_ram_folder(void)
{
    fs_remove_tree(ram_folder, NULL);
}

const char *support_ram_folder(void)
{
    static const char disk[] = "/dev/shm";
    struct fs_stat found;

    if (!ram_folder[0]) {
        bool there = fs_stat(disk, &found, NULL) && found.kind == FS_FOLDER;

        snprintf(ram_folder,
                 sizeof ram_folder,
                 "%s%sgpupv-test-%d",
                 there ? disk : "",
                 there ? "/" : "",
                 (int)uv_os_getpid());
        atexit(remove_ram_folder);
    }
    return support_folder(ram_folder);
}
