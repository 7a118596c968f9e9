/* The progress bar. */
#include "common/ui/progress.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define BAR_CELLS     24
#define LINE_CELLS    80
#define PREFIX_BYTES  64
#define REDRAW_MARGIN 1 /* the last column would wrap on some terminals */

const char *progress_render(
    char *out, size_t size, const struct progress_line *line, int64_t now_ms, unsigned cells)
{
    char bar[BAR_CELLS + 1], head[PREFIX_BYTES];
    unsigned permille = line->permille > PROGRESS_FULL ? PROGRESS_FULL : line->permille;
    unsigned full = permille * BAR_CELLS / PROGRESS_FULL;
    int64_t spent_s = (now_ms - line->started_ms) / 1000;
    size_t used, fits;

    memset(bar, '-', BAR_CELLS);
    memset(bar, '#', full);
    bar[BAR_CELLS] = 0;
    snprintf(head,
             sizeof head,
             "[%s] %3u %% %2" PRId64 ":%02" PRId64 "  ",
             bar,
             permille / 10,
             spent_s / 60,
             spent_s % 60);
    used = strlen(head);
    fits = cells > used ? text_fit(line->text, cells - used) : 0;
    snprintf(out, size, "%.*s%.*s", (int)cells, head, (int)fits, line->text);
    return out;
}

void progress_erase(struct ui *ui)
{
    if (!ui->bar)
        return;
    fputs("\r\033[K", ui->errors);
    fflush(ui->errors);
}

void progress_draw(struct ui *ui)
{
    char text[UI_TEXT_BYTES + PREFIX_BYTES];
    unsigned cells = ui->width ? ui->width : LINE_CELLS;

    if (!ui->bar)
        return;
    progress_render(text,
                    sizeof text,
                    ui->bar,
                    clock_now_ms(clock_system()),
                    cells > REDRAW_MARGIN ? cells - REDRAW_MARGIN : 1);
    fprintf(ui->errors, "\r\033[K%s", text);
    fflush(ui->errors);
}

void progress_begin(struct progress *p, struct ui *ui, const char *name, bool alone)
{
    *p = (struct progress){.ui = ui, .name = name, .bar = alone && ui->bars && !ui->json};
    p->line.started_ms = clock_now_ms(clock_system());
}

/* One plain line: "name: sentence". */
static void plain(struct progress *p)
{
    char name[FILENAME_MAX > 256 ? 256 : FILENAME_MAX];

    ui_lock();
    if (p->name)
        fprintf(p->ui->errors, "%s: ", text_safe(name, sizeof name, p->name));
    fprintf(p->ui->errors, "%s\n", p->line.text);
    fflush(p->ui->errors);
    ui_unlock();
}

void progress_step(struct progress *p, unsigned permille, enum text_id id, ...)
{
    char text[UI_TEXT_BYTES], safe[TEXT_ARGS][256];
    const char *args[TEXT_ARGS];
    size_t count = 0;
    bool changed;
    va_list list;

    va_start(list, id);
    for (; count < TEXT_ARGS; count++) {
        const char *arg = va_arg(list, const char *);

        if (!arg)
            break;
        args[count] = text_safe(safe[count], sizeof safe[count], arg);
    }
    va_end(list);
    text_format(text, sizeof text, p->ui->lang, id, args, count);
    ui_lock();
    changed = strcmp(text, p->line.text) != 0;
    memcpy(p->line.text, text, sizeof text);
    /* never backwards: a person reads that as an error */
    if (permille > p->line.permille)
        p->line.permille = permille;
    if (p->bar) {
        p->ui->bar = &p->line;
        progress_draw(p->ui);
    } else if (changed && !p->ui->json) {
        plain(p);
    }
    ui_unlock();
}

void progress_end(struct progress *p)
{
    if (!p->ui || !p->bar)
        return;
    ui_lock();
    progress_erase(p->ui);
    p->ui->bar = NULL;
    ui_unlock();
}
