/* From the description of an image file to its editions. */
#include "host/image/editions_inside.h"

#include "host/image/wim_xml.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES  (WIM_XML_DEPTH * (WIM_XML_NAME + 1))
#define VALUE_BYTES EDITION_TEXT_BYTES
#define IMAGE       "WIM/IMAGE"
#define WINDOWS     IMAGE "/WINDOWS"
#define ENCRYPTED   "WIM/ESD/ENCRYPTED" /* images as Windows Update downloads them */

enum kind { STRING, NUMBER, BYTES, ARCH, LIST };

/* Which element goes where; STRING and LIST with their room. */
static const struct field {
    const char *path;
    enum kind kind;
    size_t offset, size;
} fields[] = {
    {IMAGE "/NAME", STRING, offsetof(struct edition, plain_name), EDITION_TEXT_BYTES},
    {IMAGE "/DISPLAYNAME", STRING, offsetof(struct edition, name), EDITION_TEXT_BYTES},
    {IMAGE "/DESCRIPTION", STRING, offsetof(struct edition, description), EDITION_TEXT_BYTES},
    {IMAGE "/FLAGS", STRING, offsetof(struct edition, flags), EDITION_ID_BYTES},
    {IMAGE "/TOTALBYTES", BYTES, offsetof(struct edition, size_bytes), 0},
    {WINDOWS "/ARCH", ARCH, offsetof(struct edition, arch), 0},
    {WINDOWS "/EDITIONID", STRING, offsetof(struct edition, id), EDITION_ID_BYTES},
    {WINDOWS "/INSTALLATIONTYPE",
     STRING,
     offsetof(struct edition, installation),
     EDITION_LANG_BYTES},
    {WINDOWS "/LANGUAGES/LANGUAGE", LIST, offsetof(struct edition, languages), EDITION_LANGS},
    {WINDOWS "/LANGUAGES/DEFAULT",
     STRING,
     offsetof(struct edition, default_language),
     EDITION_LANG_BYTES},
    {WINDOWS "/VERSION/MAJOR", NUMBER, offsetof(struct edition, major), 0},
    {WINDOWS "/VERSION/MINOR", NUMBER, offsetof(struct edition, minor), 0},
    {WINDOWS "/VERSION/BUILD", NUMBER, offsetof(struct edition, build), 0},
    {WINDOWS "/VERSION/SPBUILD", NUMBER, offsetof(struct edition, revision), 0},
};

/* Where the reader is. */
struct state {
    struct editions *editions;
    struct edition *row; /* of the IMAGE that is open, NULL outside */
    size_t images;       /* IMAGE elements so far */
    char path[PATH_BYTES];
    char value[VALUE_BYTES]; /* text of the innermost element */
    bool encrypted;
};

/* A whole number from text; false when it is none or too large. */
static bool to_number(const char *text, uint64_t most, uint64_t *ret_number)
{
    uint64_t n = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned digit = (unsigned char)*text - '0';

        if (digit > 9 || n > (most - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *ret_number = n;
    return true;
}

/* White space around a value says nothing. */
static char *trim(char *text)
{
    size_t length = strlen(text);

    while (length && strchr(" \t\r\n", text[length - 1]))
        text[--length] = 0;
    return text + strspn(text, " \t\r\n");
}

static void add_to_list(char *list, size_t size, const char *value)
{
    size_t used = strlen(list), length = strlen(value);

    if (strchr(value, ',') || used + 1 + length >= size)
        return;
    if (used)
        list[used++] = ',';
    memcpy(list + used, value, length + 1);
}

/* What cannot be is taken as missing: a description is no reason to refuse an image. */
static void store(struct edition *row, const struct field *field, const char *value)
{
    char *to = (char *)row + field->offset;
    uint64_t number;

    switch (field->kind) {
    case STRING:
        if (!*to)
            text_copy(to, field->size, value);
        break;
    case LIST:
        add_to_list(to, field->size, value);
        break;
    case BYTES:
        if (to_number(value, INT64_MAX, &number))
            memcpy(to, &number, sizeof number);
        break;
    case ARCH:
    case NUMBER:
        if (to_number(value, INT32_MAX, &number)) {
            unsigned small = (unsigned)number;

            memcpy(to, &small, sizeof small);
        }
        break;
    }
}

/* ---- elements ---- */

static void push(struct state *state, struct wim_xml_span name)
{
    size_t used = strlen(state->path);

    if (used)
        state->path[used++] = '/';
    memcpy(state->path + used, name.at, name.length);
    state->path[used + name.length] = 0;
}

static void pop(struct state *state)
{
    char *slash = strrchr(state->path, '/');

    *(slash ? slash : state->path) = 0;
}

/* The row of an IMAGE that starts: by its number, else by its place. */
static bool begin_image(struct state *state, const struct wim_xml *xml, struct err *err)
{
    const struct wim_xml_attribute *attribute = wim_xml_find(xml, "INDEX");
    char text[VALUE_BYTES] = "";
    uint64_t index = ++state->images;

    if (attribute) {
        wim_xml_decode(attribute->value, false, text, sizeof text);
        if (!to_number(trim(text), WIM_IMAGES_MAX, &index))
            index = 0;
    }
    if (!index || index > state->editions->count) {
        err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_WIM_DAMAGED, xml->file, "WIM XML", NULL);
        return err_hint(err, TEXT_IMAGE_DAMAGED_HINT);
    }
    state->row = &state->editions->rows[index - 1];
    return true;
}

static bool start(struct state *state, const struct wim_xml *xml, struct err *err)
{
    push(state, xml->name);
    state->value[0] = 0;
    if (!strcmp(state->path, IMAGE))
        return begin_image(state, xml, err);
    if (!strcmp(state->path, WINDOWS) && state->row)
        state->row->has_windows = true;
    if (!strcmp(state->path, ENCRYPTED))
        state->encrypted = true;
    return true;
}

static void end(struct state *state)
{
    if (state->row)
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (!strcmp(state->path, fields[i].path))
                store(state->row, &fields[i], trim(state->value));
    if (!strcmp(state->path, IMAGE))
        state->row = NULL;
    state->value[0] = 0;
    pop(state);
}

static bool parse(struct state *state, struct wim_xml *xml, struct err *err)
{
    enum wim_xml_event event;

    do {
        if (!wim_xml_next(xml, &event, err))
            return false;
        if (event == WIM_XML_START && !start(state, xml, err))
            return false;
        if (event == WIM_XML_TEXT)
            wim_xml_decode(xml->text, xml->literal, state->value, sizeof state->value);
        if (event == WIM_XML_END)
            end(state);
    } while (event != WIM_XML_DONE);
    return true;
}

bool editions_parse(struct editions *editions, const struct buf *xml, struct err *err)
{
    struct state *state = calloc(1, sizeof *state);
    struct wim_xml reader;
    bool ok;

    if (!state)
        return err_no_memory(err);
    state->editions = editions;
    wim_xml_init(&reader, buf_str(xml), xml->len, editions->path);
    ok = parse(state, &reader, err);
    if (ok && state->encrypted) {
        err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_ENCRYPTED, editions->path, NULL);
        ok = err_hint(err, TEXT_IMAGE_ENCRYPTED_HINT);
    }
    free(state);
    return ok;
}
