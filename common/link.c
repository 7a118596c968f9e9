/* The part of a link that all implementations share: addresses, and the choice of the backend. */
#include "common/link.h"

#include "common/link_backend.h"

#include <string.h>

#define GUID_TEXT_LENGTH 36

const struct link_guid link_service_id = {{0x47,
                                           0x50,
                                           0x50,
                                           0x56,
                                           0xfa,
                                           0xcb,
                                           0x11,
                                           0xe6,
                                           0xbd,
                                           0x58,
                                           0x64,
                                           0x00,
                                           0x6a,
                                           0x79,
                                           0x86,
                                           0xd3}};
const struct link_guid link_vm_parent = {{0xa4,
                                          0x2e,
                                          0x7c,
                                          0xda,
                                          0xd0,
                                          0x3f,
                                          0x48,
                                          0x0c,
                                          0x9c,
                                          0xc2,
                                          0xa4,
                                          0xde,
                                          0x20,
                                          0xab,
                                          0xb8,
                                          0x78}};
const struct link_guid link_vm_loopback = {{0xe0,
                                            0xe1,
                                            0x61,
                                            0x97,
                                            0xdd,
                                            0x56,
                                            0x4a,
                                            0x10,
                                            0x91,
                                            0x95,
                                            0x5e,
                                            0xe7,
                                            0xa1,
                                            0x55,
                                            0xa8,
                                            0x38}};
const struct link_guid link_vm_wildcard = {{0}};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool link_guid_parse(const char *text, struct link_guid *ret_guid)
{
    struct link_guid guid = {{0}};
    size_t length = strlen(text), digits = 0;

    if (length == GUID_TEXT_LENGTH + 2 && text[0] == '{' && text[length - 1] == '}')
        text++;
    else if (length != GUID_TEXT_LENGTH)
        return false;
    for (size_t i = 0; i < GUID_TEXT_LENGTH; i++) {
        int value = hex_value(text[i]);

        if (is_dash_place(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        if (value < 0)
            return false;
        guid.bytes[digits / 2] = (uint8_t)(guid.bytes[digits / 2] << 4 | value);
        digits++;
    }
    *ret_guid = guid;
    return true;
}

const char *link_guid_text(const struct link_guid *guid, char *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < sizeof guid->bytes; i++) {
        if (is_dash_place(at))
            out[at++] = '-';
        out[at++] = hex[guid->bytes[i] >> 4];
        out[at++] = hex[guid->bytes[i] & 15];
    }
    out[at] = '\0';
    return out;
}

bool link_listen(struct uv_loop_s *loop,
                 const struct link_address *address,
                 const struct link_listen_events *events,
                 void *user,
                 struct link_listener **ret_listener,
                 struct err *err)
{
    if (address->kind == LINK_HYPERV)
        return link_hyperv_listen(loop, address, events, user, ret_listener, err);
    return link_uv_listen(loop, address, events, user, ret_listener, err);
}

bool link_dial(struct uv_loop_s *loop,
               const struct link_address *address,
               int64_t timeout_ms,
               const struct link_events *events,
               void *user,
               struct link **ret_link,
               struct err *err)
{
    if (address->kind == LINK_HYPERV)
        return link_hyperv_dial(loop, address, timeout_ms, events, user, ret_link, err);
    return link_uv_dial(loop, address, timeout_ms, events, user, ret_link, err);
}

void link_attach(struct link *link, const struct link_events *events, void *user)
{
    link->events = events;
    link->user = user;
}

enum link_sent link_send(struct link *link, const void *data, size_t length)
{
    return link->ops->send(link, data, length);
}

size_t link_queued(const struct link *link)
{
    return link->ops->queued(link);
}

void link_pause(struct link *link, bool paused)
{
    link->ops->pause(link, paused);
}

void link_close(struct link *link, int64_t flush_ms)
{
    link->ops->close(link, flush_ms);
}

void link_listener_close(struct link_listener *listener)
{
    listener->ops->close(listener);
}
