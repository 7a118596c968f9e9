/* Templates of resources, their pools and capabilities, as every host has them. */
#ifndef GPUPV_TESTS_HYPERV_TEMPLATE_H
#define GPUPV_TESTS_HYPERV_TEMPLATE_H

#include "store.h"

/* Adds all rows of a host: pools, capabilities, templates, versions, secure boot templates. */
void template_seed(void);

/* The default template of a sub type; NULL when this build has none. */
cJSON *template_find(const char *sub_type);

/* A resource of a machine made from it: "Microsoft:<id>\<suffix>". */
cJSON *template_instance(const char *sub_type, const char *id, const char *suffix);

/* The version that a new machine gets, and whether a host has one; its folder for machines. */
const char *template_version(void);
bool template_has_version(const char *version);
const char *template_data_root(void);

#endif
