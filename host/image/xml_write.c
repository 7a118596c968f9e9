/* Small XML documents, written. */
#include "host/image/xml_write.h"

#include <assert.h>
#include <string.h>

/* What XML 1.0 (section 2.2) takes: no control characters but tab and line ends, no U+FFFE, U+FFFF.
 */
static bool fits(const char *text)
{
    size_t length = strlen(text);

    while (length) {
        uint32_t c = 0;
        size_t n = text_decode(text, length, &c);

        if (!n || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF)
            return false;
        text += n;
        length -= n;
    }
    return true;
}

static void put_text(struct xml_writer *xml, const char *text)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        {'&', "&amp;"},
        {'<', "&lt;"},
        {'>', "&gt;"},
        {'"', "&quot;"},
        {'\'', "&apos;"},
        /* a reader would turn them into blanks */
        {'\t', "&#9;"},
        {'\n', "&#10;"},
        {'\r', "&#13;"},
    };

    if (!fits(text)) {
        xml->unfit = true;
        return;
    }
    for (; *text; text++) {
        const char *entity = NULL;

        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (entities[i].c == *text)
                entity = entities[i].entity;
        if (entity)
            buf_puts(xml->out, entity);
        else
            buf_put(xml->out, text, 1);
    }
}

static void indent(struct xml_writer *xml)
{
    for (unsigned i = 0; i < xml->depth; i++)
        buf_puts(xml->out, "  ");
}

void xml_begin(struct xml_writer *xml, struct buf *out)
{
    memset(xml, 0, sizeof *xml);
    xml->out = out;
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
}

void xml_open(struct xml_writer *xml, const char *name, const char *const *attributes)
{
    assert(xml->depth < XML_DEPTH);
    indent(xml);
    buf_printf(xml->out, "<%s", name);
    for (; attributes && attributes[0]; attributes += 2) {
        buf_printf(xml->out, " %s=\"", attributes[0]);
        put_text(xml, attributes[1]);
        buf_puts(xml->out, "\"");
    }
    buf_puts(xml->out, ">\n");
    xml->open[xml->depth++] = name;
}

void xml_close(struct xml_writer *xml)
{
    assert(xml->depth);
    xml->depth--;
    indent(xml);
    buf_printf(xml->out, "</%s>\n", xml->open[xml->depth]);
}

void xml_leaf(struct xml_writer *xml, const char *name, const char *text)
{
    indent(xml);
    buf_printf(xml->out, "<%s>", name);
    put_text(xml, text);
    buf_printf(xml->out, "</%s>\n", name);
}

bool xml_finish(struct xml_writer *xml, struct err *err)
{
    while (xml->depth)
        xml_close(xml);
    if (xml->unfit)
        return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_XML_TEXT, NULL);
    return !xml->out->failed || err_no_memory(err);
}
