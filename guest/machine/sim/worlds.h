/*
 * The worlds that are built in: worlds/<name>.json, made into bytes by worlds/embed.cmake at build
 * time. A world may stand on another one: {"base": "healthy", "edits": ["display.adapter=missing"]}
 * takes the world `healthy` and applies edits (edit.h) to it while it is still switched off.
 */
#ifndef GPUPV_SIM_WORLDS_H
#define GPUPV_SIM_WORLDS_H

#include "guest/machine/sim/world.h"

struct worlds_entry {
    const char *name;
    const unsigned char *json;
    size_t length;
};

/* Generated: all worlds, ended by a NULL name, and their names, ended by NULL. */
extern const struct worlds_entry worlds_table[];
extern const char *const worlds_names[];

/* Reads a world from JSON text, bases and edits included; files are in memory. *ret_world must have
 * been initialised. now_ms: machine time of whatever the edits write. */
bool worlds_read(
    const char *text, size_t length, int64_t now_ms, struct world *ret_world, struct err *err);

/* The same by built-in name; ERR_NOT_FOUND with all names for an unknown one. */
bool worlds_load(const char *name, int64_t now_ms, struct world *ret_world, struct err *err);

#endif
