/*
 * A simulated Windows as JSON: world.json on the simulated disk, and the worlds that are built in.
 * Field names are those of struct world; absent fields have the defaults of world_init, unknown or
 * wrong ones are refused with their path. A world that is not yet unpacked carries its files in
 * "files": {"<root>": {"name": "text" or ["line", ...], "folder/": ""}}.
 */
#ifndef GPUPV_SIM_WORLD_JSON_H
#define GPUPV_SIM_WORLD_JSON_H

#include "guest/machine/sim/world.h"

/* Reads a world; *ret_world must have been initialised and is replaced. with_files: "files" is
 * allowed. */
bool world_parse(
    const char *text, size_t length, bool with_files, struct world *ret_world, struct err *err);

/* Appends the world without its files as text for people. */
bool world_print(const struct world *world, struct buf *out, struct err *err);

#endif
