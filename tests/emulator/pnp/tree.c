/* All device nodes, in the order of the tree. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { DEPTH_MAX = 16 };

static void tree_add(struct tree *tree, const struct node *node)
{
    if ((tree->count & (tree->count + 1)) == 0 || tree->count == 0) {
        size_t room = tree->count ? (tree->count + 1) * 2 : 2;
        struct node *items = realloc(tree->items, room * sizeof(*items));

        if (!items)
            return;
        tree->items = items;
    }
    tree->items[tree->count++] = *node;
}

/* Enumerator, device id, instance: three levels of keys. */
static void collect(struct tree *tree, const wchar_t *path, const wchar_t *id, int level)
{
    wchar_t name[PNP_ID_MAX], below[PATH_CHARS], child[PATH_CHARS];
    HKEY key = reg_open(path, false);
    struct node node;

    for (DWORD i = 0; reg_child_of(key, i, name, PNP_ID_MAX); i++) {
        path_join(below, path, name);
        if (*id)
            path_join(child, id, name);
        else
            wcscpy(child, name);
        if (level < 2)
            collect(tree, below, child, level + 1);
        else if (node_load(child, &node))
            tree_add(tree, &node);
    }
    if (key)
        RegCloseKey(key);
}

static int depth_of(const struct tree *tree, const struct node *node)
{
    wchar_t parent[PNP_ID_MAX];
    int depth = 0;

    node_parent(node, parent);
    while (wcscmp(parent, ROOT_NODE) != 0 && ++depth < DEPTH_MAX) {
        size_t i = 0;

        while (i < tree->count && _wcsicmp(tree->items[i].id, parent) != 0)
            i++;
        if (i == tree->count)
            break;
        node_parent(&tree->items[i], parent);
    }
    return depth;
}

/* Parents first; nodes of one depth stay in the order of their keys. */
static void sort(struct tree *tree)
{
    struct node *sorted = malloc((tree->count + 1) * sizeof(*sorted));
    int *depths = malloc((tree->count + 1) * sizeof(*depths));
    size_t count = 0;

    for (size_t i = 0; sorted && depths && i < tree->count; i++)
        depths[i] = depth_of(tree, &tree->items[i]);
    for (int depth = 0; sorted && depths && depth <= DEPTH_MAX; depth++)
        for (size_t i = 0; i < tree->count; i++)
            if (depths[i] == depth)
                sorted[count++] = tree->items[i];
    free(depths);
    if (count != tree->count) {
        free(sorted);
        return;
    }
    free(tree->items);
    tree->items = sorted;
}

void tree_load(struct tree *ret_tree)
{
    struct tree tree = {.items = NULL};

    collect(&tree, ENUM_ROOT, L"", 0);
    sort(&tree);
    *ret_tree = tree;
}

void tree_done(struct tree *tree)
{
    free(tree->items);
    tree->items = NULL;
    tree->count = 0;
}

void node_parent(const struct node *node, wchar_t *ret_id)
{
    wchar_t path[PATH_CHARS];

    node_path(node, path);
    if (!reg_text(path, L"Parent", ret_id, PNP_ID_MAX))
        wcscpy(ret_id, ROOT_NODE);
}

bool node_is_below(const struct node *node, const wchar_t *ancestor)
{
    struct node up = *node;
    wchar_t parent[PNP_ID_MAX];

    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        if (!_wcsicmp(up.id, ancestor))
            return true;
        if (!wcscmp(up.id, ROOT_NODE))
            break;
        node_parent(&up, parent);
        if (!node_load(parent, &up))
            break;
    }
    return false;
}
