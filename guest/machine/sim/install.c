/* Effects of installers. */
#include "guest/machine/sim/install.h"

#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/parsecd.h"

#include <stdio.h>
#include <string.h>

#define UNINSTALL "HKLM\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\"

struct laid_file {
    enum file_root root;
    const char *name, *text;
};

static const struct laid_file vdd_files[] = {
    {ROOT_VDD_PROGRAM, "nefconw.exe", "simulated program\n"},
    {ROOT_VDD_PROGRAM, "vddinstall.bat", "rem simulated\n"},
    {ROOT_VDD_PROGRAM, "uninstall.exe", "simulated program\n"},
    {ROOT_VDD_PROGRAM, "driver/mm.inf", "; Parsec Virtual Display, simulated\n"},
    {ROOT_VDD_PROGRAM, "driver/mm.cat", "simulated catalogue\n"},
    {ROOT_VDD_PROGRAM, "driver/mm.dll", "simulated driver\n"},
};

static const struct laid_file parsec_files[] = {
    {ROOT_PARSEC_PROGRAM, "parsecd.exe", "simulated program\n"},
    {ROOT_PARSEC_PROGRAM, "parsecd-150-104.dll", "simulated program\n"},
    {ROOT_PARSEC_PROGRAM, "service/pservice.exe", "simulated program\n"},
    {ROOT_PARSEC_PROGRAM, "uninstall.exe", "simulated program\n"},
    {ROOT_PARSEC_PROGRAM, "setup.json", "{\"useProgramData\": true}\n"},
};

/* For one user everything lies in that user's data. */
static const struct laid_file parsec_user_files[] = {
    {ROOT_PARSEC_USER, "parsecd.exe", "simulated program\n"},
    {ROOT_PARSEC_USER, "uninstall.exe", "simulated program\n"},
};

/* pattern has at most one '*'. */
static bool name_matches(const char *pattern, const char *name)
{
    const char *star = strchr(pattern, '*');
    size_t before, after, length = strlen(name);
    char front[sizeof(((struct world_program *)0)->file)];

    if (!star)
        return world_same(pattern, name);
    before = (size_t)(star - pattern);
    after = strlen(star + 1);
    text_copy(front, sizeof(front), pattern);
    front[before] = 0;
    return length >= before + after && world_begins(name, front) &&
           world_same(name + length - after, star + 1);
}

const struct world_program *
install_program(const struct world *world, const char *file, const char *args)
{
    for (uint32_t i = 0; i < world->program_count; i++) {
        const struct world_program *program = &world->programs[i];

        if (name_matches(program->file, file) && strstr(args, program->args))
            return program;
    }
    return NULL;
}

static const char *hardware_of(enum world_effect effect)
{
    if (effect == WORLD_EFFECT_VDD)
        return WORLD_VDA;
    return effect == WORLD_EFFECT_CABLE ? WORLD_CABLE : NULL;
}

static bool is_allowed(const struct world *world, const struct world_package *package)
{
    return package->whql || (package->signer[0] && world_publisher_trusted(world, package->signer));
}

bool install_is_silent(const struct world_program *program, const char *args)
{
    return !program->silent[0] || strstr(args, program->silent);
}

bool install_asks(struct world *world, const struct world_program *program)
{
    const char *hardware_id = hardware_of(program->effect);
    const struct world_package *package =
        hardware_id ? world_package_for(world, hardware_id, false) : NULL;

    return package && !is_allowed(world, package);
}

static void lay(struct sim_env *env, const struct laid_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++)
        disk_put(env->disk, files[i].root, files[i].name, files[i].text);
}

void install_half(struct sim_env *env, enum world_effect effect)
{
    if (effect == WORLD_EFFECT_VDD || effect == WORLD_EFFECT_VDD_UNPACK)
        lay(env, vdd_files, sizeof(vdd_files) / sizeof(vdd_files[0]));
    if (effect == WORLD_EFFECT_PARSEC)
        lay(env, parsec_files, sizeof(parsec_files) / sizeof(parsec_files[0]));
}

static void arp_set(struct world *world, const char *name, const char *title, const char *version)
{
    struct registry_value value = {.type = REGISTRY_STRING};
    char key[128];

    snprintf(key, sizeof(key), UNINSTALL "%s", name);
    text_copy(value.text, sizeof(value.text), title);
    (void)world_registry_set(world, key, "DisplayName", &value);
    text_copy(value.text, sizeof(value.text), version);
    (void)world_registry_set(world, key, "DisplayVersion", &value);
}

static void arp_remove(struct world *world, const char *name)
{
    const struct registry_value absent = {.type = REGISTRY_ABSENT};
    char key[128];

    snprintf(key, sizeof(key), UNINSTALL "%s", name);
    (void)world_registry_set(world, key, "DisplayName", &absent);
    (void)world_registry_set(world, key, "DisplayVersion", &absent);
}

bool install_bind(struct sim_env *env, struct world_package *package)
{
    struct world *world = env->world;
    bool allowed = is_allowed(world, package);

    if (allowed)
        hardware_stage(world, package);
    for (uint32_t i = 0; i < world->device_count; i++) {
        struct world_device *device = &world->devices[i];

        if (!device->present || !world_same(device->hardware_id, package->hardware_id))
            continue;
        if (!allowed) {
            if (!device->inf[0])
                device->problem = DEVICE_PROBLEM_NOT_CONFIGURED;
            continue;
        }
        hardware_install(device, package);
        hardware_start(env, device, HARDWARE_REINSTALL);
    }
    return allowed;
}

