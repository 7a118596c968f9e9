/* The host's probes. */
#include "host/probes.h"

#include "common/clock.h"
#include "common/link_hyperv.h"
#include "host/place.h"

#include <stdlib.h>
#include <string.h>

void probes_look(struct probes_view *ret_view,
                 const struct computer_facts *facts,
                 struct hypervisor *h,
                 const struct err *why)
{
    int64_t start = clock_now_ms(clock_system());
    struct vm_info *vms = NULL;

    memset(ret_view, 0, sizeof *ret_view);
    ret_view->facts = *facts;
    if (!h) {
        ret_view->no_host_why = *why;
        return;
    }
    ret_view->has_host = h->ops->host(h, &ret_view->host, &ret_view->no_host_why) &&
                         h->ops->list(h, &vms, &ret_view->vm_count, &ret_view->no_host_why);
    ret_view->answer_ms = clock_now_ms(clock_system()) - start;
    free(vms);
}

static void ask_service(void *user, struct selftest_answer *ret_answer)
{
    struct err err = ERR_INIT;
    bool registered = false;

    (void)user;
    if (!link_hyperv_is_registered(&registered, &err))
        selftest_failed(ret_answer, &err);
    else
        selftest_confirm(ret_answer,
                         registered ? TEXT_SETUP_PROBE_REGISTERED : TEXT_SETUP_PROBE_UNREGISTERED,
                         NULL);
}

static void ask_hypervisor(void *user, struct selftest_answer *ret_answer)
{
    const struct probes_view *view = user;

    if (!view->has_host)
        selftest_failed(ret_answer, &view->no_host_why);
    else
        selftest_confirm(ret_answer,
                         TEXT_SETUP_PROBE_ANSWERED,
                         TEXT_NUM((int64_t)view->host.gpu_count),
                         TEXT_NUM((int64_t)view->vm_count),
                         TEXT_NUM(view->answer_ms),
                         NULL);
}

/* Every device with partitions must be found again among the devices of Windows. */
static void ask_names(void *user, struct selftest_answer *ret_answer)
{
    const struct probes_view *view = user;

    if (!view->has_host || !view->host.gpu_count) {
        selftest_unknown(ret_answer, TEXT_HOST_NO_GPU, NULL);
        return;
    }
    for (size_t i = 0; i < view->host.gpu_count; i++) {
        const struct gpu_info *gpu = &view->host.gpus[i];

        if (!*gpu->name || !*gpu->driver) {
            selftest_refute(ret_answer, TEXT_SETUP_PROBE_NAMELESS, gpu->path, NULL);
            return;
        }
    }
    selftest_confirm(ret_answer,
                     TEXT_SETUP_PROBE_NAMED,
                     view->host.gpus[0].name,
                     view->host.gpus[0].driver,
                     NULL);
}

/* Partitions come in counts that the driver allows; without any the card cannot be shared. */
static void ask_counts(void *user, struct selftest_answer *ret_answer)
{
    const struct probes_view *view = user;

    if (!view->has_host || !view->host.gpu_count) {
        selftest_unknown(ret_answer, TEXT_HOST_NO_GPU, NULL);
        return;
    }
    for (size_t i = 0; i < view->host.gpu_count; i++)
        if (!view->host.gpus[i].partitions ||
            view->host.gpus[i].partitions_free > view->host.gpus[i].partitions) {
            selftest_refute(ret_answer, TEXT_SETUP_PROBE_NAMELESS, view->host.gpus[i].path, NULL);
            return;
        }
    selftest_confirm(ret_answer,
                     TEXT_SETUP_PROBE_COUNTS,
                     TEXT_NUM(view->host.gpus[0].partitions_free),
                     TEXT_NUM(view->host.gpus[0].partitions),
                     NULL);
}

/* The processor's own answer: a hypervisor runs, and we may make partitions. */
static void ask_root(void *user, struct selftest_answer *ret_answer)
{
    const struct computer_facts *facts = &((const struct probes_view *)user)->facts;

    if (facts->hypervisor != FACT_YES)
        selftest_unknown(ret_answer, TEXT_SETUP_CHECK_HYPERVISOR_OFF, NULL);
    else if (facts->nested == FACT_YES)
        selftest_unknown(ret_answer, TEXT_SETUP_CHECK_NESTED, NULL);
    else
        selftest_confirm(ret_answer, TEXT_SETUP_CHECK_HYPERVISOR_ON, NULL);
}

