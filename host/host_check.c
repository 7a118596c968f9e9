/* Checks of the host. */
#include "host/host_check.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_MB_LEAST 4096
#define MEMORY_MB_GOOD  8192
#define DISK_GB_LEAST   24
#define DISK_GB_GOOD    64
#define BUILD_LEAST     "10.0.19041"
#define HOME_PREFIX     "Core" /* EditionID of the Home editions */

static const char *const level_names[] = {"ok", "note", "warning", "bad", "unknown"};

const char *host_level_name(enum host_level level)
{
    return level_names[level];
}

/* Sets a finding; the arguments serve the hint too. */
static bool say(struct host_finding *finding,
                enum host_level level,
                enum text_id what,
                enum text_id hint,
                const char *a,
                const char *b)
{
    finding->level = level;
    err_set(&finding->what, ERR_FAILED, what, a ? a : "", b ? b : "", NULL);
    if (hint)
        err_hint(&finding->what, hint);
    return true;
}

static void
offer(struct host_finding *finding, const char *setting, const char *value, enum text_id ask)
{
    finding->fix_setting = setting;
    finding->fix_value = value;
    finding->fix_ask = ask;
}

static bool run_firmware(const struct host_view *view, struct host_finding *finding)
{
    if (view->facts.firmware == FACT_YES)
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_FIRMWARE_ON, TEXT_NONE, NULL, NULL);
    if (view->facts.firmware == FACT_NO)
        return say(finding,
                   HOST_BAD,
                   TEXT_SETUP_CHECK_FIRMWARE_OFF,
                   TEXT_SETUP_CHECK_FIRMWARE_HINT,
                   NULL,
                   NULL);
    return true;
}

static bool run_feature(enum feature_state state,
                        const char *title,
                        const char *setting,
                        struct host_finding *finding)
{
    static const struct {
        enum host_level level;
        enum text_id what, hint;
    } rows[FEATURE_STATES] = {
        [FEATURE_ABSENT] = {HOST_BAD,
                            TEXT_SETUP_CHECK_FEATURE_ABSENT,
                            TEXT_SETUP_CHECK_EDITION_HINT},
        [FEATURE_DISABLED] = {HOST_BAD, TEXT_SETUP_CHECK_FEATURE_OFF, TEXT_SETUP_CHECK_FIX_HINT},
        [FEATURE_ENABLED] = {HOST_OK, TEXT_SETUP_CHECK_FEATURE_ON, TEXT_NONE},
        [FEATURE_PENDING] = {HOST_WARN,
                             TEXT_SETUP_CHECK_FEATURE_LATER,
                             TEXT_SETUP_CHECK_RESTART_HINT},
    };

    if (state == FEATURE_UNKNOWN)
        return true;
    if (state == FEATURE_DISABLED)
        offer(finding, setting, "enabled", TEXT_SETUP_ASK_FEATURE);
    return say(finding, rows[state].level, rows[state].what, rows[state].hint, title, NULL);
}

static bool run_hyperv(const struct host_view *view, struct host_finding *finding)
{
    return run_feature(view->facts.hyperv, "Hyper-V", COMPUTER_HYPERV, finding);
}

/* Server has no such feature and needs none. */
static bool run_platform(const struct host_view *view, struct host_finding *finding)
{
    if (view->facts.platform == FEATURE_ABSENT)
        return false;
    return run_feature(view->facts.platform, "VirtualMachinePlatform", COMPUTER_PLATFORM, finding);
}

static bool run_launch(const struct host_view *view, struct host_finding *finding)
{
    switch (view->facts.launch) {
    case LAUNCH_AUTO:
    case LAUNCH_UNSET:
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_LAUNCH_AUTO, TEXT_NONE, NULL, NULL);
    case LAUNCH_OFF:
        offer(finding, COMPUTER_LAUNCH, "auto", TEXT_SETUP_ASK_LAUNCH_AUTO);
        return say(
            finding, HOST_BAD, TEXT_SETUP_CHECK_LAUNCH_OFF, TEXT_SETUP_CHECK_FIX_HINT, NULL, NULL);
    case LAUNCH_UNKNOWN:
    case LAUNCH_TYPES:
        break;
    }
    return true;
}

