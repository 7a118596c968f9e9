/* The table of the agent's probes, and those that ask the guest's ports. */
#include "guest/selftest.h"

#include "guest/agent_files.h"
#include "guest/device.h"
#include "guest/legacy.h"
#include "guest/parsec/account.h"

#include "common/key.h"

#include <stdlib.h>
#include <string.h>

#define VDD_VERSION  "0.45." /* of the driver that Parsec's installer brings */
#define HYPERV_KEY   "HKLM\\SOFTWARE\\Microsoft\\Virtual Machine\\Guest\\Parameters"
#define HYPERV_VALUE "VirtualMachineName"

/* ---- Parsec ---- */

static void ask_shared(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    const struct parsec_installed *installed = &guest->installed;

    if (!guest->installed_known)
        selftest_failed(ret_answer, &guest->installed_why);
    else if (installed->scope == PARSEC_SCOPE_USER)
        selftest_refute(ret_answer, TEXT_SELFTEST_PARSEC_FOR_USER, NULL);
    else if (installed->scope == PARSEC_SCOPE_SHARED && installed->service)
        selftest_confirm(ret_answer,
                         installed->listed ? TEXT_SELFTEST_PARSEC_SHARED
                                           : TEXT_SELFTEST_PARSEC_UNLISTED,
                         installed->version,
                         NULL);
    else
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_PARSEC, NULL);
}

static void ask_config(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct files_port *files = guest->machine->files;
    struct fs_stat text = {.kind = FS_MISSING}, json = {.kind = FS_MISSING};
    struct err err = ERR_INIT;
    enum file_root root = ROOT_PARSEC_SHARED;

    parsec_log_root(guest->log, &root);
    if (!files->ops->stat(files, root, "config.txt", &text, &err) ||
        !files->ops->stat(files, root, "config.json", &json, &err))
        selftest_failed(ret_answer, &err);
    else if (json.kind == FS_FILE)
        selftest_confirm(ret_answer,
                         text.kind != FS_FILE                   ? TEXT_SELFTEST_CONFIG_JSON
                         : json.modified_ms >= text.modified_ms ? TEXT_SELFTEST_CONFIG_BOTH
                                                                : TEXT_SELFTEST_CONFIG_BOTH_TEXT,
                         NULL);
    else if (text.kind == FS_FILE)
        selftest_refute(ret_answer, TEXT_SELFTEST_CONFIG_TEXT, NULL);
    else
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_PARSEC, NULL);
}

static void ask_log(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    const struct parsec_log_state *log = parsec_log_state(guest->log);
    uint64_t known = log->lines - log->unknown_lines;

    if (!guest->log_known)
        selftest_failed(ret_answer, &guest->log_why);
    else if (!log->found || log->lines == 0)
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_LOG, NULL);
    else if (log->started || log->release[0])
        selftest_confirm(ret_answer,
                         TEXT_SELFTEST_LOG_SEEN,
                         log->release[0] ? log->release : "-",
                         TEXT_NUM((int64_t)known),
                         TEXT_NUM((int64_t)log->lines),
                         NULL);
    else
        selftest_refute(ret_answer,
                        TEXT_SELFTEST_LOG_STRANGE,
                        TEXT_NUM((int64_t)known),
                        TEXT_NUM((int64_t)log->lines),
                        NULL);
}

static const struct display_path *virtual_path(const struct facts *facts)
{
    for (size_t i = 0; facts->paths_known && i < facts->paths.count; i++)
        if (facts->paths.items[i].kind == DISPLAY_PARSEC)
            return &facts->paths.items[i];
    return NULL;
}

/* Only somebody who is connected shows what Parsec captures. */
static void ask_capture(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    const struct parsec_log_state *log = parsec_log_state(guest->log);
    const struct display_path *path = virtual_path(&guest->facts);

    if (!guest->log_known)
        selftest_failed(ret_answer, &guest->log_why);
    else if (parsec_log_clients(log) == 0)
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_CLIENT, NULL);
    else if (log->troubles[PARSEC_TROUBLE_NO_DISPLAY].stands)
        selftest_refute(ret_answer, TEXT_SELFTEST_NOT_CAPTURED, NULL);
    else if (!path)
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_MONITOR, NULL);
    else
        selftest_confirm(ret_answer,
                         TEXT_SELFTEST_CAPTURED,
                         TEXT_NUM(path->width),
                         TEXT_NUM(path->height),
                         log->encoder,
                         NULL);
}

