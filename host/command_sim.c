/* sim: changes the simulated world, so that everything else can be tried on it. */
#include "host/boot.h"
#include "host/computer/computer.h"
#include "host/drivers.h"
#include "host/hypervisor/sim_state.h"
#include "host/image/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)8 << 20)
#define OFF_MS       30000
#define EDITS_MAX    48
#define DISK_BYTES   ((uint64_t)128 << 30)
#define BOOT_KEYS    "boot."

/* ---- faults of a machine and its Windows ---- */

/* Keys of the machine itself; all others belong to its Windows. */
static bool set_machine_fault(struct sim_vm *vm, const char *setting, struct err *err)
{
    const struct {
        const char *key;
        bool *value;
    } keys[] = {
        {"boot.stuck_with_gpu", &vm->faults.stuck_with_gpu},
        {"boot.stuck", &vm->faults.stuck},
        {"boot.ignores_stop", &vm->faults.ignores_stop},
    };
    size_t length = strcspn(setting, "=");
    const char *value = setting + length + 1;

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strlen(keys[i].key) != length || strncmp(keys[i].key, setting, length) != 0)
            continue;
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            break;
        *keys[i].value = !strcmp(value, "true");
        return true;
    }
    return err_set(err,
                   ERR_USAGE,
                   TEXT_HOST_SIM_BOOT_KEYS,
                   setting,
                   "boot.stuck_with_gpu, boot.stuck, boot.ignores_stop (true|false)",
                   NULL);
}

static bool edit_world(struct call *call, const char *id, const char *const *args, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, OUTPUT_BYTES);
    ok = sim_agent_edit(call->state, id, args, &out, err);
    buf_done(&out);
    return ok;
}

static bool break_one(struct call *call, const struct target *target, struct err *err)
{
    const char *edits[EDITS_MAX + 2] = {"break"};
    bool machine = false;
    struct sim_vm vm;
    size_t count = 1;

    if (!sim_vm_load(call->state, target->id, &vm, err))
        return false;
    for (size_t i = 0; i < call->setting_count; i++) {
        if (strncmp(call->settings[i], BOOT_KEYS, strlen(BOOT_KEYS)) != 0) {
            if (count > EDITS_MAX)
                return err_set(err, ERR_USAGE, TEXT_JSON_TOO_MANY, TEXT_NUM(EDITS_MAX), NULL);
            edits[count++] = call->settings[i];
            continue;
        }
        machine = true;
        if (!set_machine_fault(&vm, call->settings[i], err))
            return false;
    }
    return (!machine || sim_vm_save(call->state, &vm, err)) &&
           (count == 1 || edit_world(call, target->id, edits, err));
}

static bool sim_break(struct call *call, struct err *err)
{
    struct target *target = malloc(sizeof *target);
    bool ok = target || err_no_memory(err);

    if (!call->setting_count) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, "sim", "break NAME KEY=VALUE...", NULL);
        ok = err_hint(err, TEXT_HOST_SIM_KEYS_HINT);
    }
    for (size_t i = 0; ok && i < call->word_count; i++)
        ok = target_one(call, call->words[i], target, err) && break_one(call, target, err);
    free(target);
    if (ok)
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_CHANGED, NULL);
    return ok;
}

/* ---- power ---- */

static bool power_one(struct call *call, enum vm_power power, struct err *err)
{
    struct target *target = malloc(sizeof *target);
    bool ok = target || err_no_memory(err);

    for (size_t i = 0; ok && i < call->word_count; i++)
        ok = target_one(call, call->words[i], target, err) &&
             call->hypervisor->ops->power(call->hypervisor, target->id, power, err);
    free(target);
    if (ok)
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_CHANGED, NULL);
    return ok;
}

static bool sim_reboot(struct call *call, struct err *err)
{
    return power_one(call, VM_POWER_REBOOT, err);
}