static bool run_hypervisor(const struct host_view *view, struct host_finding *finding)
{
    if (view->facts.nested == FACT_YES)
        return say(
            finding, HOST_WARN, TEXT_SETUP_CHECK_NESTED, TEXT_SETUP_CHECK_NESTED_HINT, NULL, NULL);
    if (view->facts.hypervisor == FACT_YES)
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_HYPERVISOR_ON, TEXT_NONE, NULL, NULL);
    if (view->facts.hypervisor == FACT_NO)
        return say(finding,
                   HOST_BAD,
                   TEXT_SETUP_CHECK_HYPERVISOR_OFF,
                   TEXT_SETUP_CHECK_HYPERVISOR_HINT,
                   NULL,
                   NULL);
    return true;
}

static bool run_edition(const struct host_view *view, struct host_finding *finding)
{
    const char *edition = view->facts.edition;

    if (!*edition)
        return true;
    if (!strncmp(edition, HOME_PREFIX, strlen(HOME_PREFIX)))
        return say(finding,
                   HOST_BAD,
                   TEXT_SETUP_CHECK_EDITION_HOME,
                   TEXT_SETUP_CHECK_EDITION_HINT,
                   edition,
                   NULL);
    return say(finding, HOST_OK, TEXT_SETUP_CHECK_EDITION, TEXT_NONE, edition, NULL);
}

/* A version against the list; title: what has it. */
static bool judge(const struct host_view *view,
                  enum known_bad_what what,
                  const char *gpu,
                  const char *version,
                  struct host_finding *finding)
{
    const struct known_bad *bad = known_bad_find(view->known_bad, what, gpu, version);

    if (!bad)
        return false;
    finding->level = HOST_WARN;
    err_set(&finding->what,
            ERR_FAILED,
            TEXT_SETUP_CHECK_KNOWN_BAD,
            gpu ? gpu : version,
            bad->symptom[view->lang],
            bad->workaround[view->lang],
            bad->source,
            NULL);
    err_hint(&finding->what, TEXT_SETUP_CHECK_KNOWN_BAD_HINT);
    return true;
}

static bool run_build(const struct host_view *view, struct host_finding *finding)
{
    const char *build = view->facts.build;

    if (!*build)
        return true;
    if (known_bad_compare(build, BUILD_LEAST) < 0)
        return say(finding,
                   HOST_BAD,
                   TEXT_SETUP_CHECK_BUILD_OLD,
                   TEXT_SETUP_CHECK_BUILD_HINT,
                   build,
                   NULL);
    return judge(view, KNOWN_BAD_HOST, NULL, build, finding) ||
           say(finding, HOST_OK, TEXT_SETUP_CHECK_BUILD, TEXT_NONE, build, view->known_bad->date);
}

static bool run_guest_build(const struct host_view *view, struct host_finding *finding)
{
    if (!*view->guest_build)
        return false;
    return judge(view, KNOWN_BAD_GUEST, NULL, view->guest_build, finding) ||
           say(finding,
               HOST_OK,
               TEXT_SETUP_CHECK_BUILD,
               TEXT_NONE,
               view->guest_build,
               view->known_bad->date);
}

static bool run_memory(const struct host_view *view, struct host_finding *finding)
{
    uint32_t mb = view->facts.memory_mb;
    char text[32];

    snprintf(text, sizeof text, "%.1f", (double)mb / 1024);
    if (!mb)
        return true;
    return say(finding,
               mb < MEMORY_MB_LEAST  ? HOST_BAD
               : mb < MEMORY_MB_GOOD ? HOST_WARN
                                     : HOST_OK,
               mb < MEMORY_MB_GOOD ? TEXT_SETUP_CHECK_MEMORY_LITTLE : TEXT_SETUP_CHECK_MEMORY,
               TEXT_NONE,
               text,
               NULL);
}

