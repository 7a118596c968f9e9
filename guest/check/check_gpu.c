#include "guest/device.h"

#include <string.h>

/* Parsec's numbers for a library that does not load; everything else is the encoder itself. */
#define ENCODE_LIBRARY_FIRST (-15104)
#define ENCODE_LIBRARY_LAST  (-15101)

void check_gpu_present(struct check_context *context, struct finding *ret_finding)
{
    struct device_view view;
    struct err err = ERR_INIT;

    if (!device_look(context->machine->devices, &device_gpu, &view, &err))
        finding_unknown(ret_finding, &err);
    else if (!view.best)
        finding_set(ret_finding, CAUSE_GPU_ABSENT, 0, NULL);
    else
        finding_ok(ret_finding);
}

/* A failure with other driver files is another one: the adapter is restarted for each set of files
 * that comes from the host, whatever did not help before. */
static uint32_t driver_detail(const struct gpu_adapter *gpu, uint32_t problem)
{
    const char *const texts[] = {gpu->driver_folder, gpu->driver_guest};
    uint32_t hash = 2166136261u ^ problem;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (const char *at = texts[i]; *at; at++)
            hash = (hash ^ (uint8_t)*at) * 16777619u;
    return hash;
}

void check_gpu_status(struct check_context *context, struct finding *ret_finding)
{
    static const struct device_causes causes = {
        .missing = CAUSE_NONE, /* asked for only when present */
        .extra = CAUSE_NONE,
        .disabled = CAUSE_GPU_DISABLED,
        .not_started = CAUSE_GPU_NOT_STARTED,
        .failed = CAUSE_GPU_FAILED,
        .no_driver = CAUSE_GPU_OTHER,
        .need_restart = CAUSE_GPU_NEED_RESTART,
        .unsigned_driver = CAUSE_GPU_OTHER,
        .conflict = CAUSE_GPU_CONFLICT,
    };

    if (context->findings->checks[CHECK_GPU_PRESENT].status != STATUS_OK)
        finding_off(ret_finding);
    else
        device_check(context->machine->devices, &device_gpu, &causes, ret_finding);
    if (ret_finding->cause == CAUSE_GPU_FAILED && context->findings->facts.gpu_known)
        ret_finding->detail = driver_detail(&context->findings->facts.gpu, ret_finding->detail);
}

void check_gpu_driver(struct check_context *context, struct finding *ret_finding)
{
    const struct facts *facts = &context->findings->facts;
    const struct gpu_adapter *gpu = &facts->gpu;

    if (!facts->gpu_known)
        finding_unknown(ret_finding, &facts->gpu_why);
    else if (!gpu->present) /* not enumerated: gpu.present and gpu.status say why */
        finding_off(ret_finding);
    else if (gpu->driver_folder[0] && !gpu->folder_present)
        finding_set(ret_finding, CAUSE_GPU_FOLDER, 0, gpu->driver_folder, NULL);
    else if (gpu->missing_file[0])
        finding_set(ret_finding, CAUSE_GPU_FILE, 0, gpu->missing_file, NULL);
    else if (gpu->driver_host[0] && gpu->driver_guest[0] &&
             strcmp(gpu->driver_host, gpu->driver_guest) != 0)
        finding_set(ret_finding, CAUSE_GPU_VERSION, 0, gpu->driver_guest, gpu->driver_host, NULL);
    else
        finding_ok(ret_finding);
}

void check_gpu_encode(struct check_context *context, struct finding *ret_finding)
{
    struct gpu_port *gpu = context->machine->gpu;
    struct err err = ERR_INIT;
    int32_t status = 0;

    if (context->findings->checks[CHECK_GPU_STATUS].status != STATUS_OK ||
        !context->findings->facts.gpu.present) {
        finding_off(ret_finding);
        return;
    }
    if (!gpu->ops->encode_probe(gpu, &status, &err)) {
        if (err.kind == ERR_UNSUPPORTED) /* nothing to ask here */
            finding_off(ret_finding);
        else
            finding_unknown(ret_finding, &err);
    } else if (status == 0) {
        finding_ok(ret_finding);
    } else {
        bool library = status >= ENCODE_LIBRARY_FIRST && status <= ENCODE_LIBRARY_LAST;

        finding_set(ret_finding,
                    library ? CAUSE_GPU_ENCODE_LIBRARY : CAUSE_GPU_ENCODE,
                    (uint32_t)status,
                    TEXT_NUM(status),
                    NULL);
    }
}
