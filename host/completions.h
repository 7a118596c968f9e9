/*
 * Completion of command lines for shells, made from the tables of commands and options, so that it
 * never lags behind. Pure.
 */
#ifndef GPUPV_HOST_COMPLETIONS_H
#define GPUPV_HOST_COMPLETIONS_H

#include "common/buf.h"

#include <stdbool.h>

/* Appends the script for a shell ("bash", "powershell") to out; false for another shell. */
bool completions_write(const char *shell, struct buf *out);

/* The shells, ended by NULL. */
extern const char *const completions_shells[];

#endif
