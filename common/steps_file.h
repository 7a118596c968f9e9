/*
 * The steps file: what it says, and appending to it. Private to steps*.c.
 */
#ifndef GPUPV_STEPS_FILE_H
#define GPUPV_STEPS_FILE_H

#include "steps.h"

enum steps_event { STEPS_BEGUN, STEPS_DONE, STEPS_UNDONE, STEPS_EVENTS };

/* What the file says of one step. */
struct steps_entry {
    char name[STEPS_NAME_BYTES];
    enum steps_event state;
    cJSON *record;
};

struct steps_file {
    const char *path;
    char plan[STEPS_NAME_BYTES]; /* "": there is no file */
    bool undoing;
    bool torn; /* the last line was cut short */
    size_t count;
    struct steps_entry entries[STEPS_MAX]; /* in the order in which they began */
};

/* Reads the file at path, which is kept by pointer; a missing one is fine. End with
 * steps_file_done, also after failure. */
bool steps_file_load(struct steps_file *file, const char *path, struct err *err);

/* Frees the records. */
void steps_file_done(struct steps_file *file);

/* Starts the file for a plan. */
bool steps_file_start(struct steps_file *file, const char *plan, struct err *err);

/* Says that undoing begins, flushed. */
bool steps_file_undo(struct steps_file *file, struct err *err);

/* Writes an event of a step with its record (a copy is kept), flushed. */
bool steps_file_event(struct steps_file *file,
                      const char *step,
                      enum steps_event event,
                      const cJSON *record,
                      struct err *err);

/* The entry of a step, NULL when it never began or was undone. */
struct steps_entry *steps_file_find(struct steps_file *file, const char *step);

/* Removes the file: all is done, or undone. */
bool steps_file_finish(struct steps_file *file, struct err *err);

#endif
