/* Text to instances. Facts: DMTF DSP0201 for the elements; what Hyper-V makes of them is in text.h.
 */
#include "text.h"

#include "hyperv.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 256, DEPTH_MAX = 16 };

struct tag {
    char element[NAME_BYTES], name[NAME_BYTES], type[NAME_BYTES], class[NAME_BYTES];
    bool closing, empty;
};

struct reader {
    const char *at, *why;
    const char *space;
};

static bool bad(struct reader *r, const char *why)
{
    r->why = why;
    return false;
}

static void skip_space(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

/* Text up to `end`, with its entities replaced; NULL when it does not end or an entity is unknown.
 */
static char *unescaped(struct reader *r, char end)
{
    static const struct {
        const char *name;
        char is;
    } entities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *text = emulator_grow(NULL, strlen(r->at) + 1);
    size_t length = 0;

    while (*r->at && *r->at != end) {
        size_t skipped = 0;

        for (size_t i = 0; *r->at == '&' && i < ARRAY_SIZE(entities); i++)
            if (!strncmp(r->at, entities[i].name, strlen(entities[i].name))) {
                text[length++] = entities[i].is;
                skipped = strlen(entities[i].name);
            }
        if (!skipped && (*r->at == '&' || *r->at == '<'))
            break;
        if (!skipped)
            text[length++] = *r->at;
        r->at += skipped ? skipped : 1;
    }
    text[length] = '\0';
    if (*r->at == end)
        return text;
    free(text);
    return NULL;
}

static bool read_word(struct reader *r, char *ret_word)
{
    size_t length = strcspn(r->at, " \t\r\n=/>");

    if (!length || length >= NAME_BYTES)
        return bad(r, "a name is missing in XML");
    memcpy(ret_word, r->at, length);
    ret_word[length] = '\0';
    r->at += length;
    return true;
}

static bool read_attribute(struct reader *r, struct tag *tag)
{
    const struct {
        const char *name;
        char *into;
    } wanted[] = {{"NAME", tag->name}, {"TYPE", tag->type}, {"CLASSNAME", tag->class}};
    char name[NAME_BYTES], *value, quote;

    if (!read_word(r, name))
        return false;
    skip_space(r);
    if (*r->at++ != '=')
        return bad(r, "an attribute without value");
    skip_space(r);
    quote = *r->at;
    if (quote != '"' && quote != '\'')
        return bad(r, "an attribute without quotes");
    r->at++;
    value = unescaped(r, quote);
    if (!value)
        return bad(r, "an attribute does not end");
    r->at++;
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        if (!strcmp(wanted[i].name, name) && strlen(value) < NAME_BYTES)
            memcpy(wanted[i].into, value, strlen(value) + 1);
    free(value);
    return true;
}

static bool read_tag(struct reader *r, struct tag *ret_tag)
{
    memset(ret_tag, 0, sizeof(*ret_tag));
    skip_space(r);
    if (*r->at++ != '<')
        return bad(r, "no XML");
    if (*r->at == '/') {
        ret_tag->closing = true;
        r->at++;
    }
    if (!read_word(r, ret_tag->element))
        return false;
    for (skip_space(r); *r->at && *r->at != '>' && *r->at != '/'; skip_space(r))
        if (!read_attribute(r, ret_tag))
            return false;
    if (*r->at == '/') {
        ret_tag->empty = true;
        r->at++;
    }
    return *r->at++ == '>' || bad(r, "a tag does not end");
}

/* Everything up to the closing tag of an element that nobody needs. */
static bool skip_element(struct reader *r, const struct tag *open, int depth)
{
    struct tag tag;

    if (open->empty)
        return true;
    if (depth > DEPTH_MAX)
        return bad(r, "XML too deep");
    for (;;) {
        r->at += strcspn(r->at, "<");
        if (!read_tag(r, &tag))
            return false;
        if (tag.closing)
            return !strcmp(tag.element, open->element) || bad(r, "tags that do not match");
        if (!skip_element(r, &tag, depth + 1))
            return false;
    }
}

/* <VALUE>text</VALUE>, whose opening tag has been read. */
static cJSON *read_value(struct reader *r, const struct tag *open, CIMTYPE type)
{
    struct tag end;
    char *text = open->empty ? emulator_copy("") : unescaped(r, '<');
    cJSON *value = NULL;

    if (!text)
        bad(r, "a value does not end");
    else if (open->empty ||
             (read_tag(r, &end) && end.closing && !strcmp(end.element, open->element)))
        value = value_parse(type, text);
    free(text);
    if (!value && !r->why)
        bad(r, "a value is not of its type");
    return value;
}

static cJSON *read_array(struct reader *r, const struct tag *open, CIMTYPE type)
{
    cJSON *array = cJSON_CreateArray();
    struct tag tag;

    while (!open->empty) {
        cJSON *item = NULL;

        if (!read_tag(r, &tag))
            break;
        if (tag.closing && !strcmp(tag.element, "VALUE.ARRAY"))
            return array;
        if (tag.closing || strcmp(tag.element, "VALUE"))
            bad(r, "something else in an array");
        else
            item = read_value(r, &tag, type);
        if (!item)
            break;
        cJSON_AddItemToArray(array, item);
    }
    if (open->empty)
        return array;
    cJSON_Delete(array);
    return NULL;
}

static const struct schema_property *
expected(struct reader *r, const struct tag *open, const struct schema_class *class)
{
    const struct schema_property *p = schema_property(class, open->name);
    CIMTYPE type;
    bool fits;

    if (!p) {
        bad(r, "an unknown property");
        return NULL;
    }
    type = p->type & ~CIM_FLAG_ARRAY;
    if (type == CIM_REFERENCE)
        fits = !strcmp(open->element, "PROPERTY.REFERENCE");
    else
        fits = !strcmp(open->element, p->type & CIM_FLAG_ARRAY ? "PROPERTY.ARRAY" : "PROPERTY") &&
               !strcmp(open->type, schema_type_name(type));
    if (fits)
        return p;
    bad(r, "a property of another type than its class says");
    return NULL;
}

/* One PROPERTY element; its value, if any, goes into properties. */
static bool read_property(struct reader *r,
                          const struct tag *open,
                          const struct schema_class *class,
                          cJSON *properties)
{
    const struct schema_property *p;
    struct tag tag;
    cJSON *value;

    if (!strncmp(open->name, "__", 2))
        return skip_element(r, open, 0);
    p = expected(r, open, class);
    if (!p)
        return false;
    if (cJSON_GetObjectItem(properties, p->name))
        return bad(r, "a property twice");
    if (open->empty)
        return true;
    for (;;) {
        if (!read_tag(r, &tag))
            return false;
        if (tag.closing)
            return !strcmp(tag.element, open->element) || bad(r, "tags that do not match");
        if (!strcmp(tag.element, "QUALIFIER")) {
            if (!skip_element(r, &tag, 0))
                return false;
            continue;
        }
        if (!strcmp(tag.element, "VALUE.ARRAY") && p->type & CIM_FLAG_ARRAY)
            value = read_array(r, &tag, p->type & ~CIM_FLAG_ARRAY);
        else if ((!strcmp(tag.element, "VALUE") && !(p->type & CIM_FLAG_ARRAY)) ||
                 !strcmp(tag.element, "VALUE.REFERENCE"))
            value = read_value(r, &tag, p->type);
        else
            return bad(r, "an unknown element");
        if (!value)
            return false;
        cJSON_AddItemToObject(properties, p->name, value);
    }
}

static bool read_instance(struct reader *r, cJSON *json)
{
    struct tag open, tag;
    const struct schema_class *class;
    cJSON *properties = cJSON_AddObjectToObject(json, "p");

    if (!strncmp(r->at, "<?xml", 5)) {
        r->at = strstr(r->at, "?>");
        if (!r->at)
            return bad(r, "no XML");
        r->at += 2;
    }
    if (!read_tag(r, &open))
        return false;
    if (open.closing || strcmp(open.element, "INSTANCE"))
        return bad(r, "no INSTANCE");
    class = schema_class(r->space, open.class);
    if (!class || class->abstract)
        return bad(r, "an unknown class");
    cJSON_AddStringToObject(json, "class", class->name);
    while (!open.empty) {
        if (!read_tag(r, &tag))
            return false;
        if (tag.closing && !strcmp(tag.element, "INSTANCE"))
            break;
        if (tag.closing)
            return bad(r, "tags that do not match");
        if (!strcmp(tag.element, "QUALIFIER") ? !skip_element(r, &tag, 0)
                                              : !read_property(r, &tag, class, properties))
            return false;
    }
    skip_space(r);
    return !*r->at || bad(r, "something behind the INSTANCE");
}

cJSON *text_parse(const char *space, const char *text, const char **ret_why)
{
    struct reader reader = {.at = text, .space = space};
    cJSON *json = cJSON_CreateObject();

    skip_space(&reader);
    if (read_instance(&reader, json))
        return json;
    *ret_why = reader.why;
    cJSON_Delete(json);
    return NULL;
}
