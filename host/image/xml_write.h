/*
 * Writes small XML documents: indented, UTF-8, every text and attribute escaped. Mistakes (no
 * memory, a character that XML cannot carry) are remembered and told by xml_finish, so that a
 * document is written in one go. Pure; one thread.
 */
#ifndef GPUPV_XML_WRITE_H
#define GPUPV_XML_WRITE_H

#include "common/buf.h"
#include "common/err.h"

#define XML_DEPTH 16

struct xml_writer {
    struct buf *out;
    const char *open[XML_DEPTH]; /* names of elements, which must live until they are closed */
    unsigned depth;
    bool unfit; /* a text with a character that XML 1.0 has no place for */
};

/* Begins a document that is appended to out. */
void xml_begin(struct xml_writer *xml, struct buf *out);

/* Opens an element; attributes are pairs of name and value, ended by NULL, or NULL. */
void xml_open(struct xml_writer *xml, const char *name, const char *const *attributes);

/* Closes the element opened last. */
void xml_close(struct xml_writer *xml);

/* An element with nothing but text. */
void xml_leaf(struct xml_writer *xml, const char *name, const char *text);

/* Closes what is open; false when anything went wrong. */
bool xml_finish(struct xml_writer *xml, struct err *err);

#endif