/* Answered by a guest whose key belongs to another VM: it was cloned or restored. */
static void ask_account(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    const struct system_state *system = &guest->facts.system;
    struct parsec_state state;
    struct account_view view = {.account = ACCOUNT_NO};
    struct err err = ERR_INIT;
    char path[FS_PATH_BYTES];
    struct key_file key;
    bool changed, moved;

    if (!guest->facts.system_known || !system->vm_id[0] ||
        !fs_join(path, guest->folder, AGENT_KEY_FILE, NULL) ||
        !key_load(path, &key_seal_plain, &key, NULL)) {
        selftest_unknown(ret_answer, TEXT_SELFTEST_NOT_CLONED, NULL);
        return;
    }
    moved = strcmp(key.vm, system->vm_id) != 0;
    key_wipe(&key);
    parsec_state_init(&state);
    if (!moved)
        selftest_unknown(ret_answer, TEXT_SELFTEST_NOT_CLONED, NULL);
    else if (!account_look(guest->machine->files,
                           parsec_log_state(guest->log),
                           &state,
                           &view,
                           &changed,
                           &err))
        selftest_failed(ret_answer, &err);
    else if (view.account == ACCOUNT_YES)
        selftest_confirm(ret_answer, TEXT_SELFTEST_ACCOUNT_KEPT, NULL);
    else if (view.file)
        selftest_refute(ret_answer, TEXT_SELFTEST_ACCOUNT_REFUSED, NULL);
    else
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_ACCOUNT, NULL);
}

/* ---- displays ---- */

static void ask_vdd_version(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct device_view view;
    struct err err = ERR_INIT;

    if (!device_look(guest->machine->devices, &device_vdd, &view, &err))
        selftest_failed(ret_answer, &err);
    else if (!view.best || !view.best->driver_version[0])
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_DEVICE, device_vdd.name, NULL);
    else if (strncmp(view.best->driver_version, VDD_VERSION, strlen(VDD_VERSION)) == 0)
        selftest_confirm(
            ret_answer, TEXT_SELFTEST_DRIVER, device_vdd.name, view.best->driver_version, NULL);
    else
        selftest_refute(
            ret_answer, TEXT_SELFTEST_DRIVER, device_vdd.name, view.best->driver_version, NULL);
}

static void ask_vdd_interface(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct vdd_port *vdd = guest->machine->vdd;
    struct err err = ERR_INIT;
    uint32_t minor = 0;
    bool ok;

    if (!vdd->ops->open(vdd, &err)) {
        selftest_failed(ret_answer, &err);
        return;
    }
    ok = vdd->ops->version(vdd, &minor, &err);
    vdd->ops->close(vdd);
    if (!ok)
        selftest_failed(ret_answer, &err);
    else
        selftest_confirm(ret_answer, TEXT_SELFTEST_VDD_MINOR, TEXT_NUM(minor), NULL);
}

static void ask_vdd_signer(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct drivers_port *drivers = guest->machine->drivers;
    enum driver_trust trust = DRIVER_UNTRUSTED;
    char inf[DEVICE_ID_BYTES] = "";
    struct err err = ERR_INIT;

    if (!drivers->ops->find(drivers, device_vdd.hardware_id, inf, &err))
        selftest_failed(ret_answer, &err);
    else if (!inf[0])
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_DEVICE, device_vdd.name, NULL);
    else if (!drivers->ops->trust(drivers, inf, &trust, &err))
        selftest_failed(ret_answer, &err);
    else if (trust == DRIVER_SILENT)
        selftest_confirm(ret_answer, TEXT_SELFTEST_SIGNER_TRUSTED, inf, NULL);
    else
        selftest_refute(ret_answer,
                        trust == DRIVER_WOULD_PROMPT ? TEXT_SELFTEST_SIGNER_ASKED
                                                     : TEXT_SELFTEST_SIGNER_REFUSED,
                        inf,
                        NULL);
}

static void ask_video(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;

    if (guest->facts.video == VIDEO_DISABLED)
        selftest_confirm(ret_answer, TEXT_SELFTEST_VIDEO_OFF, NULL);
    else
        selftest_unknown(ret_answer, TEXT_SELFTEST_VIDEO_ON, NULL);
}

