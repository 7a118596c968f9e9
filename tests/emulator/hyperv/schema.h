/* The classes of schema.txt, which lies in the DLL as a resource: names, CIM types, keys, methods,
 * as the Windows of this machine has them (its build is a setting). Names are compared without
 * case. Everything lives as long as the process. */
#ifndef GPUPV_TESTS_HYPERV_SCHEMA_H
#define GPUPV_TESTS_HYPERV_SCHEMA_H

#include <windows.h>
#include <stdbool.h>
#include <stdint.h>

#include <wbemcli.h>

#define NAMESPACE_HYPERV "root\\virtualization\\v2"
#define NAMESPACE_CIMV2  "root\\cimv2"
#define NAMESPACE_HGS    "root\\Microsoft\\Windows\\Hgs"

struct schema_class;

/* A property, or an argument of a method. */
struct schema_property {
    const char *name;
    const char *target; /* class of a reference, an object or an embedded text; NULL */
    const struct schema_class *declared;
    CIMTYPE type; /* with CIM_FLAG_ARRAY */
    uint32_t first, last;
    bool key, writable, output;
};

struct schema_method {
    const char *name;
    const struct schema_class *declared;
    struct schema_property *arguments;
    size_t count;
    uint32_t first, last;
    bool is_static;
};

struct schema_class {
    const char *name, *space; /* its namespace */
    const char *parent_name;
    const struct schema_class *parent; /* NULL also when its members stand in this class */
    struct schema_property *properties;
    struct schema_method *methods;
    size_t property_count, method_count;
    const struct schema_property **all; /* with the inherited ones */
    size_t all_count;
    uint32_t first, last;
    bool abstract, association;
};

/* The class of that namespace, NULL when this build has none. */
const struct schema_class *schema_class(const char *space, const char *name);

/* A class as a number above 0, and back (NULL: none). */
size_t schema_number(const struct schema_class *class);
const struct schema_class *schema_numbered(size_t number);

/* Classes of a namespace by index, in the order of the file; NULL at the end. */
const struct schema_class *schema_class_at(const char *space, size_t index);

/* The property or method, also an inherited one; NULL when this build has none. */
const struct schema_property *schema_property(const struct schema_class *class, const char *name);
const struct schema_method *schema_method(const struct schema_class *class, const char *name);

/* All properties of a class that this build has, inherited ones included; NULL at the end. */
const struct schema_property *schema_property_at(const struct schema_class *class, size_t index);
const struct schema_method *schema_method_at(const struct schema_class *class, size_t index);

/* True for the class itself and its descendants. */
bool schema_is_a(const struct schema_class *class, const char *ancestor);

/* The class whose properties are a method's arguments in that direction, with ReturnValue among the
 * outputs; NULL: it has no inputs. */
const struct schema_class *schema_parameters(const struct schema_method *method, bool output);

/* Its name as in XML and MOF: "uint16". */
const char *schema_type_name(CIMTYPE type);

#endif
