/* What is shown where, and how that is remembered. */
#include "display.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY          "display"
#define DATABASE_KEY KEY "\\Database"

enum { SET_BYTES = 32 };

/* A name for the set of connected monitors. */
static void name_set(const struct displays *displays, char *ret_name)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < displays->count; i++)
        for (const wchar_t *c = displays->all[i].monitor_path;; c++) {
            hash = (hash ^ (uint64_t)*c) * 1099511628211u;
            if (!*c)
                break;
        }
    snprintf(ret_name, SET_BYTES, "%016llx", (unsigned long long)hash);
}

size_t displays_primary(const struct displays *displays)
{
    size_t i = 0;

    while (i < displays->count && !(displays->all[i].shown.active && !displays->all[i].shown.x &&
                                    !displays->all[i].shown.y))
        i++;
    return i;
}

void displays_line_up(struct displays *displays, size_t primary)
{
    LONG right = (LONG)displays->all[primary].shown.width;

    displays->all[primary].shown.x = displays->all[primary].shown.y = 0;
    for (size_t i = 0; i < displays->count; i++) {
        struct display_rect *r = &displays->all[i].shown;

        if (i == primary || !r->active)
            continue;
        r->x = right;
        r->y = 0;
        right += (LONG)r->width;
    }
}

static void show_preferred(struct display *d)
{
    d->shown.width = d->preferred.width;
    d->shown.height = d->preferred.height;
    d->shown.hz = d->preferred.hz;
    d->shown.active = 1;
}

static void extend(struct displays *displays)
{
    for (size_t i = 0; i < displays->count; i++)
        show_preferred(&displays->all[i]);
    displays_line_up(displays, 0);
}

void displays_read(struct displays *ret_displays)
{
    struct display_rect rects[DISPLAY_MAX];
    char set[SET_BYTES];

    targets_read(ret_displays);
    name_set(ret_displays, set);
    if (!state_bytes(DATABASE_KEY, set, rects, (DWORD)(ret_displays->count * sizeof(rects[0])))) {
        extend(ret_displays);
        return;
    }
    for (size_t i = 0; i < ret_displays->count; i++) {
        struct display *d = &ret_displays->all[i];

        d->shown = rects[i];
        /* A custom mode that this plug-in no longer has gives way to the preferred one. */
        if (d->shown.active && !target_has_mode(d, d->shown.width, d->shown.height, &d->shown.hz))
            show_preferred(d);
    }
}

static bool overlap(const struct display_rect *a, const struct display_rect *b)
{
    return a->x < b->x + (LONG)b->width && b->x < a->x + (LONG)a->width &&
           a->y < b->y + (LONG)b->height && b->y < a->y + (LONG)a->height;
}

static bool possible(const struct displays *displays)
{
    if (displays_primary(displays) == displays->count)
        return false;
    for (size_t i = 0; i < displays->count; i++)
        for (size_t k = 0; k < i; k++)
            if (displays->all[i].shown.active && displays->all[k].shown.active &&
                overlap(&displays->all[i].shown, &displays->all[k].shown))
                return false;
    return true;
}

bool displays_write(struct displays *displays)
{
    struct display_rect rects[DISPLAY_MAX];
    char set[SET_BYTES];

    if (!possible(displays))
        return false;
    for (size_t i = 0; i < displays->count; i++)
        rects[i] = displays->all[i].shown;
    name_set(displays, set);
    state_set_bytes(DATABASE_KEY, false, set, rects, (DWORD)(displays->count * sizeof(rects[0])));
    return true;
}

struct display *display_of_target(struct displays *displays, LUID luid, uint32_t target)
{
    for (size_t i = 0; i < displays->count; i++) {
        struct display *d = &displays->all[i];

        if (d->luid.LowPart == luid.LowPart && d->luid.HighPart == luid.HighPart &&
            d->target == target)
            return d;
    }
    return NULL;
}
