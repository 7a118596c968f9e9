/* World files of the simulated Windows. What is accepted comes back from its own text as the same
 * world and can be run: boots, hours, every kind of question. What is refused says why. */
#include "tests/fuzz/fuzz.h"

#include "common/json.h"
#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/world_json.h"
#include "guest/machine/sim/worlds.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

static void round_trip(const struct world *world)
{
    struct world *again = malloc(sizeof(*again));
    struct buf one, two;

    if (!again)
        abort();
    world_init(again);
    buf_init(&one, json_limits_file.bytes);
    buf_init(&two, json_limits_file.bytes);
    if (!world_print(world, &one, NULL) ||
        !world_parse(buf_str(&one), one.len, false, again, NULL) ||
        !world_print(again, &two, NULL) || strcmp(buf_str(&one), buf_str(&two)) != 0)
        abort();
    buf_done(&one);
    buf_done(&two);
    world_done(again);
    free(again);
}

static void ask(struct machine *machine)
{
    struct device_list devices;
    struct display_list paths;
    struct gpu_adapter adapter;
    bool present, is_default;
    char inf[DEVICE_ID_BYTES];
    int32_t status;

    (void)machine->devices->ops->list(machine->devices, NULL, &devices, NULL);
    (void)machine->drivers->ops->find(machine->drivers, WORLD_VDA, inf, NULL);
    (void)machine->displays->ops->paths(machine->displays, &paths, NULL);
    (void)machine->gpu->ops->query(machine->gpu, &adapter, NULL);
    (void)machine->gpu->ops->encode_probe(machine->gpu, &status, NULL);
    (void)machine->system->ops->audio(machine->system, true, &present, &is_default, NULL);
    (void)machine->services->ops->start(machine->services, "Parsec", 60000, NULL);
    (void)machine->processes->ops->terminate(machine->processes, "parsecd.exe", NULL);
}

static void live(const char *text)
{
    struct machine *machine = NULL;
    struct clock_manual clock;

    clock_manual_init(&clock, 0, INT64_C(1760000000000));
    if (!machine_sim_open_memory(text, &clock.base, &machine, NULL))
        abort();
    for (int i = 0; i < 3; i++) {
        ask(machine);
        clock_manual_move(&clock, HOUR_MS);
        ask(machine);
        if (!machine_sim_boot(machine, NULL))
            abort();
    }
    machine_free(machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *world = malloc(sizeof(*world));
    char *text = malloc(size + 1);
    struct err err = ERR_INIT;

    if (!world || !text)
        abort();
    memcpy(text, data, size);
    text[size] = 0;
    world_init(world);
    if (worlds_read(text, size, 1, world, &err)) {
        round_trip(world);
        if (text[0] == '{')
            live(text);
    } else if (!err_is_set(&err)) {
        abort();
    }
    world_done(world);
    free(world);
    free(text);
    return 0;
}
