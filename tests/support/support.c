/* Helpers shared by all test programs. */
#include "tests/support/support.h"

#include "common/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
