/* Opening, copying and editing simulated machines. */
#include "guest/machine/sim/sim.h"

#include "guest/machine/sim/boot.h"
#include "guest/machine/sim/core.h"
#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/events.h"
#include "guest/machine/sim/store.h"
#include "guest/machine/sim/world_json.h"
#include "guest/machine/sim/worlds.h"

#include <stdlib.h>
#include <string.h>

#define EDIT_BYTES 256

static struct sim *sim_of(const struct machine *machine)
{
    return (struct sim *)(void *)(uintptr_t)machine;
}

static void sim_free(struct machine *machine)
{
    struct sim *sim = sim_of(machine);

    if (!sim)
        return;
    if (sim->world)
        world_done(sim->world);
    free(sim->world);
    if (sim->disk != &sim->memory.disk)
        disk_folder_free(sim->disk);
    store_free(sim->store);
    sim_clock_done(&sim->clock);
    sync_free(sim->sync);
    free(sim);
}

/* A machine without a world yet, its files in memory. */
static struct sim *sim_new(struct err *err)
{
    struct sim *sim = calloc(1, sizeof(*sim));

    if (!sim || !(sim->world = calloc(1, sizeof(*sim->world)))) {
        free(sim);
        err_no_memory(err);
        return NULL;
    }
    world_init(sim->world);
    sim->sync = sync_new();
    if (!sim_clock_init(&sim->clock) || !sim->sync) {
        sim_free(&sim->machine);
        err_no_memory(err);
        return NULL;
    }
    sim->machine.free = sim_free;
    sim->machine.clock = &sim->clock.base;
    sim->real = clock_system();
    disk_memory_init(&sim->memory, sim->world, &sim->env.now_ms);
    sim->disk = &sim->memory.disk;
    sim->env.world = sim->world;
    sim->env.disk = sim->disk;
    port_devices_init(sim);
    port_services_init(sim);
    port_processes_init(sim);
    port_files_init(sim);
    port_displays_init(sim);
    port_system_init(sim);
    port_staging_init(sim);
    return sim;
}

/* ---- in memory ---- */

static void use_clock(struct sim *sim, struct clock *clock)
{
    sim->is_virtual = clock != NULL;
    sim->machine.clock = clock ? clock : clock_system();
    sim->real = sim->machine.clock;
}

static void boot_now(struct sim *sim)
{
    int64_t now_ms = clock_wall_ms(sim->machine.clock);

    sim->dead = false;
    sim->vdd_open = false;
    sim->env.now_ms = now_ms > 0 ? now_ms : 1;
    sim->env.real_ms = clock_wall_ms(sim->real);
    boot_run(&sim->env);
    sim->world->generation++;
    sim->world->change++;
}

bool machine_sim_open_memory(const char *world,
                             struct clock *clock,
                             struct machine **ret_machine,
                             struct err *err)
{
    struct sim *sim = sim_new(err);
    bool ok;

    if (!sim)
        return false;
    use_clock(sim, clock);
    ok = *world == '{' ? worlds_read(world, strlen(world), 1, sim->world, err)
                       : worlds_load(world, 1, sim->world, err);
    if (!ok) {
        sim_free(&sim->machine);
        return false;
    }
    if (!sim->world->system.boots)
        boot_now(sim);
    *ret_machine = &sim->machine;
    return true;
}

bool machine_sim_clone(struct machine *machine,
                       struct clock *clock,
                       struct machine **ret_machine,
                       struct err *err)
{
    struct sim *sim = sim_new(err);

    if (!sim)
        return false;
    use_clock(sim, clock);
    machine_sim_reset(&sim->machine, machine);
    *ret_machine = &sim->machine;
    return true;
}

void machine_sim_reset(struct machine *machine, const struct machine *from)
{
    struct sim *sim = sim_of(machine);
    const struct sim *source = sim_of(from);

    world_copy(sim->world, source->world);
    sim->seen_change = source->seen_change;
    sim->woken = false;
    sim->dead = false;
    sim->vdd_open = false;
    text_copy(sim->published, sizeof(sim->published), source->published);
}

struct world *machine_sim_world(struct machine *machine)
{
    return sim_of(machine)->world;
}

bool machine_sim_dead(const struct machine *machine)
{
    return sim_of(machine)->dead;
}

void machine_sim_restart(struct machine *machine)
{
    sim_of(machine)->dead = false;
    sim_of(machine)->vdd_open = false;
}

/* ---- on disk ---- */

/* Opens without starting the machine. */
static bool open_disk(const char *folder, struct sim **ret_sim, struct err *err)
{
    struct sim *sim = sim_new(err);
    char files[FS_PATH_BYTES];
    struct disk *disk = NULL;

    if (!sim)
        return false;
    if (!store_open(folder, &sim->store, err) || !fs_join(files, folder, "files", err) ||
        !disk_folder_new(files, &disk, err)) {
        sim_free(&sim->machine);
        return false;
    }
    sim->disk = disk;
    sim->env.disk = disk;
    *ret_sim = sim;
    return true;
}

/* Takes the world of a disk whatever its power; done with release. */
static bool take(struct sim *sim, struct err *err)
{
    if (!store_lock(sim->store, err))
        return false;
    if (!store_load(sim->store, sim->world, err)) {
        store_unlock(sim->store);
        return false;
    }
    sim_clock_set(
        &sim->clock, sim->world->scale, sim->world->scale_real_ms, sim->world->scale_wall_ms);
    sim->env.now_ms = clock_wall_ms(sim->machine.clock);
    sim->env.real_ms = clock_wall_ms(sim->real);
    store_live_get(sim->store, &sim->world->live);
    return true;
}

