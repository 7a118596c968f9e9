/* All device nodes, in the order of the tree. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

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
    struct node node;

    for (DWORD i = 0; reg_child(path, i, name, PNP_ID_MAX); i++) {
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
}

static size_t depth_of(const struct node *node)
{
    struct node up = *node;
    wchar_t parent[PNP_ID_MAX];
    size_t depth = 0;

    while (wcscmp(up.id, ROOT_NODE) && depth < 16) {
        node_parent(&up, parent);
        if (!node_load(parent, &up))
            break;
        depth++;
    }
    return depth;
}

/* Parents first; nodes of one depth stay in the order of their keys. */
static void sort(struct tree *tree)
{
    for (size_t i = 1; i < tree->count; i++) {
        struct node node = tree->items[i];
        size_t depth = depth_of(&node), at = i;

        for (; at && depth_of(&tree->items[at - 1]) > depth; at--)
            tree->items[at] = tree->items[at - 1];
        tree->items[at] = node;
    }
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

    for (int depth = 0; depth < 16; depth++) {
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
