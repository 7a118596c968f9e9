/*
 * `gpupv images build`: a disk that starts Windows, made from an image and with the agent in it,
 * for a VM that a person makes; it holds no key, so that `gpupv adopt` brings it. Needs no Hyper-V.
 * Journaled: a disk that a death left half-made is taken away by images_build_recover. Blocking;
 * main thread.
 */
#ifndef GPUPV_HOST_IMAGES_BUILD_H
#define GPUPV_HOST_IMAGES_BUILD_H

#include "host/command.h"

/* The options of `images`, which belong to `images build`. */
extern const struct option images_build_options[];

/* images build FILE --out DISK ... */
bool images_build(struct call *call, struct err *err);

/* Refuses options with another verb. ERR_USAGE. */
bool images_build_refuse_options(const struct call *call, struct err *err);

/* Takes away what builds that died left; calls told (may be NULL) with each disk. */
bool images_build_recover(struct call *call,
                          void (*told)(const char *disk, void *user),
                          void *user,
                          struct err *err);

#endif
