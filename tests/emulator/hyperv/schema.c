/* See schema.h. */
#include "schema.h"

#include "hyperv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASSES_MAX = 400,
    WORDS_MAX = 12,
    PARAMETERS_MAX = 512,
    INDEX_SLOTS = 1024,
    ALL_BUILDS = 99999
};

static const struct {
    const char *name;
    CIMTYPE type;
} types[] = {
    {"boolean", CIM_BOOLEAN},
    {"char16", CIM_CHAR16},
    {"datetime", CIM_DATETIME},
    {"object", CIM_OBJECT},
    {"real32", CIM_REAL32},
    {"real64", CIM_REAL64},
    {"reference", CIM_REFERENCE},
    {"sint16", CIM_SINT16},
    {"sint32", CIM_SINT32},
    {"sint64", CIM_SINT64},
    {"sint8", CIM_SINT8},
    {"string", CIM_STRING},
    {"uint16", CIM_UINT16},
    {"uint32", CIM_UINT32},
    {"uint64", CIM_UINT64},
    {"uint8", CIM_UINT8},
};

static struct schema_class classes[CLASSES_MAX];
static size_t class_count;
static struct schema_class *index_of_names[INDEX_SLOTS];
static struct schema_class parameters[PARAMETERS_MAX];
static size_t parameter_count;

const char *schema_type_name(CIMTYPE type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (types[i].type == (type & ~CIM_FLAG_ARRAY))
            return types[i].name;
    return "string";
}

/* "ref:CIM_Job[]" and the like. */
static void parse_type(char *word, struct schema_property *ret)
{
    size_t length = strlen(word);
    char *colon;

    if (length > 2 && !strcmp(word + length - 2, "[]")) {
        ret->type = CIM_FLAG_ARRAY;
        word[length - 2] = '\0';
    }
    colon = strchr(word, ':');
    if (colon) {
        *colon = '\0';
        ret->target = colon + 1;
    }
    if (!strcmp(word, "ref"))
        word = (char *)(uintptr_t) "reference";
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        if (!strcmp(types[i].name, word)) {
            ret->type |= types[i].type;
            return;
        }
    emulator_fail("schema.txt: type %s", word);
}

static bool parse_build(const char *word, uint32_t *first, uint32_t *last)
{
    if (word[0] == '+')
        *first = (uint32_t)atoi(word + 1);
    else if (word[0] == '-')
        *last = (uint32_t)atoi(word + 1);
    else
        return false;
    return true;
}

static struct schema_property *add_property(struct schema_property **list, size_t *count)
{
    *list = emulator_grow(*list, (*count + 1) * sizeof(**list));
    memset(&(*list)[*count], 0, sizeof(**list));
    return &(*list)[(*count)++];
}

static void parse_property(char **words, size_t count, struct schema_property *ret)
{
    ret->name = words[0];
    ret->last = ALL_BUILDS;
    parse_type(words[1], ret);
    for (size_t i = 2; i < count; i++) {
        if (!strcmp(words[i], "key"))
            ret->key = true;
        else if (!strcmp(words[i], "w"))
            ret->writable = true;
        else if (!strncmp(words[i], "embeds:", 7))
            ret->target = words[i] + 7;
        else if (!parse_build(words[i], &ret->first, &ret->last))
            emulator_fail("schema.txt: %s of %s", words[i], words[0]);
    }
}

static void parse_class(char **words, size_t count, const char *space)
{
    struct schema_class *class = &classes[class_count++];

    if (class_count == CLASSES_MAX)
        emulator_fail("schema.txt: too many classes");
    class->name = words[1];
    class->space = space;
    class->last = ALL_BUILDS;
    for (size_t i = 2; i < count; i++) {
        if (!strcmp(words[i], ":"))
            class->parent_name = words[++i];
        else if (!strcmp(words[i], "abstract"))
            class->abstract = true;
        else if (!strcmp(words[i], "association"))
            class->association = true;
        else if (!parse_build(words[i], &class->first, &class->last))
            emulator_fail("schema.txt: %s of %s", words[i], words[1]);
    }
}