static bool sim_power_cut(struct call *call, struct err *err)
{
    return power_one(call, VM_POWER_OFF, err);
}

/* ---- looking ---- */

static bool show_output(struct call *call, const char *id, const char *const *args, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, OUTPUT_BYTES);
    ok = sim_agent_edit(call->state, id, args, &out, err);
    if (ok)
        fputs(buf_str(&out), call->ui.out);
    buf_done(&out);
    return ok;
}

static bool sim_show(struct call *call, struct err *err)
{
    const char *args[] = {"show", call->word_count > 1 ? call->words[1] : NULL, NULL};
    struct target *target = malloc(sizeof *target);
    bool ok = target || err_no_memory(err);

    ok = ok && target_one(call, call->words[0], target, err) &&
         show_output(call, target->id, args, err);
    free(target);
    return ok;
}

static bool sim_keys(struct call *call, struct err *err)
{
    static const char *const args[] = {"keys", NULL};

    return show_output(call, "any", args, err);
}

/* ---- the host ---- */

static bool set_gpu_count(struct sim_host *host, int64_t count)
{
    /* further GPUs are twins of the first: told apart by their path alone */
    for (size_t i = 1; i < (size_t)count; i++) {
        host->gpus[i] = host->gpus[0];
        snprintf(host->gpus[i].path + strlen(host->gpus[i].path) - 1, 8, "%u", (unsigned)(i % 10));
    }
    host->gpu_count = (size_t)count;
    return true;
}

struct host_key {
    const char *key;
    int64_t least, most;
    uint32_t *number; /* or */
    bool *flag;       /* or the count of GPUs */
};

static bool
bad_host_value(const struct host_key *keys, size_t count, const char *setting, struct err *err)
{
    char list[ERR_ARG_BYTES] = "";

    for (size_t i = 0; i < count; i++)
        snprintf(list + strlen(list),
                 sizeof list - strlen(list),
                 "%s%s=%d..%d",
                 i ? ", " : "",
                 keys[i].key,
                 (int)keys[i].least,
                 (int)keys[i].most);
    return err_set(err, ERR_USAGE, TEXT_HOST_SIM_BOOT_KEYS, setting, list, NULL);
}

static bool set_host_value(struct sim_host *host, const char *setting, struct err *err)
{
    const struct host_key keys[] = {
        {"scale", 0, 10000, &host->scale, NULL},
        {"boot_ms", 0, 600000, &host->boot_ms, NULL},
        {"stuck_ms", 100, 600000, &host->stuck_ms, NULL},
        {"shutdown_ms", 100, 600000, &host->shutdown_ms, NULL},
        {"partitions", 0, 1024, &host->gpus[0].partitions, NULL},
        {"gpus", 0, 10, NULL, NULL},
        {"offline", 0, 1, NULL, &host->offline},
        {"hyperv", 0, 1, NULL, &host->hyperv},
        {"npu", 0, 1, NULL, &host->npu},
    };
    const size_t count = sizeof keys / sizeof *keys, length = strcspn(setting, "=");
    const char *digits = setting + length + (setting[length] == '=');
    int64_t value = strtoll(digits, NULL, 10);
    const struct host_key *key = keys;

    while (key < keys + count &&
           (strlen(key->key) != length || strncmp(key->key, setting, length) != 0))
        key++;
    if (key == keys + count || !*digits || strspn(digits, "0123456789") != strlen(digits) ||
        value < key->least || value > key->most)
        return bad_host_value(keys, count, setting, err);
    if (key->number)
        *key->number = (uint32_t)value;
    else if (key->flag)
        *key->flag = value != 0;
    else
        set_gpu_count(host, value);
    return true;
}

static bool sim_host(struct call *call, struct err *err)
{
    struct sim_host host;

    if (!sim_host_load(call->state, &host, err))
        return false;
    for (size_t i = 0; i < call->setting_count; i++)
        if (!set_host_value(&host, call->settings[i], err))
            return false;
    if (!sim_host_save(call->state, &host, err))
        return false;
    ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_CHANGED, NULL);
    return true;
}

