/* Values of the registry and links of the package in place. */
#include "guest/staged/staged_inside.h"

#include "guest/device.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE_KEY "HKLM\\" DRIVER_SERVICE_KEY
#define ENUM_KEY    "HKLM\\SYSTEM\\CurrentControlSet\\Enum\\"
#define CLASS_KEY   "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Class\\"
#define KEY_BYTES   640

bool staged_extra_read(const char *path, struct driver_extra *ret_extra, struct err *err)
{
    struct err why = ERR_INIT;
    struct buf text;
    bool ok;

    buf_init(&text, DRIVER_EXTRA_BYTES);
    ok = fs_read(path, DRIVER_EXTRA_BYTES, &text, &why);
    if (ok)
        ok = driver_extra_parse(buf_str(&text), text.len, ret_extra, &why);
    else if (why.kind == ERR_NOT_FOUND) {
        memset(ret_extra, 0, sizeof *ret_extra);
        ok = true;
    }
    buf_done(&text);
    if (!ok && err)
        *err = why;
    return ok;
}

/* The class key of the GPU adapter: "" while there is no adapter. */
static bool adapter_key(struct machine *machine, char *out, struct err *err)
{
    struct registry_value value;
    struct device_view view;
    char key[KEY_BYTES];

    *out = '\0';
    if (!device_look(machine->devices, &device_gpu, &view, err))
        return false;
    if (!view.best)
        return true;
    snprintf(key, sizeof key, ENUM_KEY "%s", view.best->instance);
    if (!machine->registry->ops->get(machine->registry, key, "Driver", &value, err))
        return false;
    /* "{4d36e968-...}\0001": as Windows wrote it, and still nothing that leads elsewhere */
    if (value.type == REGISTRY_STRING && value.text[0] == '{' && !strstr(value.text, ".."))
        snprintf(out, KEY_BYTES, CLASS_KEY "%.200s", value.text);
    return true;
}

static bool same_value(const struct registry_value *a, const struct registry_value *b)
{
    return a->type == b->type &&
           (a->type == REGISTRY_DWORD ? a->dword == b->dword : strcmp(a->text, b->text) == 0);
}

static bool
set_value(struct staged *staged, const char *key, const struct driver_value *from, struct err *err)
{
    static const enum registry_type types[DRIVER_TYPES] = {[DRIVER_DWORD] = REGISTRY_DWORD,
                                                           [DRIVER_STRING] = REGISTRY_STRING,
                                                           [DRIVER_EXPAND] = REGISTRY_STRING,
                                                           [DRIVER_MULTI] = REGISTRY_MULTI};
    struct registry_port *registry = staged->machine->registry;
    struct registry_value have, want = {.type = types[from->type], .dword = from->number};

    text_copy(want.text, sizeof want.text, from->text);
    return registry->ops->get(registry, key, from->name, &have, err) &&
           (same_value(&have, &want) ||
            (staged_may_change(staged, err) &&
             registry->ops->set(registry, key, from->name, &want, err)));
}

bool staged_extra_apply(struct staged *staged,
                        const struct driver_extra *extra,
                        bool *ret_all,
                        struct err *err)
{
    struct machine *machine = staged->machine;
    struct staging_port *staging = machine->staging;
    char adapter[KEY_BYTES] = "";
    struct err why = ERR_INIT;

    *ret_all = true;
    for (size_t i = 0; i < extra->value_count; i++) {
        const struct driver_value *value = &extra->values[i];

        if (value->key == DRIVER_KEY_ADAPTER && !*adapter && !adapter_key(machine, adapter, err))
            return false;
        if (value->key == DRIVER_KEY_ADAPTER && !*adapter) {
            *ret_all = false; /* set when it has come: see staged_settle */
            continue;
        }
        if (!set_value(
                staged, value->key == DRIVER_KEY_ADAPTER ? adapter : SERVICE_KEY, value, err))
            return false;
    }
    for (size_t i = 0; i < extra->link_count; i++)
        if (!staged_may_change(staged, &why) ||
            (!staging->ops->link(staging, extra->links[i], true, &why) &&
             why.kind != ERR_UNSUPPORTED)) {
            if (err)
                *err = why;
            return false;
        }
    return true;
}

void staged_extra_retire(struct staged *staged,
                         const struct driver_extra *old,
                         const struct driver_extra *extra)
{
    struct staging_port *staging = staged->machine->staging;

    for (size_t i = 0; i < old->link_count; i++) {
        bool kept = false;

        for (size_t j = 0; j < extra->link_count; j++)
            kept = kept || !strcmp(old->links[i], extra->links[j]);
        if (!kept && staged_may_change(
                         staged, NULL)) /* a link that stays leads nowhere, which harms nobody */
            staging->ops->link(staging, old->links[i], false, NULL);
    }
}