static void parse_method(char **words, size_t count)
{
    struct schema_class *class = &classes[class_count - 1];
    struct schema_method *method;

    class->methods =
        emulator_grow(class->methods, (class->method_count + 1) * sizeof(*class->methods));
    method = &class->methods[class->method_count++];
    memset(method, 0, sizeof(*method));
    method->name = words[1];
    method->last = ALL_BUILDS;
    for (size_t i = 2; i < count; i++) {
        if (!strcmp(words[i], "static"))
            method->is_static = true;
        else
            parse_build(words[i], &method->first, &method->last);
    }
}

static void parse_line(char *line)
{
    static const char *space;
    char *words[WORDS_MAX], *rest = NULL;
    size_t count = 0, depth = strspn(line, " ");
    struct schema_class *class = class_count ? &classes[class_count - 1] : NULL;

    if (line[0] == '#')
        return;
    for (char *word = strtok_s(line, " \r", &rest); word && count < WORDS_MAX;
         word = strtok_s(NULL, " \r", &rest))
        words[count++] = word;
    if (count < 2)
        return;
    if (!depth && !strcmp(words[0], "namespace"))
        space = words[1];
    else if (!depth)
        parse_class(words, count, space);
    else if (class && depth == 1 && !strcmp(words[0], "method"))
        parse_method(words, count);
    else if (class && depth == 1)
        parse_property(words, count, add_property(&class->properties, &class->property_count));
    else if (class && class->method_count) {
        struct schema_method *method = &class->methods[class->method_count - 1];
        struct schema_property *argument = add_property(&method->arguments, &method->count);

        parse_property(words + 1, count - 1, argument);
        argument->output = !strcmp(words[0], "out");
    }
}

static void link_classes(void)
{
    for (size_t i = 0; i < class_count; i++) {
        struct schema_class *class = &classes[i];

        for (size_t k = 0; class->parent_name && k < class_count; k++)
            if (!strcmp(classes[k].name, class->parent_name) &&
                !strcmp(classes[k].space, class->space))
                class->parent = &classes[k];
        for (size_t k = 0; k < class->property_count; k++)
            class->properties[k].declared = class;
        for (size_t k = 0; k < class->method_count; k++)
            class->methods[k].declared = class;
    }
}

static bool has(uint32_t first, uint32_t last)
{
    uint32_t build = emulator_build();

    return build >= first && build <= last;
}

/* Where a name stands in the index: the next free slot behind its hash. */
static size_t slot_of(const char *name, const char *space)
{
    uint32_t hash = 2166136261u;
    size_t slot;

    for (const char *at = name; *at; at++)
        hash = (hash ^ (uint32_t)(*at | 32)) * 16777619u;
    for (slot = hash % INDEX_SLOTS; index_of_names[slot]; slot = (slot + 1) % INDEX_SLOTS)
        if (!_stricmp(index_of_names[slot]->name, name) &&
            !_stricmp(index_of_names[slot]->space, space))
            break;
    return slot;
}

/* An inherited property that a descendant declares anew counts once, as the descendant's. */
static void flatten(struct schema_class *class)
{
    for (const struct schema_class *at = class; at; at = at->parent)
        for (size_t i = 0; i < at->property_count; i++) {
            const struct schema_property *p = &at->properties[i];
            bool known = !has(p->first, p->last);

            for (size_t k = 0; k < class->all_count && !known; k++)
                known = !_stricmp(class->all[k]->name, p->name);
            if (known)
                continue;
            class->all = emulator_grow(class->all, (class->all_count + 1) * sizeof(*class->all));
            class->all[class->all_count++] = p;
        }
}

static BOOL CALLBACK load(INIT_ONCE *once, void *argument, void **context)
{
    HMODULE module = NULL;
    HRSRC resource;
    const char *data;
    char *text, *rest = NULL;
    DWORD size;

    (void)once;
    (void)argument;
    (void)context;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                           GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (const char *)(const void *)&classes,
                       &module);
    resource = FindResourceA(module, "SCHEMA", (const char *)RT_RCDATA);
    data = resource ? LockResource(LoadResource(module, resource)) : NULL;
    if (!data)
        emulator_fail("schema.txt is not in the DLL");
    size = SizeofResource(module, resource);
    text = emulator_grow(NULL, size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line = strtok_s(text, "\n", &rest); line; line = strtok_s(NULL, "\n", &rest))
        parse_line(line);
    link_classes();
    for (size_t i = 0; i < class_count; i++)
        flatten(&classes[i]);
    for (size_t i = 0; i < class_count; i++)
        index_of_names[slot_of(classes[i].name, classes[i].space)] = &classes[i];
    return TRUE;
}

