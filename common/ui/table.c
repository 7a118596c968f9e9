/* Tables by display cells. */
#include "common/ui/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GAP          2
#define CELL_BYTES   2048
#define TABLE_CELLS  100000
#define RENDER_BYTES ((size_t)16 << 20)

struct cell {
    char *text;
    enum ui_tone tone;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct cell *cells;
    size_t count, room;
    bool failed;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
    struct table *table = calloc(1, sizeof *table);

    assert(count > 0 && count <= TABLE_COLUMNS);
    if (table) {
        table->columns = columns;
        table->column_count = count;
    }
    return table;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

static bool grow(struct table *table)
{
    size_t room = table->room ? table->room * 2 : 64;
    struct cell *cells;

    if (table->count < table->room)
        return true;
    cells = room > TABLE_CELLS ? NULL : realloc(table->cells, room * sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

void table_cell(struct table *table, enum ui_tone tone, const char *text)
{
    char safe[CELL_BYTES];
    struct cell *cell;
    size_t length;

    if (!table || table->failed)
        return;
    if (!grow(table)) {
        table->failed = true;
        return;
    }
    length = strlen(text_safe(safe, sizeof safe, text));
    cell = &table->cells[table->count];
    cell->tone = tone;
    cell->text = malloc(length + 1);
    if (!cell->text) {
        table->failed = true;
        return;
    }
    memcpy(cell->text, safe, length + 1);
    table->count++;
}

void table_text(struct table *table, const struct ui *ui, enum ui_tone tone, enum text_id id)
{
    table_cell(table, tone, text_raw(id, ui->lang));
}

size_t table_rows(const struct table *table)
{
    return table ? table->count / table->column_count : 0;
}

struct layout {
    enum text_lang lang;
    bool colour, titles;
    size_t widths[TABLE_COLUMNS];
};

static void measure(const struct table *table, struct layout *layout)
{
    for (size_t c = 0; c < table->column_count; c++) {
        enum text_id title = table->columns[c].title;

        if (title != TEXT_NONE)
            layout->titles = true;
        layout->widths[c] = text_width(text_raw(title, layout->lang));
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t width = text_width(table->cells[i].text), c = i % table->column_count;

        if (width > layout->widths[c])
            layout->widths[c] = width;
    }
}

/* Takes cells from the widest column that may shrink until the table fits. */
static void shrink(const struct table *table, struct layout *layout, size_t limit)
{
    for (;;) {
        size_t total = GAP * (table->column_count - 1), widest = table->column_count;

        for (size_t c = 0; c < table->column_count; c++) {
            bool may = table->columns[c].least && layout->widths[c] > table->columns[c].least;

            total += layout->widths[c];
            if (may &&
                (widest == table->column_count || layout->widths[c] > layout->widths[widest]))
                widest = c;
        }
        if (total <= limit || widest == table->column_count)
            return;
        layout->widths[widest]--;
    }
}

static void put_spaces(struct buf *out, size_t count)
{
    for (; count; count--)
        buf_puts(out, " ");
}

/* Bytes of text that go into one line of `cells` cells: whole words when there are any. */
static size_t line_bytes(const char *text, size_t cells)
{
    size_t fits = text_fit(text, cells), cut;

    if (!text[fits])
        return fits;
    for (cut = fits; cut && text[cut] != ' '; cut--)
        continue;
    if (cut)
        return cut;
    if (fits)
        return fits;
    /* a wide character in a column of one cell: go on, whatever it looks like */
    for (fits = 1; ((unsigned char)text[fits] & 0xc0) == 0x80; fits++)
        continue;
    return fits;
}

/* One piece of a cell padded to its column; the last column has no trailing spaces. */
static void put_piece(struct buf *out,
                      const struct layout *layout,
                      const struct table *table,
                      size_t c,
                      const char *text,
                      size_t bytes,
                      const char *more,
                      enum ui_tone tone)
{
    char piece[CELL_BYTES];
    size_t width, pad;

    text_copy(piece, bytes + 1 < sizeof piece ? bytes + 1 : sizeof piece, text);
    width = text_width(piece) + text_width(more);
    pad = layout->widths[c] > width ? layout->widths[c] - width : 0;
    if (table->columns[c].right)
        put_spaces(out, pad);
    buf_puts(out, ui_tone_begin(tone, layout->colour));
    buf_puts(out, piece);
    buf_puts(out, more);
    buf_puts(out, ui_tone_end(tone, layout->colour));
    if (c + 1 < table->column_count)
        put_spaces(out, (table->columns[c].right ? 0 : pad) + GAP);
}

static void put_cell(struct buf *out,
                     const struct layout *layout,
                     const struct table *table,
                     size_t c,
                     const char *text,
                     enum ui_tone tone)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    size_t width = layout->widths[c], indent = 0;

    if (text_width(text) <= width) {
        put_piece(out, layout, table, c, text, strlen(text), "", tone);
        return;
    }
    if (!table->columns[c].wrap) {
        put_piece(out, layout, table, c, text, text_fit(text, width - 1), ellipsis, tone);
        return;
    }
    for (size_t i = 0; i < c; i++)
        indent += layout->widths[i] + GAP;
    while (*text) {
        size_t bytes = line_bytes(text, width);

        put_piece(out, layout, table, c, text, bytes, "", tone);
        text += bytes;
        text += strspn(text, " ");
        if (*text) {
            buf_puts(out, "\n");
            put_spaces(out, indent);
        }
    }
}

static void end_line(struct buf *out)
{
    while (out->len && out->data[out->len - 1] == ' ')
        out->data[--out->len] = 0;
    buf_puts(out, "\n");
}

void table_render(
    struct table *table, enum text_lang lang, unsigned width, bool colour, struct buf *out)
{
    struct layout layout = {.lang = lang, .colour = colour};

    if (!table || table->failed) {
        buf_puts(out, text_raw(TEXT_OUT_OF_MEMORY, lang));
        buf_puts(out, "\n");
        return;
    }
    assert(table->count % table->column_count == 0);
    measure(table, &layout);
    if (width)
        shrink(table, &layout, width);
    for (size_t c = 0; layout.titles && c < table->column_count; c++)
        put_cell(out, &layout, table, c, text_raw(table->columns[c].title, lang), TONE_TITLE);
    if (layout.titles)
        end_line(out);
    for (size_t i = 0; i < table->count; i++) {
        size_t c = i % table->column_count;

        put_cell(out, &layout, table, c, table->cells[i].text, table->cells[i].tone);
        if (c + 1 == table->column_count)
            end_line(out);
    }
}

void table_print(struct table *table, struct ui *ui)
{
    struct buf text;

    if (ui->json)
        return;
    buf_init(&text, RENDER_BYTES);
    table_render(table, ui->lang, ui->width, ui->out_colour, &text);
    ui_lock();
    fputs(buf_str(&text), ui->out);
    fflush(ui->out);
    ui_unlock();
    buf_done(&text);
}