/* Vendors' installers make a device node each time they run. */
static void install_device(struct sim_env *env, const char *hardware_id)
{
    struct world_package *package = world_package_for(env->world, hardware_id, false);

    if (!package || !hardware_create(env->world, hardware_id, package->device_class))
        return;
    (void)install_bind(env, package);
}

static void install_vdd(struct sim_env *env, const char *args)
{
    (void)args;
    lay(env, vdd_files, sizeof(vdd_files) / sizeof(vdd_files[0]));
    install_device(env, WORLD_VDA);
    arp_set(env->world, "ParsecVDD", "Parsec Virtual Display Driver", "0.45.0.0");
}

static void install_vdd_unpack(struct sim_env *env, const char *args)
{
    (void)args;
    lay(env, vdd_files, sizeof(vdd_files) / sizeof(vdd_files[0]));
    arp_set(env->world, "ParsecVDD", "Parsec Virtual Display Driver", "0.45.0.0");
}

static void install_cable(struct sim_env *env, const char *args)
{
    (void)args;
    install_device(env, WORLD_CABLE);
    if (!env->world->system.audio_other)
        text_copy(
            env->world->system.audio_default, sizeof(env->world->system.audio_default), "cable");
}

static void account_after_setup(struct sim_env *env, const char *args)
{
    if (!strstr(args, "/nocleanuser")) {
        parsecd_account(env, WORLD_SIGNED_OUT);
        parsecd_stock_config(env);
    }
    if (strstr(args, "/team_id=") && strstr(args, "/team_computer_key=")) {
        env->world->parsec.plan = WORLD_PLAN_TEAMS;
        parsecd_account(env, WORLD_SIGNED_IN);
    }
}

static void install_parsec(struct sim_env *env, const char *args)
{
    struct world *world = env->world;
    struct world_service *service = world_service(world, PARSECD_SERVICE);
    const struct world_package *vdd = world_package_for(world, WORLD_VDA, false);

    lay(env, parsec_files, sizeof(parsec_files) / sizeof(parsec_files[0]));
    arp_set(world, "Parsec", "Parsec", "150-104.0.0");
    if (service && service->state == SERVICE_STATE_RUNNING)
        parsecd_stop(env);
    world->parsec.per_user = false;
    account_after_setup(env, args);
    if (strstr(args, "/vdd") && vdd && is_allowed(world, vdd))
        install_vdd(env, args);
    if (!service)
        service = world_add_service(world);
    if (!service)
        return;
    text_copy(service->name, sizeof(service->name), PARSECD_SERVICE);
    service->start = SERVICE_START_AUTO;
    service->start_ms = service->start_ms ? service->start_ms : 2000;
    service->start_error = 0;
    service->stopping = false;
    service->ready_at_ms = 0;
    service->state = SERVICE_STATE_RUNNING;
    parsecd_start(env);
}

static void remove_parsec(struct sim_env *env, const char *args)
{
    struct world_service *service = world_service(env->world, PARSECD_SERVICE);

    (void)args;
    parsecd_stop(env);
    world_process_end(env->world, PARSECD_PROCESS);
    if (service)
        world_remove_service(env->world, service);
    arp_remove(env->world, "Parsec");
    (void)env->disk->ops->remove_tree(env->disk, ROOT_PARSEC_PROGRAM, "", NULL);
    for (size_t i = 0; i < sizeof(parsec_user_files) / sizeof(parsec_user_files[0]); i++)
        (void)env->disk->ops->remove(
            env->disk, parsec_user_files[i].root, parsec_user_files[i].name, NULL);
    env->world->parsec.per_user = false;
}

void install_for_user(struct sim_env *env)
{
    lay(env, parsec_user_files, sizeof(parsec_user_files) / sizeof(parsec_user_files[0]));
    env->world->parsec.per_user = true;
    parsecd_stock_config(env);
}

static void remove_devices(struct world *world, const char *hardware_id)
{
    struct world_package *package = world_package_for(world, hardware_id, true);

    for (uint32_t i = world->device_count; i-- > 0;)
        if (world_same(world->devices[i].hardware_id, hardware_id))
            world_remove_device(world, &world->devices[i]);
    if (package) {
        package->staged = false;
        package->published[0] = 0;
    }
}

static void remove_vdd(struct sim_env *env, const char *args)
{
    (void)args;
    remove_devices(env->world, WORLD_VDA);
    arp_remove(env->world, "ParsecVDD");
    (void)env->disk->ops->remove_tree(env->disk, ROOT_VDD_PROGRAM, "", NULL);
}

static void remove_cable(struct sim_env *env, const char *args)
{
    (void)args;
    remove_devices(env->world, WORLD_CABLE);
}

static void do_nothing(struct sim_env *env, const char *args)
{
    (void)env;
    (void)args;
}

void install_finish(struct sim_env *env, enum world_effect effect, const char *args)
{
    static void (*const effects[])(struct sim_env * env, const char *args) = {
        [WORLD_EFFECT_NONE] = do_nothing,
        [WORLD_EFFECT_PARSEC] = install_parsec,
        [WORLD_EFFECT_VDD] = install_vdd,
        [WORLD_EFFECT_VDD_UNPACK] = install_vdd_unpack,
        [WORLD_EFFECT_CABLE] = install_cable,
        [WORLD_EFFECT_PARSEC_REMOVE] = remove_parsec,
        [WORLD_EFFECT_VDD_REMOVE] = remove_vdd,
        [WORLD_EFFECT_CABLE_REMOVE] = remove_cable,
    };

    effects[effect](env, args);
}
