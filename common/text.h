/*
 * The catalogue: every sentence a person can see, in English and Simplified Chinese, found by id.
 * Ids are in text_id.h; the rows stand in text_<section>.c, one file per section. A sentence has
 * placeholders {0}..{3} that either language may use in its own order. Also the helpers for showing
 * text: display width (CJK = 2 cells), cutting at character boundaries, and making strings of a
 * peer harmless for a terminal.
 *
 * Everything here is pure and safe on any thread, but for text_set_lang, which main calls once.
 */
#ifndef GPUPV_TEXT_H
#define GPUPV_TEXT_H

#include "text_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum text_lang { TEXT_EN, TEXT_ZH, TEXT_LANGS };

#define TEXT_ARGS 4

/* A number as an argument: TEXT_NUM(n) lives until the end of the enclosing block. */
#define TEXT_NUM(n) text_num((char[24]){0}, (int64_t)(n))

/* One row of the catalogue. */
struct text_row {
    const char *name; /* stable, for the wire and for --json: "link.refused" */
    const char *en;
    const char *zh;
};

/* One section: rows[i] belongs to id first + i. */
struct text_section {
    enum text_id first;
    enum text_id end;
    const struct text_row *rows;
    size_t count;
};

extern const struct text_section text_section_common;
extern const struct text_section text_section_link;
extern const struct text_section text_section_guest;
extern const struct text_section text_section_parsec;
extern const struct text_section text_section_host;
extern const struct text_section text_section_help;
extern const struct text_section text_section_image;
extern const struct text_section text_section_sim;
extern const struct text_section text_section_build;
extern const struct text_section text_section_disk;
extern const struct text_section text_section_service;
extern const struct text_section text_section_device;
extern const struct text_section text_section_driver;
extern const struct text_section text_section_windows;
extern const struct text_section text_section_setup;
extern const struct text_section text_section_hypervisor;
extern const struct text_section text_section_selftest;

/* All sections, ended by NULL. */
const struct text_section *const *text_sections(void);

/* The row of id; the row of TEXT_UNKNOWN when there is none. Never NULL. */
const struct text_row *text_row(enum text_id id);

/* The id of a stable name, TEXT_NONE when it is unknown. */
enum text_id text_by_name(const char *name);

/* The sentence of id with its placeholders, in lang. "" for TEXT_NONE. */
const char *text_raw(enum text_id id, enum text_lang lang);

/* Fills the placeholders of id with args (count of them; a missing one shows as "") into out, cut
 * at a character boundary, always terminated. Returns out. */
const char *text_format(char *out,
                        size_t size,
                        enum text_lang lang,
                        enum text_id id,
                        const char *const *args,
                        size_t count);

/* The process's language; text_set_lang is called once at the start, before threads. */
void text_set_lang(enum text_lang lang);
enum text_lang text_lang(void);

/* "en", "zh", "zh-CN", "zh_CN.UTF-8", ... to a language. False when it is neither. */
bool text_lang_parse(const char *name, enum text_lang *ret_lang);

/* Writes n in decimal into out (24 bytes) and returns out. */
const char *text_num(char *out, int64_t n);

/* Display cells of UTF-8 text (East Asian wide = 2, combining = 0). Bytes that are not UTF-8
 * count 1. */
size_t text_width(const char *utf8);

/* The number of leading bytes of utf8 that fit into cells, at a character boundary. */
size_t text_fit(const char *utf8, size_t cells);

/* Decodes the character at bytes, of which length can be read, into *ret_char; returns its length
 * in bytes, 0 when it is not well-formed (surrogates and overlong forms are not). */
size_t text_decode(const char *bytes, size_t length, uint32_t *ret_char);

/* Writes c as UTF-8 to out and returns the number of bytes; c is a character, not a surrogate. */
size_t text_encode(uint32_t c, char out[4]);

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool text_is_utf8(const char *bytes, size_t length);

/* Copies text into out for a terminal or log: control characters (C0, C1, DEL, bidi overrides)
 * become '?', bad UTF-8 too; cut at a character boundary; returns out. */
const char *text_safe(char *out, size_t size, const char *text);

/* True when name is one of those in names, which are separated by '|' ("Parsec Cloud, Inc.|Unity");
 * ASCII letters compare without case. An empty name is none. */
bool text_is_listed(const char *names, const char *name);

/* strlcpy that cuts at a character boundary; returns out. */
const char *text_copy(char *out, size_t size, const char *text);

#endif