/* A new driver on the host: every guest has the old one now. */
static bool sim_host_driver(struct call *call, struct err *err)
{
    struct sim_host host;
    bool ok;

    if (!sim_host_load(call->state, &host, err))
        return false;
    for (size_t i = 0; i < host.gpu_count; i++)
        text_copy(host.gpus[i].driver, sizeof host.gpus[i].driver, call->words[0]);
    ok = sim_host_save(call->state, &host, err) && drivers_simulate(call, err);
    if (ok)
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_CHANGED, NULL);
    return ok;
}

/* ---- VMs that gpupv did not make ---- */

static bool new_vm(struct call *call, const char *name, char *ret_id, struct err *err)
{
    struct vm_settings settings = {.memory_mb = 8192, .cpus = 4};

    text_copy(settings.name, sizeof settings.name, name);
    return call->hypervisor->ops->create(call->hypervisor, &settings, ret_id, err);
}

/* The disk with a Windows that somebody else installed. */
static bool make_disk(const char *disk, struct err *err)
{
    const struct build_request request = {.path = disk,
                                          .size_bytes = DISK_BYTES,
                                          .source = {.path = "", .index = 1},
                                          .boot = {.locale = "en-US"}};
    struct image_port *image = NULL;
    bool ok = image_open_dir(&image, err) && build_disk(image, &request, NULL, err);

    image_free(image);
    return ok;
}

static bool sim_new(struct call *call, struct err *err)
{
    const char *args[] = {"init", call->word_count > 1 ? call->words[1] : "adopted", NULL};
    struct hypervisor *h = call->hypervisor;
    struct host_info host;
    struct vm_info vm;
    char id[VM_ID_BYTES];

    if (!new_vm(call, call->words[0], id, err) || !hypervisor_find(h, id, &vm, err) ||
        !make_disk(vm.settings.disk, err) || !edit_world(call, id, args, err) ||
        !h->ops->host(h, &host, err) ||
        (host.gpu_count && !h->ops->gpu(h, id, &(struct gpu_wish){.path = host.gpus[0].path}, err)))
        return false;
    ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_NEW, call->words[0], id, NULL);
    return true;
}

/* A copy of a VM that is off, as somebody makes it in Hyper-V Manager. */
static bool sim_copy(struct call *call, struct err *err)
{
    struct target *target = malloc(sizeof *target);
    struct image_port *image = NULL;
    struct vm_info copy;
    char id[VM_ID_BYTES];
    bool ok = (target || err_no_memory(err)) && target_one(call, call->words[0], target, err);

    if (ok && target->vm.state != VM_OFF) {
        ok = err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, target->name, NULL);
        err_hint(err, TEXT_HOST_MUST_BE_OFF_HINT);
    }
    ok = ok && new_vm(call, call->words[1], id, err) &&
         hypervisor_find(call->hypervisor, id, &copy, err) && image_open_dir(&image, err) &&
         image->file->copy(
             image, copy.settings.disk, target->vm.settings.disk, false, NULL, NULL, err) &&
         (!*target->vm.gpu ||
          call->hypervisor->ops->gpu(
              call->hypervisor, id, &(struct gpu_wish){.path = target->vm.gpu}, err));
    image_free(image);
    free(target);
    if (ok)
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_NEW, call->words[1], id, NULL);
    return ok;
}

/* ---- the end of everything ---- */

