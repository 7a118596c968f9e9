/*
 * What a person sees: sentences of the catalogue, errors with their hints, questions, and the one
 * JSON document of a run under --json. Normal output goes to `out`, errors and progress to
 * `errors`; under --json nothing but the document is written to `out`. Colours only on a terminal,
 * and not with NO_COLOR or --no-color. A struct ui is made once by main; ui_lock keeps the lines of
 * parallel work whole, everything else may be called from any thread.
 */
#ifndef GPUPV_UI_UI_H
#define GPUPV_UI_UI_H

#include "common/err.h"
#include "common/json.h"

#include <stdio.h>

enum ui_tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_DIM, TONE_TITLE, TONES };

#define UI_TEXT_BYTES 1024 /* of one sentence */

struct ui {
    FILE *out, *errors;
    bool json;         /* --json */
    bool yes;          /* --yes: questions answer themselves */
    bool verbose;      /* -v */
    bool out_colour;   /* escape sequences for colours on out */
    bool error_colour; /* and on errors */
    bool bars;         /* errors is a terminal that can redraw a line */
    bool interactive;  /* a person can answer questions */
    enum text_lang lang;
    unsigned width;            /* columns of out, 0: no limit */
    struct progress_line *bar; /* the bar that is on the screen, NULL: none; under ui_lock */
};

struct ui_options {
    bool json, yes, verbose, no_colour;
    enum text_lang lang;
};

/* Looks at the terminal and the environment. */
void ui_init(struct ui *ui, const struct ui_options *options);

/* Guards the terminal against other threads of this process. */
void ui_lock(void);
void ui_unlock(void);

/* Writes one sentence and a line end to out; arguments are `const char *` ended by NULL, made safe
 * for the terminal. Nothing under --json. */
void ui_say(struct ui *ui, enum ui_tone tone, enum text_id id, ...) GPUPV_SENTINEL;

/* The same to errors, also under --json. */
void ui_note(struct ui *ui, enum ui_tone tone, enum text_id id, ...) GPUPV_SENTINEL;

/* Writes text that is not of the catalogue (a log line, a help table), made safe, and a line end.
 * Nothing under --json. */
void ui_text(struct ui *ui, enum ui_tone tone, const char *text);

/* Shows an error and its hint on errors; subject is the VM's name or NULL. Nothing under --json:
 * there the error is part of the document. */
void ui_error(struct ui *ui, const char *subject, const struct err *err);

/* The error as a JSON object: id, kind, message, hint, args. Caller frees; NULL: no memory. */
cJSON *ui_error_json(const struct ui *ui, const struct err *err);

/* An object with "schema" ("gpupv.<name>") and "version", to be filled and given to ui_document.
 * NULL: no memory. */
cJSON *ui_document_new(const char *name);

/* Writes the document in one line, pure ASCII, and frees it. False when it could not be written. */
bool ui_document(struct ui *ui, cJSON *document, struct err *err);

/* Asks a yes-or-no question: true with --yes, false when nobody can answer. */
bool ui_confirm(struct ui *ui, enum text_id question, ...) GPUPV_SENTINEL;

/* The escape sequence that begins a tone, "" without colour; the one that ends it. */
const char *ui_tone_begin(enum ui_tone tone, bool colour);
const char *ui_tone_end(enum ui_tone tone, bool colour);

/* Writes size bytes as "512 B", "1.5 MB" into out and returns it. */
const char *ui_size_text(char *out, size_t size, uint64_t bytes);

/* Writes a time span as "12 s", "3 min", "2 h" in lang into out and returns it. */
const char *ui_span_text(char *out, size_t size, enum text_lang lang, int64_t span_ms);

#endif
