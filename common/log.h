/*
 * Logging at the edge: main, service and session log, libraries do not. One line per entry,
 * English, UTC with milliseconds, made safe for terminals; secrets are never passed in. Goes to
 * stderr or to a file that is rotated at LOG_FILE_BYTES (name.log, name.1.log). Safe on any thread.
 */
#ifndef GPUPV_LOG_H
#define GPUPV_LOG_H

#include "buf.h"
#include "err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define LOG_FILE_BYTES (1024 * 1024)

/* Sends the log to the file at path (private permissions, appended) instead of stderr. */
bool log_open(const char *path, struct err *err);

/* Closes the file; later lines go to stderr. */
void log_close(void);

/* Entries above level are dropped; the default is LOG_INFO. */
void log_set_level(enum log_level level);

/* Writes one entry; area is a short word ("session", "engine"). */
void log_write(enum log_level level, const char *area, const char *format, ...) GPUPV_PRINTF(3, 4);

/* Writes "what: <rendered err>". */
void log_err(enum log_level level, const char *area, const char *what, const struct err *err);

#endif
