/*
 * How far a long job is: one bar that redraws itself on a terminal, one plain line per step
 * elsewhere. With several jobs at once there are plain lines that begin with the VM's name. One
 * struct progress belongs to the thread of its job.
 */
#ifndef GPUPV_UI_PROGRESS_H
#define GPUPV_UI_PROGRESS_H

#include "common/ui/ui.h"

#define PROGRESS_FULL 1000

struct progress_line {
    char text[UI_TEXT_BYTES];
    unsigned permille;
    int64_t started_ms;
};

struct progress {
    struct ui *ui;
    const char *name; /* the VM; NULL for none */
    bool bar;         /* draws a bar */
    struct progress_line line;
};

/* Begins. name must outlive p; alone: no other job shares the terminal. */
void progress_begin(struct progress *p, struct ui *ui, const char *name, bool alone);

/* Shows the step and how much is done (0..PROGRESS_FULL). Calling it again with the same sentence
 * only moves the bar. Arguments as for ui_say. */
void progress_step(struct progress *p, unsigned permille, enum text_id id, ...) GPUPV_SENTINEL;

/* Takes the bar off the screen. */
void progress_end(struct progress *p);

/* For ui.c: removes or draws the bar, the terminal being locked. */
void progress_erase(struct ui *ui);
void progress_draw(struct ui *ui);

/* The bar as text of at most `cells` cells: "[####----]  42 %  Installing" (no escapes). Returns
 * out. */
const char *progress_render(
    char *out, size_t size, const struct progress_line *line, int64_t now_ms, unsigned cells);

#endif
