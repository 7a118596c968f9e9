/*
 * The texts that WMI takes and gives: literals of WQL, object paths, and instances as CIM-XML.
 * Paths are compared as WMI means them: without regard to case, and the computer's name in front
 * may be missing or a dot. What is parsed may come from a guest (key-value pairs), so it is bounded
 * by what the caller's buffer takes and never trusted. Pure.
 */
#ifndef GPUPV_HYPERVISOR_WMI_TEXT_H
#define GPUPV_HYPERVISOR_WMI_TEXT_H

#include "common/buf.h"

#define WMI_PATH_BYTES 1024 /* of object paths; the longest names a GPU or a job */

/* Appends text as a literal of WQL, with its quotes: 'C:\\x' for C:\x. */
bool wmi_put_literal(struct buf *out, const char *text);

/* Appends text as the quoted value of a key in an object path. */
bool wmi_put_key(struct buf *out, const char *text);

/* The value of one key of an object path, unescaped; false when it is not there or too long. */
bool wmi_path_key(const char *path, const char *key, char *out, size_t size);

/* True when both paths name the same object: classes and keys alike, whatever stands before. */
bool wmi_path_same(const char *a, const char *b);

/* Appends the value of a property of a CIM-XML instance, "" when it is null; false when the text
 * has no such property or is broken. */
bool wmi_xml_value(const char *xml, const char *property, struct buf *out);

/* True when a and b are the same, ASCII letters compared without case. */
bool wmi_text_same(const char *a, const char *b);

#endif
