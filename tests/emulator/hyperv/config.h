/* Files of a machine below its ConfigurationDataRoot: what it leaves behind shows there. */
#ifndef GPUPV_TESTS_HYPERV_CONFIG_H
#define GPUPV_TESTS_HYPERV_CONFIG_H

#include <stdbool.h>

/* Makes <root>\Virtual Machines\<id>.vmcx and .vmgs, folders included. false: not possible. */
bool config_make(const char *root, const char *id);

/* Removes them; sealed: the state of a vTPM stays behind. */
void config_remove(const char *root, const char *id, bool sealed);

#endif
