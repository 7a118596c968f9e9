/* What can be seen of a guest from outside: what it published, and its picture. */
#include "host/hypervisor/hyperv_inside_win32.h"

#include "common/health.h"

#include <string.h>

#define KVP_CLASS "Msvm_KvpExchangeComponent"

/* ---- key-value pairs ---- */

/* A guest wrote these: what is too long or broken is passed by. */
static bool take_item(const char *text, void *user)
{
    struct buf *out = user, name;
    bool ours;

    buf_init(&name, KVP_BYTES);
    ours = wmi_xml_value(text, "Name", &name) && !strcmp(buf_str(&name), HEALTH_KVP_NAME);
    buf_done(&name);
    if (ours && !wmi_xml_value(text, "Data", out))
        buf_clear(out);
    return !ours;
}

bool hyperv_kvp(struct hypervisor *base, const char *id, struct buf *out, struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct wmi_rows rows = {NULL};
    struct hyperv_vm vm;
    struct buf data;
    bool ok = hyperv_find(h, id, &vm, err);

    /* the component is there while the VM runs */
    if (ok && hyperv_state(vm.state) == VM_RUNNING)
        ok = wmi_select(h->wmi, KVP_CLASS, "SystemName", vm.id, &rows, err);
    buf_init(&data, KVP_BYTES);
    if (ok && rows.count)
        wmi_texts(rows.items[0], "GuestExchangeItems", take_item, &data);
    wmi_rows_done(&rows);
    ok = ok && (buf_put(out, data.data, data.len) || err_no_memory(err));
    buf_done(&data);
    return ok;
}

/* ---- picture ---- */

static bool
ask_picture(struct hyperv *h, const char *settings, struct picture *picture, struct err *err)
{
    struct wmi_call call;
    bool ok = hyperv_service_call(h, &call, "GetVirtualSystemThumbnailImage", err) &&
              wmi_put_text(call.in, "TargetSystem", settings, err) &&
              wmi_put_number(call.in, "WidthPixels", picture->width, err) &&
              wmi_put_number(call.in, "HeightPixels", picture->height, err) &&
              wmi_call_run(&call, err);

    if (ok && !wmi_bytes(call.out, "ImageData", &picture->pixels))
        ok = err_set(err, ERR_FAILED, TEXT_HV_ANSWER, "ImageData", NULL);
    wmi_call_done(&call);
    return ok;
}

bool hyperv_picture(struct hypervisor *base,
                    const char *id,
                    uint32_t width,
                    uint32_t height,
                    struct picture *ret_picture,
                    struct err *err)
{
    struct hyperv *h = (struct hyperv *)base;
    struct picture picture = {.width = width, .height = height};
    struct IWbemClassObject *settings = NULL;
    char path[WMI_PATH_BYTES];
    struct hyperv_vm vm;
    bool ok;

    if (!hyperv_find(h, id, &vm, err))
        return false;
    if (hyperv_state(vm.state) != VM_RUNNING)
        return err_set(err, ERR_CONFLICT, TEXT_HOST_VM_IS_OFF, vm.name, NULL);
    buf_init(&picture.pixels, PICTURE_BYTES_MAX);
    ok = hyperv_settings(h, &vm, &settings, err) && wmi_path(settings, path, err) &&
         ask_picture(h, path, &picture, err);
    wmi_object_free(settings);
    if (ok)
        *ret_picture = picture;
    else
        buf_done(&picture.pixels);
    return ok;
}
