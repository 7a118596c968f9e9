/* Helpers shared by all test programs. */
#include "tests/support/support.h"

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
