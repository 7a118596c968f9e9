/*
 * image_pipeline: the way from an ISO to the disk of a VM as `gpupv up` goes it, on disks with real
 * formats (image_real.h), for the scripts that let other people's programs judge what comes out.
 * The VM is one of a simulated host; everything else is the product. Test code only.
 *
 *   image_pipeline make STATE NAME ISO EDITION DISK GB   golden parent, child, all that goes in
 *   image_pipeline inject STATE NAME DISK                 the agent with key and profile again
 *   image_pipeline drivers DISK FOLDER                    a folder of driver files
 *   image_pipeline read DISK FILE                         prints a file of the Windows volume
 *   image_pipeline put DISK FILE FROM                     writes one
 *   image_pipeline child DISK PARENT                      the file of a child alone
 *   image_pipeline flatten STATE DISK                     makes the disk stand alone
 *   image_pipeline gpupv ARGUMENT...                      gpupv itself
 *
 * The password of the guest comes from the variable PIPELINE_PASSWORD.
 */
#include "common/steps.h"
#include "host/drivers.h"
#include "host/flatten.h"
#include "host/guest/connect.h"
#include "host/guest/payloads.h"
#include "host/image/build.h"
#include "host/inject.h"
#include "host/up_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK       "work"
#define FILE_BYTES ((size_t)64 << 20)
#define DRIVERS    PLAN_DRIVERS "/FileRepository/nv_dispi.inf_amd64_0123456789abcdef"

/* ---- a VM of a simulated host ---- */

static bool open_call(struct call *call, const char *state, struct err *err)
{
    const struct ui_options options = {.no_colour = true};

    memset(call, 0, sizeof *call);
    ui_init(&call->ui, &options);
    text_copy(call->state, sizeof call->state, state);
    return fs_make_dirs(state, FS_PRIVATE, err) &&
           hypervisor_open_sim(state, NULL, &call->hypervisor, err) && call_open_store(call, err);
}

static void close_call(struct call *call)
{
    drivers_free(call->drivers);
    store_free(call->store);
    hypervisor_free(call->hypervisor);
}

/* The record and key that `up` has written by the time it makes the disk. */
static bool make_target(struct call *call, char **words, struct target *target, struct err *err)
{
    struct vm_settings settings = {.memory_mb = 4096, .cpus = 2};
    struct spec *spec = &target->record.spec;
    char path[FS_PATH_BYTES];
    struct key_file keys;
    bool ok;

    text_copy(settings.name, sizeof settings.name, words[1]);
    text_copy(settings.disk, sizeof settings.disk, words[4]);
    if (!call->hypervisor->ops->create(call->hypervisor, &settings, target->id, err) ||
        !hypervisor_find(call->hypervisor, target->id, &target->vm, err))
        return false;
    text_copy(target->vm.settings.disk, sizeof target->vm.settings.disk, words[4]);
    target->exists = target->managed = true;
    text_copy(target->name, sizeof target->name, words[1]);
    text_copy(target->record.id, sizeof target->record.id, target->id);
    spec_init(spec, words[1]);
    text_copy(spec->iso, sizeof spec->iso, words[2]);
    text_copy(spec->edition, sizeof spec->edition, words[3]);
    text_copy(spec->account.user, sizeof spec->account.user, "player");
    spec->disk.size_gb = (uint32_t)strtoul(words[5], NULL, 10);
    ok = store_save(call->store, &target->record, err) && key_new(target->id, &keys, err);
    ok = ok && store_path(call->store, target->id, "key.json", path, err) &&
         key_save(path, &key_seal_host, &keys, err);
    return ok;
}

static bool make_payloads(const char *state, struct err *err)
{
    struct payloads *payloads = NULL;
    bool ok = payloads_open(state, &payloads, err);

    for (size_t i = 0; ok && i < PAYLOADS_COUNT; i++)
        ok = payloads_make_stand_in(payloads, i, err);
    payloads_free(payloads);
    return ok;
}

/* ---- verbs ---- */

struct making {
    struct call *call;
    struct target *target;
};

static bool make_act(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    struct making *making = user;
    struct up_disk disk = {.call = making->call,
                           .target = making->target,
                           .password = getenv("PIPELINE_PASSWORD"),
                           .steps = steps};

    (void)record;
    return up_disk_make(&disk, err);
}

static const struct step rows[] = {
    {.name = "disk", .title = TEXT_BUILD_STAGE_DISK, .act = make_act},
};

static bool do_make(char **words, struct err *err)
{
    static const struct steps_plan plan = {.name = "pipeline", .rows = rows, .count = 1};
    struct target *target = calloc(1, sizeof *target);
    char journal[FS_PATH_BYTES];
    struct call call;
    struct making making = {&call, target};
    bool ok = open_call(&call, words[0], err) && make_payloads(words[0], err) &&
              (target || err_no_memory(err)) && make_target(&call, words, target, err) &&
              store_own_path(call.store, "journal/pipeline", journal, err) &&
              steps_run(&plan, journal, &making, NULL, err);

    close_call(&call);
    free(target);
    return ok;
}

