/* How each part of the world looks as JSON. */
#include "guest/machine/sim/world_shapes.h"

#include "guest/machine/sim/world.h"

#define AT(type, member)                                                                           \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_AT(t, m)                                                                              \
    {                                                                                              \
        .key = #m, .kind = SHAPE_TEXT, AT(t, m)                                                    \
    }
#define NAME_AT(t, m)                                                                              \
    {                                                                                              \
        .key = #m, .kind = SHAPE_TEXT, .required = true, AT(t, m)                                  \
    }
#define BOOL_AT(t, m)                                                                              \
    {                                                                                              \
        .key = #m, .kind = SHAPE_BOOL, AT(t, m)                                                    \
    }
#define INT_AT(t, m)                                                                               \
    {                                                                                              \
        .key = #m, .kind = SHAPE_INT32, AT(t, m)                                                   \
    }
#define UINT_AT(t, m)                                                                              \
    {                                                                                              \
        .key = #m, .kind = SHAPE_UINT32, AT(t, m)                                                  \
    }
#define UINT_TO(t, m, top)                                                                         \
    {                                                                                              \
        .key = #m, .kind = SHAPE_UINT32, .max = (top), AT(t, m)                                    \
    }
#define TIME_AT(t, m)                                                                              \
    {                                                                                              \
        .key = #m, .kind = SHAPE_INT64, AT(t, m)                                                   \
    }
#define CHOICE_AT(t, m, n)                                                                         \
    {                                                                                              \
        .key = #m, .kind = SHAPE_CHOICE, .names = (n), .name_count = COUNT_OF(n), AT(t, m)         \
    }
/* written even when it is as always, for people and programs that ask for it */
#define STATE_AT(t, m, n)                                                                          \
    {                                                                                              \
        .key = #m, .kind = SHAPE_CHOICE, .required = true, .names = (n),                           \
        .name_count = COUNT_OF(n), AT(t, m)                                                        \
    }
#define OBJECT_AT(t, m, s)                                                                         \
    {                                                                                              \
        .key = #m, .kind = SHAPE_OBJECT, .shape = &s##_shape, AT(t, m)                             \
    }
#define LIST_AT(m, s, top, n)                                                                      \
    {                                                                                              \
        .key = #m, .kind = SHAPE_LIST, .shape = &s##_shape, .max = (top),                          \
        .count_offset = offsetof(struct world, n), AT(world, m)                                    \
    }
#define SHAPE(name, type, start)                                                                   \
    static const struct shape name##_shape = {                                                     \
        .fields = name##_fields,                                                                   \
        .count = COUNT_OF(name##_fields),                                                          \
        .size = sizeof(struct type),                                                               \
        .init = (start),                                                                           \
    }

#define SECONDS_MAX (7 * 24 * 3600)
#define WAIT_MS_MAX (3600 * 1000)

static const char *const bus_names[] = {"root", "vmbus", "pci"};
static const char *const cure_names[] = {"auto", "restart", "reinstall", "reboot", "host", "never"};

static void device_init(void *item)
{
    ((struct world_device *)item)->present = true;
}

static const struct shape_field device_fields[] = {
    NAME_AT(world_device, instance),
    NAME_AT(world_device, hardware_id),
    TEXT_AT(world_device, name),
    TEXT_AT(world_device, device_class),
    CHOICE_AT(world_device, bus, bus_names),
    BOOL_AT(world_device, present),
    BOOL_AT(world_device, disabled),
    BOOL_AT(world_device, disabled_until_boot),
    BOOL_AT(world_device, removed),
    UINT_TO(world_device, problem, 1000),
    CHOICE_AT(world_device, cure, cure_names),
    TEXT_AT(world_device, inf),
    TEXT_AT(world_device, version),
    TEXT_AT(world_device, provider),
};
SHAPE(device, world_device, device_init);

static const struct shape_field package_fields[] = {
    NAME_AT(world_package, inf),
    TEXT_AT(world_package, published),
    NAME_AT(world_package, hardware_id),
    TEXT_AT(world_package, device_class),
    TEXT_AT(world_package, name),
    TEXT_AT(world_package, version),
    TEXT_AT(world_package, provider),
    TEXT_AT(world_package, signer),
    BOOL_AT(world_package, whql),
    BOOL_AT(world_package, staged),
    BOOL_AT(world_package, needs_reboot),
};
SHAPE(package, world_package, NULL);

