/* Port of displays: asks the helper what is connected, knows the adapters by their devices. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/hardware_win32.h"
#include "guest/machine/windows/session_client_win32.h"
#include "guest/machine/windows/windows.h"

#include <stdlib.h>
#include <string.h>

struct displays {
    struct displays_port port;
    struct session_client *client;
};

static struct displays *displays_of(struct displays_port *port)
{
    return (struct displays *)(void *)port;
}

/* A connected monitor and what it hangs on. */
struct seen {
    struct session_display display;
    enum display_kind kind;
    char name[DEVICE_TEXT_BYTES];
};

struct view {
    struct seen items[SESSION_DISPLAYS];
    size_t count;
};

static void recognise(const struct session_display *display, struct seen *seen)
{
    struct hardware hardware = {.count = 0};

    /* of an adapter that is just going away nothing may be known any more */
    hardware_of_interface(display->adapter, &hardware);
    seen->display = *display;
    seen->kind = hardware_display_kind(&hardware, display->monitor);
    text_safe(seen->name, sizeof seen->name, hardware.name[0] ? hardware.name : display->adapter);
}

static bool look(struct displays_port *port, struct view *view, struct err *err)
{
    const struct session_request request = {.call = SESSION_CALL_DISPLAYS};
    struct session_displays displays;
    cJSON *answer = NULL;
    bool ok;

    if (!session_client_call(displays_of(port)->client, &request, &answer, err))
        return false;
    ok = session_displays_from_json(answer, &displays, err);
    cJSON_Delete(answer);
    if (!ok)
        return err_context(err, TEXT_WINDOWS_ASKING_HELPER, "");
    view->count = displays.count;
    for (size_t i = 0; i < displays.count; i++)
        recognise(&displays.items[i], &view->items[i]);
    return true;
}

static bool paths(struct displays_port *port, struct display_list *ret_list, struct err *err)
{
    struct display_list list;
    struct view view;

    memset(&list, 0, sizeof list);
    if (!look(port, &view, err))
        return false;
    for (size_t i = 0; i < view.count && list.count < DISPLAY_PATHS; i++) {
        const struct seen *seen = &view.items[i];
        struct display_path *path = &list.items[list.count];

        if (!seen->display.active)
            continue;
        path->kind = seen->kind;
        text_copy(path->adapter, sizeof path->adapter, seen->name);
        path->width = seen->display.width;
        path->height = seen->display.height;
        path->hz = seen->display.hz;
        path->primary = seen->display.primary;
        list.count++;
    }
    *ret_list = list;
    return true;
}

/* The monitor of a kind, an active one before others; NULL when none is connected. */
static const struct seen *find(const struct view *view, enum display_kind kind)
{
    const struct seen *found = NULL;

    for (size_t i = 0; i < view->count; i++) {
        const struct seen *seen = &view->items[i];

        if (seen->kind == kind && (!found || (seen->display.active && !found->display.active)))
            found = seen;
    }
    return found;
}

static bool call(struct displays_port *port, const struct session_request *request, struct err *err)
{
    cJSON *answer = NULL;
    bool ok = session_client_call(displays_of(port)->client, request, &answer, err);

    cJSON_Delete(answer);
    return ok;
}

static bool
set_topology(struct displays_port *port, enum display_topology topology, struct err *err)
{
    struct session_request request = {.call = SESSION_CALL_ARRANGE,
                                      .only = topology == DISPLAY_VIRTUAL_ONLY};
    const struct seen *main;
    struct view view;

    if (!look(port, &view, err))
        return false;
    main = find(&view, topology == DISPLAY_EXTEND ? DISPLAY_HYPERV_VIDEO : DISPLAY_PARSEC);
    if (main)
        request.display = main->display.id;
    else if (topology != DISPLAY_EXTEND)
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_DISPLAY, NULL);
    return call(port, &request, err);
}

static bool
set_mode(struct displays_port *port, uint32_t width, uint32_t height, uint32_t hz, struct err *err)
{
    struct session_request request = {
        .call = SESSION_CALL_MODE, .width = width, .height = height, .hz = hz};
    const struct seen *virtual;
    struct view view;

    if (!look(port, &view, err))
        return false;
    virtual = find(&view, DISPLAY_PARSEC);
    if (!virtual || !virtual->display.active)
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_DISPLAY, NULL);
    request.display = virtual->display.id;
    return call(port, &request, err);
}

static const struct displays_ops ops = {
    .paths = paths, .set_topology = set_topology, .set_mode = set_mode};

bool windows_displays_new(struct session_client *client,
                          struct displays_port **ret_port,
                          struct err *err)
{
    struct displays *displays = calloc(1, sizeof *displays);

    if (!displays)
        return err_no_memory(err);
    displays->port.ops = &ops;
    displays->client = client;
    *ret_port = &displays->port;
    return true;
}

void windows_displays_free(struct displays_port *port)
{
    free(port);
}
