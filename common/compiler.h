/*
 * What differs between compilers, as macros that are empty where a compiler lacks the thing. The
 * only portable file that may ask which compiler or system it is.
 */
#ifndef GPUPV_COMPILER_H
#define GPUPV_COMPILER_H

#include <stdio.h> /* mingw's defines __MINGW_PRINTF_FORMAT */

/* GPUPV_PRINTF(fmt, first): argument fmt is a printf format for the arguments from first on.
 * GPUPV_SENTINEL: the list of arguments ends with NULL. */
#if defined(__MINGW32__)
#define GPUPV_PRINTF(fmt, first) __attribute__((format(__MINGW_PRINTF_FORMAT, fmt, first)))
#define GPUPV_SENTINEL           __attribute__((sentinel))
#elif defined(__GNUC__)
#define GPUPV_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define GPUPV_SENTINEL           __attribute__((sentinel))
#else
#define GPUPV_PRINTF(fmt, first)
#define GPUPV_SENTINEL
#endif

#endif