static const char *const state_names[] = {"absent", "stopped", "pending", "running"};
static const char *const start_names[] = {"auto", "manual", "disabled"};

static void service_init(void *item)
{
    ((struct world_service *)item)->state = SERVICE_STATE_STOPPED;
}

static const struct shape_field service_fields[] = {
    NAME_AT(world_service, name),
    STATE_AT(world_service, state, state_names),
    CHOICE_AT(world_service, start, start_names),
    UINT_TO(world_service, start_ms, WAIT_MS_MAX),
    UINT_TO(world_service, stop_ms, WAIT_MS_MAX),
    INT_AT(world_service, start_error),
    TIME_AT(world_service, ready_at_ms),
    BOOL_AT(world_service, stopping),
    TEXT_AT(world_service, process),
};
SHAPE(service, world_service, service_init);

static const struct shape_field process_fields[] = {
    NAME_AT(world_process, name),
    BOOL_AT(world_process, user),
};
SHAPE(process, world_process, NULL);

static const char *const action_names[] = {"nothing", "vdd", "cable", "monitor"};

static void task_init(void *item)
{
    ((struct world_task *)item)->enabled = true;
}

static const struct shape_field task_fields[] = {
    NAME_AT(world_task, name),
    BOOL_AT(world_task, enabled),
    CHOICE_AT(world_task, action, action_names),
    TIME_AT(world_task, run_at_ms),
};
SHAPE(task, world_task, task_init);

static const char *const registry_names[] = {"absent", "string", "dword", "multi"};

static void registry_init(void *item)
{
    ((struct world_registry *)item)->type = REGISTRY_STRING;
}

static const struct shape_field registry_fields[] = {
    NAME_AT(world_registry, key),
    NAME_AT(world_registry, name),
    CHOICE_AT(world_registry, type, registry_names),
    UINT_AT(world_registry, dword),
    TEXT_AT(world_registry, text),
};
SHAPE(registry, world_registry, registry_init);

static const char *const effect_names[] = {
    "none", "parsec", "vdd", "vdd_unpack", "cable", "parsec_remove", "vdd_remove", "cable_remove"};

static const struct shape_field program_fields[] = {
    NAME_AT(world_program, file),
    TEXT_AT(world_program, args),
    TEXT_AT(world_program, silent),
    TEXT_AT(world_program, publisher),
    CHOICE_AT(world_program, effect, effect_names),
    UINT_TO(world_program, seconds, SECONDS_MAX),
    INT_AT(world_program, exit_code),
    BOOL_AT(world_program, needs_reboot),
    BOOL_AT(world_program, lies),
    BOOL_AT(world_program, hangs),
    BOOL_AT(world_program, unpacks),
};
SHAPE(program, world_program, NULL);

