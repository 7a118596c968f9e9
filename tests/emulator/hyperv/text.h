/* Instances as text: CIM-XML as IWbemObjectTextSrc makes it and as methods take it, and MOF, which
 * methods refuse. */
#ifndef GPUPV_TESTS_HYPERV_TEXT_H
#define GPUPV_TESTS_HYPERV_TEXT_H

#include "object.h"

/* An instance as XML; with_system: format 2, with system properties, qualifiers and origins. The
 * caller frees. */
char *text_xml(const struct object *object, bool with_system);

/* The same of {"class", "p"}, in format 1. */
char *text_xml_json(const char *space, const cJSON *json);

/* Reads XML of an instance: {"class": C, "p": {..}}; elements without VALUE are left out. NULL, and
 * *ret_why, when it is none: MOF, broken XML, an unknown class or property, another type than the
 * class has. The caller frees. */
cJSON *text_parse(const char *space, const char *text, const char **ret_why);

/* MOF. The caller frees. */
char *text_mof(const struct object *object);

/* Makes an IWbemObjectTextSrc. */
HRESULT text_source_new(REFIID iid, void **ret);

#endif