static void ask_paths(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;

    if (!guest->facts.paths_known)
        selftest_failed(ret_answer, &guest->facts.paths_why);
    else
        selftest_confirm(ret_answer,
                         TEXT_SELFTEST_PATHS_SEEN,
                         TEXT_NUM((int64_t)guest->facts.paths.count),
                         NULL);
}

/* ---- graphics card ---- */

/* The adapter, or an answer that there is none. */
static const struct gpu_adapter *find_gpu(struct selftest_guest *guest,
                                          struct selftest_answer *answer)
{
    if (!guest->facts.gpu_known)
        selftest_failed(answer, &guest->facts.gpu_why);
    else if (!guest->facts.gpu.present)
        selftest_unknown(answer, TEXT_SELFTEST_NO_GPU, NULL);
    else
        return &guest->facts.gpu;
    return NULL;
}

static void ask_gpu_version(void *user, struct selftest_answer *ret_answer)
{
    const struct gpu_adapter *gpu = find_gpu(user, ret_answer);

    if (!gpu)
        return;
    if (!gpu->driver_host[0])
        selftest_refute(ret_answer, TEXT_SELFTEST_GPU_NO_VERSION, NULL);
    else if (!gpu->driver_guest[0])
        selftest_unknown(ret_answer, TEXT_SELFTEST_GPU_NO_FILES, NULL);
    else if (strcmp(gpu->driver_host, gpu->driver_guest) == 0)
        selftest_confirm(ret_answer, TEXT_SELFTEST_GPU_VERSION, gpu->driver_host, NULL);
    else
        selftest_refute(
            ret_answer, TEXT_SELFTEST_GPU_VERSIONS, gpu->driver_host, gpu->driver_guest, NULL);
}

static void ask_gpu_folder(void *user, struct selftest_answer *ret_answer)
{
    const struct gpu_adapter *gpu = find_gpu(user, ret_answer);

    if (!gpu)
        return;
    if (gpu->driver_folder[0])
        selftest_confirm(ret_answer, TEXT_SELFTEST_GPU_FOLDER, gpu->driver_folder, NULL);
    else
        selftest_refute(ret_answer, TEXT_SELFTEST_GPU_NO_FOLDER, NULL);
}

static void ask_gpu_encode(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct gpu_port *gpu = guest->machine->gpu;
    struct err err = ERR_INIT;
    int32_t status = 0;

    if (!find_gpu(guest, ret_answer))
        return;
    if (!gpu->ops->encode_probe(gpu, &status, &err))
        selftest_failed(ret_answer, &err);
    else if (status == 0)
        selftest_confirm(ret_answer, TEXT_SELFTEST_GPU_ENCODES, NULL);
    else
        selftest_refute(ret_answer, TEXT_SELFTEST_GPU_NO_ENCODER, TEXT_NUM(status), NULL);
}

/* ---- Windows ---- */

static void ask_vm_id(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct registry_port *registry = guest->machine->registry;
    struct registry_value value = {.type = REGISTRY_ABSENT};
    struct err err = ERR_INIT;

    if (!guest->facts.system_known)
        selftest_failed(ret_answer, &guest->facts.system_why);
    else if (guest->facts.system.vm_id[0])
        selftest_confirm(ret_answer, TEXT_SELFTEST_VM_ID, guest->facts.system.vm_id, NULL);
    else if (!registry->ops->get(registry, HYPERV_KEY, HYPERV_VALUE, &value, &err))
        selftest_failed(ret_answer, &err);
    else if (value.type == REGISTRY_ABSENT)
        selftest_unknown(ret_answer, TEXT_SELFTEST_NO_HYPERV, NULL);
    else
        selftest_refute(ret_answer, TEXT_SELFTEST_NO_VM_ID, NULL);
}

static void ask_devices(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct devices_port *devices = guest->machine->devices;
    static struct device_list list; /* large; one probe runs at a time */
    struct err err = ERR_INIT;

    if (!devices->ops->list(devices, NULL, &list, &err))
        selftest_failed(ret_answer, &err);
    else if (list.count == 0)
        selftest_refute(ret_answer, TEXT_SELFTEST_DEVICES_SEEN, TEXT_NUM(0), NULL);
    else
        selftest_confirm(
            ret_answer, TEXT_SELFTEST_DEVICES_SEEN, TEXT_NUM((int64_t)list.count), NULL);
}