static bool sim_reset(struct call *call, struct err *err)
{
    static const char *const below[] = {"vms", "store", "payloads", "golden"};
    static const char *const files[] = {"host.json", "computer.json", "ledger.json"};
    struct hypervisor *h = call->hypervisor;
    struct vm_info *vms = NULL;
    char path[FS_PATH_BYTES];
    size_t count = 0;
    bool ok;

    if (!ui_confirm(&call->ui, TEXT_HOST_SIM_RESET_ASK, call->state, NULL)) {
        err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
        return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
    }
    ok = h->ops->list(h, &vms, &count, err);
    for (size_t i = 0; ok && i < count; i++)
        ok = h->ops->power(h, vms[i].id, VM_POWER_OFF, err) &&
             hypervisor_wait_state(h, vms[i].id, VM_OFF, OFF_MS, err);
    free(vms);
    for (size_t i = 0; ok && i < sizeof below / sizeof *below; i++)
        ok = fs_join(path, call->state, below[i], err) && fs_remove_tree(path, err);
    for (size_t i = 0; ok && i < sizeof files / sizeof *files; i++)
        ok = fs_join(path, call->state, files[i], err) && fs_remove(path, err);
    if (ok)
        ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_RESET, call->state, NULL);
    return ok;
}

/* The computer that gpupv runs on: firmware, features, settings; reboot=1 restarts it. */
static bool sim_computer(struct call *call, struct err *err)
{
    for (size_t i = 0; i < call->setting_count; i++)
        if (!computer_sim_edit(call->state, call->settings[i], err))
            return false;
    ui_say(&call->ui, TONE_PLAIN, TEXT_HOST_SIM_CHANGED, NULL);
    return true;
}

/* ---- the command ---- */

static const struct command_verb verbs[] = {
    {"new", "NAME [WORLD]", TEXT_HELP_SIM_NEW, 0},
    {"copy", "NAME NEW-NAME", TEXT_HELP_SIM_COPY, 0},
    {"break", "NAME... KEY=VALUE...", TEXT_HELP_SIM_BREAK, 0},
    {"keys", "", TEXT_HELP_SIM_KEYS, 0},
    {"show", "NAME [FIELD]", TEXT_HELP_SIM_SHOW, 0},
    {"reboot", "NAME...", TEXT_HELP_SIM_REBOOT, 0},
    {"power-cut", "NAME...", TEXT_HELP_SIM_POWER_CUT, 0},
    {"host", "KEY=VALUE...", TEXT_HELP_SIM_HOST, 0},
    {"host-driver", "VERSION", TEXT_HELP_SIM_HOST_DRIVER, 0},
    {"computer", "KEY=VALUE...", TEXT_SETUP_HELP_SIM_COMPUTER, 0},
    {"reset", "", TEXT_HELP_SIM_RESET, 0},
    {0},
};

static const struct {
    const char *verb;
    size_t least, most;
    bool (*run)(struct call *call, struct err *err);
} rows[] = {
    {"new", 1, 2, sim_new},
    {"copy", 2, 2, sim_copy},
    {"break", 1, 100, sim_break},
    {"keys", 0, 0, sim_keys},
    {"show", 1, 2, sim_show},
    {"reboot", 1, 100, sim_reboot},
    {"power-cut", 1, 100, sim_power_cut},
    {"host", 0, 0, sim_host},
    {"host-driver", 1, 1, sim_host_driver},
    {"computer", 0, 0, sim_computer},
    {"reset", 0, 0, sim_reset},
};

static bool sim_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    size_t i = 0;

    *ret_code = CODE_OK;
    while (strcmp(rows[i].verb, call->verb->name) != 0)
        i++;
    if (call->word_count < rows[i].least || call->word_count > rows[i].most) {
        char args[ERR_ARG_BYTES];

        snprintf(args, sizeof args, "%s %s", call->verb->name, call->verb->args);
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, "sim", args, NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    return rows[i].run(call, err);
}

const struct command command_sim = {
    .name = "sim",
    .summary = TEXT_HELP_SIM,
    .args = "VERB ...",
    .verbs = verbs,
    .flags = COMMAND_ONLY_SIM | COMMAND_NEEDS_HYPERVISOR | COMMAND_SETTINGS,
    .most_words = 100,
    .exec = sim_exec,
};
