/*
 * What the two editors of Parsec's configuration share: looking at each key of a file, noting how
 * it differs from what is wanted, and the kinds of values. Internal to guest/parsec/config*.c.
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_EDIT_H
#define GPUPV_GUEST_PARSEC_CONFIG_EDIT_H

#include "guest/parsec/config.h"

enum config_kind {
    CONFIG_KIND_SWITCH, /* 0 and 1; false and true mean the same */
    CONFIG_KIND_WORD,   /* false and true, as Parsec writes them; 0 and 1 mean the same */
    CONFIG_KIND_NUMBER,
    CONFIG_KIND_TEXT,
};

/* A piece of the input. */
struct config_span {
    const char *start;
    size_t length;
};

/* What the first pass over a file saw of one wanted line. */
struct config_seen {
    unsigned count;
    bool differs; /* at least one occurrence has another value */
    bool odd;     /* the last one has no value of its own */
    char found[PROFILE_VALUE_BYTES];
};

struct config_pass {
    const struct config_lines *wanted;
    struct config_seen seen[CONFIG_LINES];
};

enum config_mark { CONFIG_MARK_NONE, CONFIG_MARK_UTF8, CONFIG_MARK_UTF16 };

/* The byte order mark that text begins with. */
enum config_mark config_mark(struct config_span text);

/* The kind of a key; keys that are not in the table are judged by the value. */
enum config_kind config_kind(const char *key, const char *value);

/* The index of the wanted line with this key; CONFIG_LINES when it is not wanted. */
size_t config_wanted_index(const struct config_lines *wanted, struct config_span key);

/* True when the value in the file means what the wanted line asks for. */
bool config_agrees(const struct config_line *line, struct config_span value);

/* Notes one occurrence of wanted line `index` in the file. */
void config_note(struct config_pass *pass, size_t index, struct config_span value);

/* The same for an occurrence of another form, which agrees with nothing. */
void config_note_odd(struct config_pass *pass, size_t index);

/* True when the line has to be changed, added or taken out. */
bool config_pass_differs(const struct config_pass *pass, size_t index);

/* The two editors: bytes are UTF-8 without a byte order mark. The first pass fills pass; edit
 * writes the new file. Text never fails to be understood. */
void config_text_look(struct config_span input, struct config_pass *pass);
bool config_text_edit(struct config_span input, const struct config_pass *pass, struct buf *out);
bool config_json_look(struct config_span input, struct config_pass *pass, struct err *err);
bool config_json_edit(struct config_span input, const struct config_pass *pass, struct buf *out);

/* True when the first line is one of the wanted ones: a byte order mark before it would hide it. */
bool config_text_starts_wanted(struct config_span input, const struct config_lines *wanted);

#endif