static const char *const do_names[] = {"fail", "lie", "kill", "hang", "reboot", "power"};
static const char *const kind_names[ERR_KINDS] = {
    [ERR_NONE] = "none",           [ERR_FAILED] = "failed",
    [ERR_BAD_INPUT] = "bad_input", [ERR_TOO_LARGE] = "too_large",
    [ERR_USAGE] = "usage",         [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",       [ERR_BUSY] = "busy",
    [ERR_CONFLICT] = "conflict",   [ERR_DENIED] = "denied",
    [ERR_AUTH] = "auth",           [ERR_UNREACHABLE] = "unreachable",
    [ERR_TIMEOUT] = "timeout",     [ERR_CLOSED] = "closed",
    [ERR_CANCELLED] = "cancelled", [ERR_UNSUPPORTED] = "unsupported",
    [ERR_UNSAFE] = "unsafe",       [ERR_NO_MEMORY] = "no_memory",
    [ERR_NO_SPACE] = "no_space",   [ERR_IO] = "io",
};

static void fault_init(void *item)
{
    struct world_fault *fault = item;

    fault->call = 1;
    fault->count = 1;
    fault->kind = ERR_FAILED;
    fault->hang_s = 60;
}

static const struct shape_field fault_fields[] = {
    NAME_AT(world_fault, port),
    NAME_AT(world_fault, op),
    TEXT_AT(world_fault, object),
    UINT_AT(world_fault, call),
    UINT_AT(world_fault, count),
    {.key = "do",
     .kind = SHAPE_CHOICE,
     .names = do_names,
     .name_count = COUNT_OF(do_names),
     AT(world_fault, action)},
    BOOL_AT(world_fault, after),
    INT_AT(world_fault, code),
    CHOICE_AT(world_fault, kind, kind_names),
    UINT_TO(world_fault, hang_s, SECONDS_MAX),
    UINT_AT(world_fault, seen),
};
SHAPE(fault, world_fault, fault_init);

static const struct shape_field random_fields[] = {
    {.key = "seed", .kind = SHAPE_UINT32, AT(world_random, state)},
    UINT_TO(world_random, per_mille, 1000),
    UINT_AT(world_random, left),
    BOOL_AT(world_random, fail),
    BOOL_AT(world_random, lie),
    BOOL_AT(world_random, reboot),
};
SHAPE(random, world_random, NULL);

static const struct shape_field drift_fields[] = {
    UINT_AT(world_drift, at_boot),
    UINT_TO(world_drift, after_s, SECONDS_MAX),
    NAME_AT(world_drift, key),
    NAME_AT(world_drift, value),
    TIME_AT(world_drift, due_at_ms),
};
SHAPE(drift, world_drift, NULL);

static const char *const plan_names[] = {"free", "warp", "teams"};
static const char *const account_names[] = {"signed_out", "signed_in", "lost"};
static const char *const rewrite_names[] = {"plan", "none", "lines", "all"};

static const struct shape_field parsec_fields[] = {
    TEXT_AT(world_parsec, version),
    STATE_AT(world_parsec, plan, plan_names),
    STATE_AT(world_parsec, account, account_names),
    CHOICE_AT(world_parsec, rewrite, rewrite_names),
    UINT_AT(world_parsec, rewrites_left),
    BOOL_AT(world_parsec, per_user),
    BOOL_AT(world_parsec, json_config),
    BOOL_AT(world_parsec, client),
    UINT_TO(world_parsec, person_s, SECONDS_MAX),
    TIME_AT(world_parsec, sign_in_at_ms),
    TIME_AT(world_parsec, respawn_at_ms),
    UINT_TO(world_parsec, monitors, WORLD_MONITORS),
    BOOL_AT(world_parsec, privacy),
    TEXT_AT(world_parsec, proxy),
};
SHAPE(parsec, world_parsec, NULL);

static const char *const topology_names[] = {"extend", "virtual_main", "virtual_only"};

static const struct shape_field displays_fields[] = {
    CHOICE_AT(world_displays, topology, topology_names),
    UINT_TO(world_displays, width, 16384),
    UINT_TO(world_displays, height, 16384),
    UINT_TO(world_displays, hz, 1000),
    BOOL_AT(world_displays, basic_fallback),
    UINT_TO(world_displays, other_owner, WORLD_MONITORS),
    UINT_AT(world_displays, vdd_minor),
};
SHAPE(displays, world_displays, NULL);

static const struct shape_field gpu_fields[] = {
    BOOL_AT(world_gpu, attached),
    TEXT_AT(world_gpu, name),
    TEXT_AT(world_gpu, folder),
    TEXT_AT(world_gpu, version),
    {.key = "files",
     .kind = SHAPE_TEXTS,
     .max = WORLD_GPU_FILES,
     .offset = offsetof(struct world_gpu, files),
     .size = sizeof(((struct world_gpu *)0)->files[0]),
     .count_offset = offsetof(struct world_gpu, file_count)},
    INT_AT(world_gpu, encode_status),
    UINT_TO(world_gpu, problem, 1000),
};
SHAPE(gpu, world_gpu, NULL);

static const struct shape_field session_fields[] = {
    TEXT_AT(world_session, user),
    BOOL_AT(world_session, autologon),
    UINT_TO(world_session, logon_s, SECONDS_MAX),
    BOOL_AT(world_session, secret),
    BOOL_AT(world_session, logged_on),
    BOOL_AT(world_session, enhanced),
    BOOL_AT(world_session, busy),
    BOOL_AT(world_session, script_waiting),
    TIME_AT(world_session, logon_at_ms),
    TIME_AT(world_session, desktop_since_ms),
    TIME_AT(world_session, input_ms),
};
SHAPE(session, world_session, NULL);

static const char *const trouble_names[NETWORK_TROUBLES] = {
    [NETWORK_OK] = "ok",
    [NETWORK_NO_ADDRESS] = "no_address",
    [NETWORK_NO_NAMES] = "no_names",
    [NETWORK_PROXY_REFUSED] = "proxy_refused",
    [NETWORK_PROXY_DENIED] = "proxy_denied",
    [NETWORK_BLOCKED] = "blocked",
    [NETWORK_CLOCK_WRONG] = "clock_wrong",
    [NETWORK_NO_UDP] = "no_udp",
    [NETWORK_DOUBLE_NAT] = "double_nat",
};
static const char *const proxy_names[] = {"ok", "refused", "denied"};

static const struct shape_field network_fields[] = {
    STATE_AT(world_network, trouble, trouble_names),
    TEXT_AT(world_network, proxy),
    CHOICE_AT(world_network, proxy_state, proxy_names),
};
SHAPE(network, world_network, NULL);

static const char *const power_names[] = {"off", "on", "reboot", "shutdown", "cut"};

static const struct shape_field system_fields[] = {
    STATE_AT(world_system, power, power_names),
    UINT_AT(world_system, boots),
    TEXT_AT(world_system, boot_id),
    TIME_AT(world_system, boot_at_ms),
    UINT_TO(world_system, setup_s, SECONDS_MAX),
    TIME_AT(world_system, setup_until_ms),
    BOOL_AT(world_system, setup_stuck),
    BOOL_AT(world_system, reboot_pending),
    TEXT_AT(world_system, computer),
    TEXT_AT(world_system, build),
    TEXT_AT(world_system, vm_id),
    BOOL_AT(world_system, sleep_allowed),
    BOOL_AT(world_system, media_present),
    BOOL_AT(world_system, media_offered),
    BOOL_AT(world_system, uac_secure_desktop),
    BOOL_AT(world_system, driver_updates),
    TEXT_AT(world_system, audio_default),
    BOOL_AT(world_system, audio_other),
};
SHAPE(system, world_system, NULL);

static const struct shape_field world_fields[] = {
    TEXT_AT(world, name),
    {.key = "scale", .kind = SHAPE_INT64, .min = 1, .max = 10000, AT(world, scale)},
    TIME_AT(world, scale_real_ms),
    TIME_AT(world, scale_wall_ms),
    TIME_AT(world, generation),
    TIME_AT(world, change),
    OBJECT_AT(world, system, system),
    OBJECT_AT(world, session, session),
    OBJECT_AT(world, network, network),
    OBJECT_AT(world, displays, displays),
    OBJECT_AT(world, gpu, gpu),
    OBJECT_AT(world, parsec, parsec),
    LIST_AT(devices, device, WORLD_DEVICES, device_count),
    LIST_AT(packages, package, WORLD_PACKAGES, package_count),
    {.key = "publishers",
     .kind = SHAPE_TEXTS,
     .max = WORLD_PUBLISHERS,
     .offset = offsetof(struct world, publishers),
     .size = sizeof(((struct world *)0)->publishers[0]),
     .count_offset = offsetof(struct world, publisher_count)},
    LIST_AT(services, service, WORLD_SERVICES, service_count),
    LIST_AT(processes, process, WORLD_PROCESSES, process_count),
    LIST_AT(tasks, task, WORLD_TASKS, task_count),
    LIST_AT(registry, registry, WORLD_REGISTRY, registry_count),
    LIST_AT(programs, program, WORLD_PROGRAMS, program_count),
    LIST_AT(faults, fault, WORLD_FAULTS, fault_count),
    OBJECT_AT(world, random, random),
    LIST_AT(drifts, drift, WORLD_DRIFTS, drift_count),
};

const struct shape world_shape = {
    .fields = world_fields,
    .count = COUNT_OF(world_fields),
    .size = sizeof(struct world),
};