static void ask_audio(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct system_port *system = guest->machine->system;
    bool present = false, is_default = false;
    struct err err = ERR_INIT;

    if (!system->ops->audio(system, false, &present, &is_default, &err))
        selftest_failed(ret_answer, &err);
    else
        selftest_confirm(ret_answer,
                         is_default ? TEXT_SELFTEST_AUDIO_DEFAULT
                         : present  ? TEXT_SELFTEST_AUDIO_PRESENT
                                    : TEXT_SELFTEST_AUDIO_NONE,
                         NULL);
}

static void ask_tasks(void *user, struct selftest_answer *ret_answer)
{
    struct selftest_guest *guest = user;
    struct tasks_port *tasks = guest->machine->tasks;
    struct err err = ERR_INIT;
    struct task task;

    if (!tasks->ops->query(tasks, legacy_tasks[0], &task, &err))
        selftest_failed(ret_answer, &err);
    else
        selftest_confirm(ret_answer,
                         task.present ? TEXT_SELFTEST_TASK_PRESENT : TEXT_SELFTEST_TASK_ABSENT,
                         legacy_tasks[0],
                         NULL);
}

/* ---- the table ---- */

static const struct selftest_probe rows[] = {
    {"link.loopback", TEXT_SELFTEST_ASK_LOOPBACK, "hvsocket.md 13", selftest_loopback},
    {"link.twice", TEXT_SELFTEST_ASK_TWICE, "hvsocket.md 11", selftest_link_twice},
    {"link.everybody", TEXT_SELFTEST_ASK_EVERYBODY, "hvsocket.md 13", selftest_link_everybody},
    {"system.vm_id", TEXT_SELFTEST_ASK_VM_ID, "design.md 4", ask_vm_id},
    {"system.devices", TEXT_SELFTEST_ASK_DEVICES, "guest.md 2", ask_devices},
    {"system.tasks", TEXT_SELFTEST_ASK_TASKS, "guest.md 6.3", ask_tasks},
    {"gpu.driver_version", TEXT_SELFTEST_ASK_GPU_VERSION, "guest.md 8 (3)", ask_gpu_version},
    {"gpu.driver_folder", TEXT_SELFTEST_ASK_GPU_FOLDER, "guest.md 5", ask_gpu_folder},
    {"gpu.encode", TEXT_SELFTEST_ASK_GPU_ENCODE, "guest.md 5", ask_gpu_encode},
    {"display.version", TEXT_SELFTEST_ASK_VDD_VERSION, "guest.md 8 (1)", ask_vdd_version},
    {"display.interface", TEXT_SELFTEST_ASK_VDD_INTERFACE, "guest.md 8 (2)", ask_vdd_interface},
    {"display.signer", TEXT_SELFTEST_ASK_VDD_SIGNER, "guest.md 8 (5)", ask_vdd_signer},
    {"display.hyperv_video", TEXT_SELFTEST_ASK_VIDEO, "guest.md 8 (4)", ask_video},
    {"display.paths", TEXT_SELFTEST_ASK_PATHS, "guest.md 4.1", ask_paths},
    {"audio.endpoints", TEXT_SELFTEST_ASK_AUDIO, "guest.md 3", ask_audio},
    {"parsec.shared", TEXT_SELFTEST_ASK_SHARED, "guest.md 8 (1)", ask_shared},
    {"parsec.config", TEXT_SELFTEST_ASK_CONFIG, "guest.md 8 (1)", ask_config},
    {"parsec.log", TEXT_SELFTEST_ASK_LOG, "guest.md 1.5", ask_log},
    {"parsec.capture", TEXT_SELFTEST_ASK_CAPTURE, "guest.md 8 (6)", ask_capture},
    {"parsec.account", TEXT_SELFTEST_ASK_ACCOUNT, "guest.md 8 (7)", ask_account},
};

const struct selftest_probe *selftest_guest_rows(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof rows[0];
    return rows;
}

bool selftest_guest_open(struct selftest_guest *guest,
                         struct machine *machine,
                         const char *folder,
                         struct err *err)
{
    memset(guest, 0, sizeof *guest);
    guest->machine = machine;
    guest->folder = folder;
    if (!parsec_log_new(&guest->log, err))
        return false;
    facts_read(machine, &guest->facts);
    guest->log_known = parsec_log_read(guest->log, machine->files, &guest->log_why);
    guest->installed_known =
        parsec_installed_look(machine, &guest->installed, &guest->installed_why);
    return true;
}

void selftest_guest_done(struct selftest_guest *guest)
{
    parsec_log_free(guest->log);
    guest->log = NULL;
}
