/*
 * Parsec's configuration as parsecd treats it: config.txt ("key = value") or config.json. A small
 * reader and editor of the simulation's own, on purpose apart from the agent's, so that one does
 * not hide the faults of the other. Pure.
 */
#ifndef GPUPV_SIM_PARSECD_CONFIG_H
#define GPUPV_SIM_PARSECD_CONFIG_H

#include "common/buf.h"

/* The value of key in a config.txt or config.json (json), "" when absent. Returns out. */
const char *
parsecd_config_get(const char *text, bool json, const char *key, char *out, size_t size);

/* Appends text without the line (or member) of key to out. */
bool parsecd_config_drop(const char *text, bool json, const char *key, struct buf *out);

/* The file that a fresh installation has. */
const char *parsecd_config_stock(bool json);

#endif