static bool do_inject(char **words, struct err *err)
{
    struct target *target = calloc(1, sizeof *target);
    struct key_file keys;
    struct call call;
    bool ok = open_call(&call, words[0], err) && (target || err_no_memory(err)) &&
              target_one(&call, words[1], target, err) &&
              connect_keys(call.store, target->id, &keys, err);

    if (ok) {
        text_copy(target->vm.settings.disk, FS_PATH_BYTES, words[2]);
        ok = inject_agent(&call, target, &keys, false, err);
        key_wipe(&keys);
    }
    close_call(&call);
    free(target);
    return ok;
}

struct adding {
    const char *folder;
    struct plan *plan;
    bool ok;
    struct err *err;
};

static bool add_driver(const char *name, enum fs_kind kind, void *user)
{
    struct adding *adding = user;
    char source[FS_PATH_BYTES], inside[FS_PATH_BYTES];

    adding->ok = kind == FS_FILE && fs_join(source, adding->folder, name, adding->err) &&
                 fs_join(inside, DRIVERS, name, adding->err) &&
                 plan_file(adding->plan, inside, source, IMAGE_ACL_INHERIT, 0, adding->err);
    return adding->ok;
}

static bool do_drivers(char **words, struct err *err)
{
    struct adding adding = {words[1], NULL, true, err};
    struct image_port *port = NULL;
    bool ok = image_open_system(WORK, &port, err) && plan_new(&adding.plan, err) &&
              plan_folder(adding.plan, DRIVERS, IMAGE_ACL_INHERIT, err) &&
              fs_list(words[1], add_driver, &adding, err) && adding.ok &&
              build_inject(port, words[0], adding.plan, NULL, err);

    plan_free(adding.plan);
    image_free(port);
    return ok;
}

static bool do_read(char **words, struct err *err)
{
    struct image_port *port = NULL;
    struct image_disk *disk = NULL;
    struct image_volume *volume = NULL;
    struct buf out;
    bool ok;

    buf_init(&out, FILE_BYTES);
    ok = image_open_system(WORK, &port, err) &&
         port->disk->attach(port, words[0], IMAGE_READ, &disk, err) &&
         port->disk->volume(port, disk, IMAGE_WINDOWS, &volume, err) &&
         port->tree->get(port, volume, words[1], &out, err) &&
         fwrite(out.data, 1, out.len, stdout) == out.len;
    if (port)
        ok = port->disk->detach(port, disk, ok ? err : NULL) && ok;
    buf_done(&out);
    image_free(port);
    return ok;
}

static bool do_put(char **words, struct err *err)
{
    struct image_port *port = NULL;
    struct plan *plan = NULL;
    bool ok = image_open_system(WORK, &port, err) && plan_new(&plan, err) &&
              plan_file(plan, words[1], words[2], IMAGE_ACL_INHERIT, PLAN_REPLACE, err) &&
              build_inject(port, words[0], plan, NULL, err);

    plan_free(plan);
    image_free(port);
    return ok;
}

static bool do_child(char **words, struct err *err)
{
    struct image_port *port = NULL;
    bool ok = image_open_system(WORK, &port, err) &&
              port->disk->create_child(port, words[0], words[1], err);

    image_free(port);
    return ok;
}

static bool do_flatten(char **words, struct err *err)
{
    struct call call;
    bool changed = false;
    bool ok = open_call(&call, words[0], err) && flatten_disk(&call, words[1], NULL, &changed, err);

    close_call(&call);
    if (ok)
        puts(changed ? "flattened" : "flat already");
    return ok;
}

static const struct {
    const char *name;
    int words;
    bool (*run)(char **words, struct err *err);
} verbs[] = {
    {"make", 6, do_make},
    {"inject", 3, do_inject},
    {"drivers", 2, do_drivers},
    {"read", 2, do_read},
    {"put", 3, do_put},
    {"child", 2, do_child},
    {"flatten", 2, do_flatten},
};

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    char text[1024];

    if (argc > 1 && !strcmp(argv[1], "gpupv"))
        return command_main(argc - 1, (const char *const *)argv + 1);
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0 || argc - 2 != verbs[i].words)
            continue;
        if (verbs[i].run(argv + 2, &err))
            return 0;
        fprintf(stderr,
                "%s: %s\n",
                err_kind_name(err.kind),
                err_message(&err, TEXT_EN, text, sizeof text));
        fprintf(stderr, "hint: %s\n", err_hint_text(&err, TEXT_EN, text, sizeof text));
        return 1;
    }
    fprintf(stderr, "image_pipeline: usage: see tests/support/image_pipeline_posix.c\n");
    return 64;
}
