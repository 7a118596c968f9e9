/*
 * Stands in for libFuzzer where it is not linked: runs the fuzz target once over every file of the
 * folders named on the command line. Fails when a folder is missing or empty, so that a moved
 * corpus is noticed.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 4096

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    rewind(file);
    /* exactly as long as the input, so that a read past the end is seen by the sanitizer */
    data = malloc(size ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

static size_t replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t files = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir)) != NULL) {
        char path[PATH_BYTES];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        replay_file(path);
        files++;
    }
    closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t files = replay_folder(argv[i]);

        if (files == 0) {
            fprintf(stderr, "no seeds in %s\n", argv[i]);
            return 1;
        }
        printf("%zu inputs from %s\n", files, argv[i]);
    }
    return argc > 1 ? 0 : 1;
}