static bool release(struct sim *sim, bool save, struct err *err)
{
    bool ok = true;

    if (save) {
        sim->world->generation++;
        sim->world->change++;
        ok = store_live_put(sim->store, &sim->world->live, err) &&
             store_save(sim->store, sim->world, err);
    } else {
        store_forget(sim->store);
    }
    store_unlock(sim->store);
    return ok;
}

bool machine_open_sim(const char *folder, struct machine **ret_machine, struct err *err)
{
    struct sim *sim = NULL;
    bool fresh, ok;

    if (!open_disk(folder, &sim, err))
        return false;
    ok = take(sim, err);
    if (ok) {
        fresh = sim->world->system.boots == 0;
        if (fresh)
            boot_now(sim);
        ok = release(sim, fresh, err);
    }
    if (ok)
        *ret_machine = &sim->machine;
    else
        sim_free(&sim->machine);
    return ok;
}

bool machine_sim_boot_disk(const char *disk, struct err *err)
{
    struct sim *sim = NULL;
    bool ok;

    if (!open_disk(disk, &sim, err))
        return false;
    ok = take(sim, err);
    if (ok) {
        boot_now(sim);
        ok = release(sim, true, err);
    }
    sim_free(&sim->machine);
    return ok;
}

static bool apply_edit(struct sim *sim, const char *edit, struct err *err)
{
    char key[EDIT_BYTES];
    char *equals;

    text_copy(key, sizeof(key), edit);
    equals = strchr(key, '=');
    if (!equals || equals == key)
        return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_FORM, edit, NULL);
    *equals = 0;
    return edit_apply(&sim->env, key, equals + 1, err);
}

/* The names and values of all edits, before anything changes. */
static bool check_edits(const char *const *edits, struct err *err)
{
    char key[EDIT_BYTES];
    char *equals;

    for (size_t i = 0; edits[i]; i++) {
        text_copy(key, sizeof(key), edits[i]);
        equals = strchr(key, '=');
        if (!equals || equals == key)
            return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_FORM, edits[i], NULL);
        *equals = 0;
        if (!edit_known(key, equals + 1))
            return edit_apply(NULL, key, equals + 1, err); /* says what is wrong */
    }
    return true;
}

bool machine_sim_edit_disk(const char *disk, const char *const *edits, struct err *err)
{
    struct sim *sim = NULL;
    bool ok;

    if (!check_edits(edits, err) || !open_disk(disk, &sim, err))
        return false;
    ok = take(sim, err);
    if (ok) {
        (void)events_settle(&sim->env);
        for (size_t i = 0; ok && edits[i]; i++)
            ok = apply_edit(sim, edits[i], err);
        ok = release(sim, ok, ok ? err : NULL) && ok;
    }
    sim_free(&sim->machine);
    return ok;
}

bool machine_sim_show_disk(const char *disk, struct buf *out, struct err *err)
{
    struct sim *sim = NULL;
    bool ok;

    if (!open_disk(disk, &sim, err))
        return false;
    ok = take(sim, err);
    if (ok) {
        bool changed = events_settle(&sim->env);

        ok = release(sim, changed, err) && world_print(sim->world, out, err);
    }
    sim_free(&sim->machine);
    return ok;
}

const char *const *machine_sim_worlds(void)
{
    return worlds_names;
}

int machine_sim_exit_code(struct machine *machine)
{
    static const int codes[] = {
        [WORLD_OFF] = SIM_EXIT_CUT,
        [WORLD_ON] = 0,
        [WORLD_REBOOT] = SIM_EXIT_REBOOT,
        [WORLD_SHUTDOWN] = SIM_EXIT_SHUTDOWN,
        [WORLD_CUT] = SIM_EXIT_CUT,
    };
    struct sim *sim = sim_of(machine);
    int code;

    sync_lock(sim->sync);
    if (sim->store && take(sim, NULL))
        (void)release(sim, false, NULL);
    code = codes[sim->world->system.power];
    sync_unlock(sim->sync);
    return code;
}

/* ---- either form ---- */

bool machine_sim_boot(struct machine *machine, struct err *err)
{
    struct sim *sim = sim_of(machine);
    bool ok = true;

    sync_lock(sim->sync);
    if (sim->store)
        ok = take(sim, err);
    if (ok)
        boot_now(sim);
    if (ok && sim->store)
        ok = release(sim, true, err);
    sync_unlock(sim->sync);
    return ok;
}

bool machine_sim_edit(struct machine *machine, const char *edit, struct err *err)
{
    struct sim *sim = sim_of(machine);
    bool ok = true;

    sync_lock(sim->sync);
    if (sim->store)
        ok = take(sim, err);
    if (ok && !sim->store) {
        sim->env.now_ms = clock_wall_ms(sim->machine.clock);
        sim->env.real_ms = clock_wall_ms(sim->real);
    }
    if (ok) {
        (void)events_settle(&sim->env);
        ok = apply_edit(sim, edit, err);
        sim->world->change++;
        if (sim->store)
            ok = release(sim, ok, ok ? err : NULL) && ok;
        sync_signal(sim->sync);
    }
    sync_unlock(sim->sync);
    return ok;
}
