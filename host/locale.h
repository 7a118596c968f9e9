/*
 * How this computer's person lives: formats, keyboard and time zone, which a new guest gets too
 * (flow F11). One implementation per system (locale_posix.c, locale_win32.c). Any thread.
 */
#ifndef GPUPV_HOST_LOCALE_H
#define GPUPV_HOST_LOCALE_H

#define LOCALE_NAME_BYTES 86 /* LOCALE_NAME_MAX_LENGTH */
#define LOCALE_ZONE_BYTES 128

struct host_locale {
    char formats[LOCALE_NAME_BYTES];   /* "de-DE" */
    char keyboard[LOCALE_NAME_BYTES];  /* "0407:00000407", or a name of formats for its usual one */
    char time_zone[LOCALE_ZONE_BYTES]; /* as Windows names it; "": not known */
};

/* What cannot be found out is American English. */
void host_locale(struct host_locale *ret_locale);

#endif
