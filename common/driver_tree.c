#include "common/driver_tree.h"

#include <ctype.h>
#include <string.h>

static const struct place {
    const char *name, *folder;
    bool files;        /* directly below it */
    const char *below; /* the only folder below it that may have files, "": any */
} places[DRIVER_PLACES] = {
    [DRIVER_STORE] = {"store", "Windows/System32/HostDriverStore/FileRepository", false, ""},
    [DRIVER_SYSTEM32] = {"system32", "Windows/System32", true, "drivers/NVIDIA Corporation/"},
    [DRIVER_SYSWOW64] = {"syswow64", "Windows/SysWOW64", true, NULL},
    [DRIVER_PROGRAM_DATA] = {"programdata", "ProgramData", false, "NVIDIA Corporation/Drs/"},
};

const char *driver_place_name(enum driver_place place)
{
    return places[place].name;
}

const char *driver_place_folder(enum driver_place place)
{
    return places[place].folder;
}

/* Whether path begins with prefix, whatever the case of ASCII letters. */
static bool begins(const char *path, const char *prefix)
{
    for (; *prefix; path++, prefix++)
        if (tolower((unsigned char)*path) != tolower((unsigned char)*prefix))
            return false;
    return true;
}

bool driver_tree_split(const char *path, enum driver_place *ret_place, const char **ret_rest)
{
    for (int i = 0; i < DRIVER_PLACES; i++) {
        size_t length = strlen(places[i].name);

        /* the first component is ours, so its case is */
        if (strncmp(path, places[i].name, length) != 0 || path[length] != '/')
            continue;
        *ret_place = (enum driver_place)i;
        *ret_rest = path + length + 1;
        return true;
    }
    return false;
}

static bool is_place(const char *path)
{
    enum driver_place place = DRIVER_STORE;
    const char *rest = "";

    if (!strcmp(path, DRIVER_EXTRA_FILE))
        return true;
    if (!driver_tree_split(path, &place, &rest))
        return false;
    if (!strchr(rest, '/'))
        return places[place].files;
    return places[place].below && begins(rest, places[place].below);
}

bool driver_tree_check(const char *path, struct err *err)
{
    return manifest_check_path(path, err) &&
           (is_place(path) || err_set(err, ERR_UNSAFE, TEXT_DRIVER_PLACE, path, NULL));
}

static bool count_folder(const char *folder, void *user)
{
    (void)folder;
    return ++*(size_t *)user <= DRIVER_FOLDERS_MAX;
}

bool driver_tree_check_all(const struct manifest *files, struct err *err)
{
    size_t folders = 0;

    for (size_t i = 0; i < files->count; i++)
        if (!driver_tree_check(manifest_path(files, &files->entries[i]), err))
            return false;
    driver_tree_folders(files, count_folder, &folders);
    return folders <= DRIVER_FOLDERS_MAX ||
           err_set(
               err, ERR_TOO_LARGE, TEXT_DRIVER_MANY_FOLDERS, TEXT_NUM(DRIVER_FOLDERS_MAX), NULL);
}

void driver_tree_folders(const struct manifest *files,
                         bool (*visit)(const char *folder, void *user),
                         void *user)
{
    char last[FS_NAME_BYTES] = "", folder[FS_NAME_BYTES];

    for (size_t i = 0; i < files->count; i++) {
        enum driver_place place = DRIVER_PLACES;
        const char *rest = "", *slash;
        size_t length;

        if (!driver_tree_split(manifest_path(files, &files->entries[i]), &place, &rest) ||
            place != DRIVER_STORE || (slash = strchr(rest, '/')) == NULL)
            continue;
        length = (size_t)(slash - rest);
        if (length >= sizeof folder)
            continue;
        memcpy(folder, rest, length);
        folder[length] = '\0';
        if (!strcmp(folder, last))
            continue;
        text_copy(last, sizeof last, folder);
        if (!visit(folder, user))
            return;
    }
}