static bool run_disk(const struct host_view *view, struct host_finding *finding)
{
    uint32_t gb = view->facts.disk_free_gb;
    char text[32];

    snprintf(text, sizeof text, "%u", (unsigned)gb);
    return say(finding,
               gb < DISK_GB_LEAST  ? HOST_BAD
               : gb < DISK_GB_GOOD ? HOST_WARN
                                   : HOST_OK,
               gb < DISK_GB_GOOD ? TEXT_SETUP_CHECK_DISK_LITTLE : TEXT_SETUP_CHECK_DISK,
               gb < DISK_GB_GOOD ? TEXT_SETUP_CHECK_DISK_HINT : TEXT_NONE,
               text,
               NULL);
}

static bool run_gpus(const struct host_view *view, struct host_finding *finding)
{
    char names[ERR_ARG_BYTES] = "";
    size_t count = 0;

    if (!view->has_host) {
        finding->what = view->no_host_why;
        return true;
    }
    for (size_t i = 0; i < view->host.gpu_count; i++) {
        size_t used = strlen(names);

        if (view->host.gpus[i].kind != GPU_KIND_GPU)
            continue;
        snprintf(names + used,
                 sizeof names - used,
                 "%s%s",
                 count++ ? ", " : "",
                 view->host.gpus[i].name);
    }
    if (!count)
        return say(finding, HOST_BAD, TEXT_HOST_NO_GPU, TEXT_SETUP_CHECK_GPU_HINT, NULL, NULL);
    return say(finding,
               count > 1 ? HOST_NOTE : HOST_OK,
               count > 1 ? TEXT_SETUP_CHECK_GPUS : TEXT_SETUP_CHECK_GPU,
               count > 1 ? TEXT_SETUP_CHECK_GPUS_HINT : TEXT_NONE,
               names,
               NULL);
}

static bool run_driver(const struct host_view *view, struct host_finding *finding)
{
    char drivers[ERR_ARG_BYTES] = "";

    if (!view->has_host)
        return false;
    for (size_t i = 0; i < view->host.gpu_count; i++) {
        const struct gpu_info *gpu = &view->host.gpus[i];
        size_t used = strlen(drivers);

        if (gpu->kind != GPU_KIND_GPU)
            continue;
        if (judge(view, KNOWN_BAD_DRIVER, gpu->name, gpu->driver, finding))
            return true;
        snprintf(drivers + used, sizeof drivers - used, "%s%s", used ? ", " : "", gpu->driver);
    }
    return *drivers &&
           say(finding, HOST_OK, TEXT_SETUP_CHECK_BUILD, TEXT_NONE, drivers, view->known_bad->date);
}

static bool run_power(const struct host_view *view, struct host_finding *finding)
{
    const struct computer_facts *facts = &view->facts;

    if (facts->lid == FACT_YES)
        return say(
            finding, HOST_NOTE, TEXT_SETUP_CHECK_LAPTOP, TEXT_SETUP_CHECK_LAPTOP_HINT, NULL, NULL);
    if (facts->ups == FACT_YES || facts->battery == FACT_YES)
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_UPS, TEXT_NONE, NULL, NULL);
    return facts->lid == FACT_NO &&
           say(finding, HOST_OK, TEXT_SETUP_CHECK_DESKTOP, TEXT_NONE, NULL, NULL);
}

static bool run_wsl(const struct host_view *view, struct host_finding *finding)
{
    return view->facts.wsl == FACT_YES &&
           say(finding, HOST_NOTE, TEXT_SETUP_CHECK_WSL, TEXT_SETUP_CHECK_WSL_HINT, NULL, NULL);
}

static bool run_vmware(const struct host_view *view, struct host_finding *finding)
{
    bool vmware = view->facts.vmware == FACT_YES;

    return (vmware || view->facts.virtualbox == FACT_YES) && say(finding,
                                                                 HOST_NOTE,
                                                                 TEXT_SETUP_CHECK_OTHER,
                                                                 TEXT_SETUP_CHECK_OTHER_HINT,
                                                                 vmware ? "VMware" : "VirtualBox",
                                                                 NULL);
}