static void ask_feature(void *user, struct selftest_answer *ret_answer)
{
    const struct computer_facts *facts = &((const struct probes_view *)user)->facts;

    if (facts->hyperv == FEATURE_UNKNOWN)
        selftest_unknown(ret_answer, TEXT_SETUP_PROBE_NO_RIGHTS, NULL);
    else if (facts->hyperv != FEATURE_ENABLED && facts->vmms == SERVICE_LIFE_RUNNING)
        selftest_refute(ret_answer, TEXT_SETUP_CHECK_FEATURE_OFF, "Hyper-V", NULL);
    else
        selftest_confirm(ret_answer,
                         facts->hyperv == FEATURE_ENABLED ? TEXT_SETUP_CHECK_FEATURE_ON
                                                          : TEXT_SETUP_CHECK_FEATURE_OFF,
                         "Hyper-V",
                         NULL);
}

static void ask_launch(void *user, struct selftest_answer *ret_answer)
{
    const struct computer_facts *facts = &((const struct probes_view *)user)->facts;

    if (facts->launch == LAUNCH_UNKNOWN)
        selftest_unknown(ret_answer, TEXT_SETUP_PROBE_NO_RIGHTS, NULL);
    else
        selftest_confirm(ret_answer,
                         facts->launch == LAUNCH_OFF ? TEXT_SETUP_CHECK_LAUNCH_OFF
                                                     : TEXT_SETUP_CHECK_LAUNCH_AUTO,
                         NULL);
}

static void ask_power(void *user, struct selftest_answer *ret_answer)
{
    const struct computer_facts *facts = &((const struct probes_view *)user)->facts;

    if (facts->lid == FACT_UNKNOWN || facts->battery == FACT_UNKNOWN)
        selftest_unknown(ret_answer, TEXT_SETUP_CHECK_UNKNOWN, NULL);
    else
        selftest_confirm(ret_answer,
                         facts->lid == FACT_YES       ? TEXT_SETUP_CHECK_LAPTOP
                         : facts->battery == FACT_YES ? TEXT_SETUP_CHECK_UPS
                                                      : TEXT_SETUP_CHECK_DESKTOP,
                         NULL);
}

static void ask_tools(void *user, struct selftest_answer *ret_answer)
{
    static const char *const tools[] = {"curl", "dism", "bcdedit", "bcdboot"};
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    (void)user;
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (!place_tool(tools[i], path, &err)) {
            selftest_failed(ret_answer, &err);
            return;
        }
    selftest_confirm(ret_answer, TEXT_SETUP_PROBE_TOOLS, NULL);
}

static const struct selftest_probe rows[] = {
    {"host.loopback", TEXT_SELFTEST_ASK_LOOPBACK, "hvsocket.md 5", selftest_loopback},
    {"host.service_id", TEXT_SETUP_PROBE_ASK_SERVICE, "hvsocket.md 2", ask_service},
    {"host.management", TEXT_SETUP_PROBE_ASK_HYPERVISOR, "hyperv-wmi.md 1", ask_hypervisor},
    {"host.gpu_names", TEXT_SETUP_PROBE_ASK_NAMES, "hyperv-wmi.md 14", ask_names},
    {"host.gpu_partitions", TEXT_SETUP_PROBE_ASK_COUNTS, "hyperv-wmi.md 14", ask_counts},
    {"host.root_partition", TEXT_SETUP_PROBE_ASK_ROOT, "hyperv-wmi.md 5", ask_root},
    {"host.feature_state", TEXT_SETUP_PROBE_ASK_FEATURE, "hyperv-wmi.md 5", ask_feature},
    {"host.launch_type", TEXT_SETUP_PROBE_ASK_LAUNCH, "background-zh.md", ask_launch},
    {"host.power", TEXT_SETUP_PROBE_ASK_POWER, "easy-gpu-pv.md 1.2", ask_power},
    {"host.tools", TEXT_SETUP_PROBE_ASK_TOOLS, "imaging.md", ask_tools},
};

const struct selftest_probe *probes_rows(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}