static void loaded(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    InitOnceExecuteOnce(&once, load, NULL, NULL);
}

const struct schema_class *schema_class(const char *space, const char *name)
{
    const struct schema_class *class;

    loaded();
    class = index_of_names[slot_of(name, space)];
    return class && has(class->first, class->last) ? class : NULL;
}

size_t schema_number(const struct schema_class *class)
{
    return (size_t)(class - classes) + 1;
}

const struct schema_class *schema_numbered(size_t number)
{
    return number && number <= class_count ? &classes[number - 1] : NULL;
}

const struct schema_class *schema_class_at(const char *space, size_t index)
{
    loaded();
    for (size_t i = 0; i < class_count; i++)
        if (!_stricmp(classes[i].space, space) && has(classes[i].first, classes[i].last) &&
            !index--)
            return &classes[i];
    return NULL;
}

const struct schema_property *schema_property(const struct schema_class *class, const char *name)
{
    for (; class; class = class->parent)
        for (size_t i = 0; i < class->property_count; i++)
            if (!_stricmp(class->properties[i].name, name) &&
                has(class->properties[i].first, class->properties[i].last))
                return &class->properties[i];
    return NULL;
}

const struct schema_method *schema_method(const struct schema_class *class, const char *name)
{
    for (; class; class = class->parent)
        for (size_t i = 0; i < class->method_count; i++)
            if (!_stricmp(class->methods[i].name, name) &&
                has(class->methods[i].first, class->methods[i].last))
                return &class->methods[i];
    return NULL;
}

const struct schema_property *schema_property_at(const struct schema_class *class, size_t index)
{
    if (class->all)
        return index < class->all_count ? class->all[index] : NULL;
    return index < class->property_count ? &class->properties[index] : NULL;
}

const struct schema_method *schema_method_at(const struct schema_class *class, size_t index)
{
    for (const struct schema_class *at = class; at; at = at->parent)
        for (size_t i = 0; i < at->method_count; i++)
            if (schema_method(class, at->methods[i].name) == &at->methods[i] && !index--)
                return &at->methods[i];
    return NULL;
}

bool schema_is_a(const struct schema_class *class, const char *ancestor)
{
    for (; class; class = class->parent)
        if (!_stricmp(class->name, ancestor))
            return true;
    return false;
}

static const struct schema_class *make_parameters(const struct schema_method *method, bool output)
{
    struct schema_class *made = &parameters[parameter_count];

    made->name = "__PARAMETERS";
    made->space = method->declared->space;
    made->last = ALL_BUILDS;
    for (size_t i = 0; i < method->count; i++)
        if (method->arguments[i].output == output &&
            has(method->arguments[i].first, method->arguments[i].last)) {
            struct schema_property *p = add_property(&made->properties, &made->property_count);

            *p = method->arguments[i];
            p->declared = made;
        }
    if (output) {
        struct schema_property *p = add_property(&made->properties, &made->property_count);

        p->name = "ReturnValue";
        p->type = CIM_UINT32;
        p->last = ALL_BUILDS;
        p->declared = made;
    }
    if (!made->property_count)
        return NULL;
    parameter_count++;
    return made;
}

const struct schema_class *schema_parameters(const struct schema_method *method, bool output)
{
    static const struct schema_method *of[PARAMETERS_MAX];
    static bool outputs[PARAMETERS_MAX];
    const struct schema_class *found = NULL;

    emulator_lock();
    for (size_t i = 0; i < parameter_count && !found; i++)
        if (of[i] == method && outputs[i] == output)
            found = &parameters[i];
    if (!found && parameter_count < PARAMETERS_MAX) {
        of[parameter_count] = method;
        outputs[parameter_count] = output;
        found = make_parameters(method, output);
    }
    emulator_unlock();
    return found;
}
