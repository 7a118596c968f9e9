/*
 * A small pull reader for the XML that describes Windows images: elements, attributes, text, CDATA,
 * comments, and nothing that could hurt. No document type, so no entities but the five of XML
 * itself and characters by number; depth, names and attributes are bounded; tags must match, one
 * root. It allocates nothing and points into the text, which must be UTF-8 and live longer. Not for
 * other XML: no namespaces, no encodings.
 */
#ifndef GPUPV_IMAGE_WIM_XML_H
#define GPUPV_IMAGE_WIM_XML_H

#include "common/err.h"

#include <stddef.h>

#define WIM_XML_DEPTH      16
#define WIM_XML_ATTRIBUTES 16
#define WIM_XML_NAME       64 /* bytes */

/* A piece of the text. */
struct wim_xml_span {
    const char *at;
    size_t length;
};

struct wim_xml_attribute {
    struct wim_xml_span name, value; /* the value as written, see wim_xml_decode */
};

enum wim_xml_event {
    WIM_XML_START, /* name and attributes */
    WIM_XML_END,   /* name */
    WIM_XML_TEXT,  /* a piece of text; long text comes in several */
    WIM_XML_DONE
};

struct wim_xml {
    /* what the last event is about */
    struct wim_xml_span name, text;
    bool literal; /* text is CDATA: nothing in it is to be decoded */
    struct wim_xml_attribute attributes[WIM_XML_ATTRIBUTES];
    size_t attribute_count;
    size_t depth; /* open elements, with the one that just started */

    /* private */
    const char *file, *begin, *at, *end;
    struct wim_xml_span open[WIM_XML_DEPTH];
    bool closing; /* an empty element started and has still to end */
    bool had_root;
};

/* Begins with the text; file is its name for messages. */
void wim_xml_init(struct wim_xml *xml, const char *text, size_t length, const char *file);

/* Goes to the next event. ERR_BAD_INPUT: no well-formed XML; ERR_UNSAFE: a document type, or above
 * a limit. */
bool wim_xml_next(struct wim_xml *xml, enum wim_xml_event *ret_event, struct err *err);

/* True when the span is this name. */
bool wim_xml_is(struct wim_xml_span span, const char *name);

/* The value of an attribute of the element that started, NULL when it has none. */
const struct wim_xml_attribute *wim_xml_find(const struct wim_xml *xml, const char *name);

/* Appends the text of a span to out, a string in size bytes, decoded unless literal, and cut at a
 * character boundary. */
void wim_xml_decode(struct wim_xml_span span, bool literal, char *out, size_t size);

#endif