static bool run_policy(const struct host_view *view, struct host_finding *finding)
{
    bool secure = view->facts.secure_policy == FACT_YES;

    if (!secure && view->facts.supported_policy != FACT_YES)
        return view->facts.secure_policy == FACT_NO &&
               say(finding, HOST_OK, TEXT_SETUP_CHECK_POLICY_FREE, TEXT_NONE, NULL, NULL);
    offer(finding, secure ? COMPUTER_SECURE : COMPUTER_SUPPORTED, "0", TEXT_SETUP_ASK_POLICY);
    return say(finding,
               HOST_BAD,
               TEXT_SETUP_CHECK_POLICY,
               TEXT_SETUP_CHECK_FIX_HINT,
               strchr(finding->fix_setting, '.') + 1,
               NULL);
}

static bool run_service(const struct host_view *view, struct host_finding *finding)
{
    if (view->facts.vmms == SERVICE_LIFE_RUNNING)
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_VMMS, TEXT_NONE, NULL, NULL);
    if (view->facts.vmms == SERVICE_LIFE_STOPPED)
        return say(
            finding, HOST_BAD, TEXT_SETUP_CHECK_VMMS_OFF, TEXT_SETUP_CHECK_VMMS_HINT, NULL, NULL);
    /* without the feature there is none, which is told there */
    return view->facts.vmms == SERVICE_LIFE_UNKNOWN;
}

static bool run_automount(const struct host_view *view, struct host_finding *finding)
{
    if (view->facts.automount == FACT_YES)
        return say(finding, HOST_OK, TEXT_SETUP_CHECK_AUTOMOUNT, TEXT_NONE, NULL, NULL);
    if (view->facts.automount != FACT_NO)
        return true;
    offer(finding, COMPUTER_AUTOMOUNT, "0", TEXT_SETUP_ASK_AUTOMOUNT);
    return say(
        finding, HOST_WARN, TEXT_SETUP_CHECK_AUTOMOUNT_OFF, TEXT_SETUP_CHECK_FIX_HINT, NULL, NULL);
}

static bool run_restart(const struct host_view *view, struct host_finding *finding)
{
    return view->facts.reboot_pending == FACT_YES && say(finding,
                                                         HOST_WARN,
                                                         TEXT_SETUP_CHECK_RESTART,
                                                         TEXT_SETUP_CHECK_RESTART_HINT,
                                                         NULL,
                                                         NULL);
}

const struct host_check host_checks[] = {
    {"host.firmware", TEXT_SETUP_TITLE_FIRMWARE, run_firmware},
    {"host.hyperv", TEXT_SETUP_TITLE_HYPERV, run_hyperv},
    {"host.platform", TEXT_SETUP_TITLE_PLATFORM, run_platform},
    {"host.launch", TEXT_SETUP_TITLE_LAUNCH, run_launch},
    {"host.hypervisor", TEXT_SETUP_TITLE_HYPERVISOR, run_hypervisor},
    {"host.service", TEXT_SETUP_TITLE_SERVICE, run_service},
    {"host.edition", TEXT_SETUP_TITLE_EDITION, run_edition},
    {"host.build", TEXT_SETUP_TITLE_BUILD, run_build},
    {"guest.build", TEXT_SETUP_TITLE_GUEST_BUILD, run_guest_build},
    {"host.memory", TEXT_SETUP_TITLE_MEMORY, run_memory},
    {"host.disk", TEXT_SETUP_TITLE_DISK, run_disk},
    {"host.gpu", TEXT_SETUP_TITLE_GPU, run_gpus},
    {"host.driver", TEXT_SETUP_TITLE_DRIVER, run_driver},
    {"host.policy", TEXT_SETUP_TITLE_POLICY, run_policy},
    {"host.power", TEXT_SETUP_TITLE_POWER, run_power},
    {"host.wsl", TEXT_SETUP_TITLE_WSL, run_wsl},
    {"host.vmware", TEXT_SETUP_TITLE_VMWARE, run_vmware},
    {"host.automount", TEXT_SETUP_TITLE_AUTOMOUNT, run_automount},
    {"host.restart", TEXT_SETUP_TITLE_RESTART, run_restart},
    {NULL, TEXT_NONE, NULL},
};
