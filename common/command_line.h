/*
 * One command line out of many arguments, quoted so that CommandLineToArgvW and the C runtime read
 * the same arguments back: how a Windows program that is started without a shell gets its words.
 * Pure.
 */
#ifndef GPUPV_COMMAND_LINE_H
#define GPUPV_COMMAND_LINE_H

#include "buf.h"

/* Appends one argument, in quotes when it needs them: some programs of Windows are older than the
 * rules and take a switch in quotes for a name. A program name (the first word) must not hold
 * quotes, which its reader does not take back. */
void command_line_put(struct buf *out, const char *arg);

/* Appends args, ended by NULL, with a space between. */
void command_line_put_all(struct buf *out, const char *const *args);

#endif
