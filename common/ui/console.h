/*
 * The terminal as the operating system has it: UTF-8 in and out, its width, and the command line as
 * UTF-8. One implementation per system (console_posix.c, console_win32.c). Main thread only.
 */
#ifndef GPUPV_UI_CONSOLE_H
#define GPUPV_UI_CONSOLE_H

#include "common/err.h"

#include <stddef.h>
#include <stdio.h>

/* First of all in main: libraries come from the system alone, and the console speaks UTF-8 and
 * escape sequences, which is undone at exit. */
void console_open(void);

/* The command line as UTF-8; argv is what main got. The result lives until the process ends, NULL
 * when there is no memory or an argument is not text. */
char **console_args(int *argc, char **argv);

/* True when stream is a terminal. */
bool console_is_terminal(FILE *stream);

/* True when the terminal behind stream understands colours and cursor movement. */
bool console_has_escapes(FILE *stream);

/* Reads a line that a person types, without showing it; the line end is not part of it. False when
 * there is no terminal to ask on, it was ended, or the line is too long or no text. */
bool console_secret(char *out, size_t size);

/* Columns of the terminal behind stream, 0 when unknown. */
unsigned console_width(FILE *stream);

/* From now on Ctrl+C (and what else asks a program to end) is only remembered, for work that takes
 * back what it began; asked a second time, the program ends at once. */
void console_watch_interrupt(void);

/* Whether that was asked for since console_watch_interrupt. Any thread. */
bool console_is_interrupted(void);

/* The language of the user's surroundings; English when it is neither. */
enum text_lang console_lang(void);

/* What to return from main for an exit code: the same where the system keeps it, 10 for 3010 where
 * codes have 8 bits. */
int console_exit_code(int code);

/* True when this process may administer the machine: root, or an elevated administrator. */
bool console_is_admin(void);

#endif
