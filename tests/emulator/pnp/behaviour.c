/* How a device carries itself: what a test wrote for its instance, else for one of its ids. */
#include "machine.h"

#include <string.h>
#include <wchar.h>

/* The key below Behaviour that has the value for this node. */
static bool find(const struct node *node, const wchar_t *name, wchar_t *ret_path)
{
    wchar_t ids[LIST_CHARS];

    path_of_id(ret_path, PNP_BEHAVIOUR, node->id);
    if (reg_has(ret_path, name))
        return true;
    node_list(node, L"HardwareID", ids);
    for (const wchar_t *id = ids; *id; id += wcslen(id) + 1) {
        path_of_id(ret_path, PNP_BEHAVIOUR, id);
        if (reg_has(ret_path, name))
            return true;
    }
    return false;
}

DWORD behaviour_number(const struct node *node, const wchar_t *name, DWORD otherwise)
{
    wchar_t path[PATH_CHARS];

    return find(node, name, path) ? reg_number(path, name, otherwise) : otherwise;
}

bool behaviour_text(const struct node *node, const wchar_t *name, wchar_t *ret_text, size_t max)
{
    wchar_t path[PATH_CHARS];

    *ret_text = L'\0';
    return find(node, name, path) && reg_text(path, name, ret_text, max);
}

bool behaviour_list(const struct node *node, const wchar_t *name, wchar_t *ret_list)
{
    wchar_t path[PATH_CHARS];

    memset(ret_list, 0, LIST_CHARS * sizeof(wchar_t));
    return find(node, name, path) && reg_list(path, name, ret_list);
}

/* Counts a number down; true while it was above 0, or when there is none. */
static bool count_down(const struct node *node, const wchar_t *name)
{
    wchar_t path[PATH_CHARS];
    DWORD left;

    if (!find(node, name, path))
        return true;
    left = reg_number(path, name, 0);
    if (left)
        reg_set_number(path, name, left - 1);
    return left;
}

static bool file_is_missing(const struct node *node)
{
    wchar_t path[PATH_CHARS];

    return !behaviour_text(node, L"StartProblemUntilFile", path, PATH_CHARS) ||
           GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES;
}

static bool version_is_lower(const struct node *node)
{
    wchar_t path[PATH_CHARS], wanted[32], have[32];

    if (!behaviour_text(node, L"StartProblemUntilVersion", wanted, 32))
        return true;
    node_driver_path(node, path);
    reg_text(path, L"DriverVersion", have, 32);
    return driver_version(have) < driver_version(wanted);
}

DWORD behaviour_start_problem(const struct node *node)
{
    DWORD problem = behaviour_number(node, L"StartProblem", 0);

    /* The counter comes last: only a start that it decides is counted. */
    if (!problem || !file_is_missing(node) || !version_is_lower(node) ||
        !behaviour_number(node, L"StartProblemBoots", 1) ||
        !count_down(node, L"StartProblemStarts"))
        return 0;
    return problem;
}

void behaviour_boot(void)
{
    wchar_t name[PNP_ID_MAX], path[PATH_CHARS];
    DWORD left;

    for (DWORD i = 0; reg_child(PNP_BEHAVIOUR, i, name, PNP_ID_MAX); i++) {
        path_join(path, PNP_BEHAVIOUR, name);
        left = reg_number(path, L"StartProblemBoots", 0);
        if (left)
            reg_set_number(path, L"StartProblemBoots", left - 1);
    }
}
