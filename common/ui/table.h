/*
 * Tables for people: columns aligned by display cells (a CJK character is two), titles from the
 * catalogue, cut or wrapped at character boundaries when the terminal is narrow. Cells are made
 * safe for the terminal. A table that ran out of memory says so when it is printed. Not shared
 * between threads.
 */
#ifndef GPUPV_UI_TABLE_H
#define GPUPV_UI_TABLE_H

#include "common/ui/ui.h"

#define TABLE_COLUMNS 10

struct table_column {
    enum text_id title; /* TEXT_NONE: no title line when all are */
    bool right;         /* numbers */
    unsigned least;     /* cells it may shrink to; 0: never shrinks */
    bool wrap;          /* continues below instead of being cut; last column only */
};

struct table;

/* columns must outlive the table. NULL when out of memory; all functions take that. */
struct table *table_new(const struct table_column *columns, size_t count);

/* NULL is fine. */
void table_free(struct table *table);

/* Appends the next cell, row by row. */
void table_cell(struct table *table, enum ui_tone tone, const char *text);

/* The same with a sentence of the catalogue. */
void table_text(struct table *table, const struct ui *ui, enum ui_tone tone, enum text_id id);

/* Number of whole rows. */
size_t table_rows(const struct table *table);

/* Prints to ui->out unless --json; frees nothing. */
void table_print(struct table *table, struct ui *ui);

/* Renders into out for a width (0: no limit), as table_print does. */
void table_render(
    struct table *table, enum text_lang lang, unsigned width, bool colour, struct buf *out);

#endif
