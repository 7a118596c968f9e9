/* Installers and what they must leave behind. */
#include "guest/parsec/installer.h"

#include "guest/device.h"
#include "guest/parsec/config_apply.h"
#include "guest/parsec/leftovers.h"

#include <string.h>

#define SECOND_MS         INT64_C(1000)
#define APPEAR_MS         (5 * SECOND_MS) /* for a device or service to appear */
#define APPEAR_STEP_MS    500
#define UNINSTALL_MS      (120 * SECOND_MS)
#define UNINSTALL_WAIT_MS (60 * SECOND_MS) /* the uninstaller goes on in a copy of itself */
#define UNINSTALLER       "uninstall.exe"
#define EXIT_REBOOT       3010
#define ARG_SILENT        "/silent"
#define ARG_KEEP          "/nocleanuser" /* the account and the configuration */

struct installer_row {
    const char *name;
    enum payload_id payload;
    const char *args[PROCESS_ARGS];
    int64_t deadline_ms;
    bool parsec;                      /* takes the profile's switches */
    bool uninstall;                   /* Parsec goes first */
    bool reset;                       /* and its data with it */
    const struct device_kind *device; /* must work afterwards; NULL: Parsec's service must exist */
};

static const struct installer_row rows[INSTALLER_JOBS] = {
    [INSTALLER_DISPLAY] =
        {
            .name = "display",
            .payload = PAYLOAD_PARSEC_VDD,
            .args = {"/S"},
            .deadline_ms = 120 * SECOND_MS,
            .device = &device_vdd,
        },
    [INSTALLER_PARSEC] =
        {
            .name = "parsec",
            .payload = PAYLOAD_PARSEC,
            .args = {"/silent", "/norun", "/allusers", "/vdd"},
            .deadline_ms = 300 * SECOND_MS,
            .parsec = true,
        },
    [INSTALLER_PARSEC_AGAIN] =
        {
            .name = "parsec_again",
            .payload = PAYLOAD_PARSEC,
            .args = {"/silent", "/norun", "/allusers", "/vdd"},
            .deadline_ms = 300 * SECOND_MS,
            .parsec = true,
            .uninstall = true,
        },
    [INSTALLER_PARSEC_RESET] =
        {
            .name = "parsec_reset",
            .payload = PAYLOAD_PARSEC,
            .args = {"/silent", "/norun", "/allusers", "/vdd"},
            .deadline_ms = 300 * SECOND_MS,
            .parsec = true,
            .uninstall = true,
            .reset = true,
        },
    [INSTALLER_CABLE] =
        {
            .name = "cable",
            .payload = PAYLOAD_VB_CABLE,
            .args = {"-i", "-h"},
            .deadline_ms = 120 * SECOND_MS,
            .device = &device_cable,
        },
};

const char *installer_name(enum installer_job job)
{
    return rows[job].name;
}

enum payload_id installer_payload(enum installer_job job)
{
    return rows[job].payload;
}

/* ---- the result ---- */

static bool device_is_there(struct machine *machine,
                            const struct device_kind *kind,
                            bool *ret_there,
                            struct err *err)
{
    struct device_view view;

    if (!device_look(machine->devices, kind, &view, err))
        return false;
    *ret_there = view.best && device_works(view.best);
    return true;
}

static bool service_is_there(struct machine *machine, bool *ret_there, struct err *err)
{
    struct service_status status;

    if (!machine->services->ops->query(machine->services, PARSEC_SERVICE, &status, err))
        return false;
    *ret_there = status.state != SERVICE_STATE_ABSENT;
    return true;
}

static bool
is_there(struct machine *machine, const struct installer_row *row, bool *ret_there, struct err *err)
{
    return row->device ? device_is_there(machine, row->device, ret_there, err)
                       : service_is_there(machine, ret_there, err);
}

/* Waits until what the row wants is there, or not there. */
static bool wait_until(struct machine *machine,
                       const struct installer_row *row,
                       bool wanted,
                       int64_t wait_ms,
                       bool *ret_reached,
                       struct err *err)
{
    int64_t end_ms = clock_now_ms(machine->clock) + wait_ms;
    bool there;

    for (;;) {
        if (!is_there(machine, row, &there, err))
            return false;
        *ret_reached = there == wanted;
        if (*ret_reached || clock_now_ms(machine->clock) >= end_ms)
            return true;
        clock_sleep_ms(machine->clock, APPEAR_STEP_MS);
    }
}

/* ---- programs ---- */

static bool run_program(struct machine *machine,
                        const struct process_run *run,
                        struct installer_result *result,
                        struct err *err)
{
    struct process_result ended = {0};

    if (!machine->processes->ops->run(machine->processes, run, &ended, err))
        return false;
    result->exit_code = ended.exit_code;
    result->timed_out = ended.timed_out;
    result->reboot = result->reboot || ended.exit_code == EXIT_REBOOT;
    return true;
}

/* Takes Parsec away when its uninstaller is there; a damaged installation may have none. */
static bool uninstall(struct machine *machine, struct installer_result *result, struct err *err)
{
    char folder[FS_PATH_BYTES] = "", path[FS_PATH_BYTES];
    struct process_run run = {
        .path = path,
        .args = {"/silent"},
        .deadline_ms = UNINSTALL_MS,
        .publishers = payload_kind(PAYLOAD_PARSEC)->publishers,
    };
    struct fs_stat stat = {.kind = FS_MISSING};
    bool gone;

    if (!machine->files->ops->stat(machine->files, ROOT_PARSEC_PROGRAM, UNINSTALLER, &stat, err) ||
        !machine->files->ops->path(machine->files, ROOT_PARSEC_PROGRAM, folder, sizeof folder, err))
        return false;
    if (stat.kind != FS_FILE)
        return true;
    if (!fs_join(path, folder, UNINSTALLER, err) || !run_program(machine, &run, result, err) ||
        !wait_until(machine, &rows[INSTALLER_PARSEC], false, UNINSTALL_WAIT_MS, &gone, err))
        return false;
    return gone || err_set(err, ERR_FAILED, TEXT_PARSEC_INSTALL_NO_EFFECT, UNINSTALLER, NULL);
}

static bool has_arg(const struct process_run *run, const char *arg)
{
    for (size_t i = 0; i < PROCESS_ARGS && run->args[i]; i++)
        if (strcmp(run->args[i], arg) == 0)
            return true;
    return false;
}

static void add_arg(struct process_run *run, const char *arg)
{
    size_t count = 0;

    while (count < PROCESS_ARGS - 1 && run->args[count])
        count++;
    if (!has_arg(run, arg))
        run->args[count] = arg;
}

/* The row's switches, or those of the profile. Nobody can answer a window, so it is always silent;
 * whether the user's data stays is the job's to say. */
static void
choose_args(const struct installer_row *row, const struct profile *profile, struct process_run *run)
{
    if (!row->parsec || profile->parsec.installer_count == 0) {
        memcpy(run->args, row->args, sizeof run->args);
    } else {
        add_arg(run, ARG_SILENT);
        for (unsigned i = 0; i < profile->parsec.installer_count; i++)
            if (strcmp(profile->parsec.installer[i], ARG_KEEP) != 0)
                add_arg(run, profile->parsec.installer[i]);
    }
    if (row->parsec && !row->reset)
        add_arg(run, ARG_KEEP);
}

static bool install(struct machine *machine,
                    struct payload_store *payloads,
                    const struct profile *profile,
                    const struct installer_row *row,
                    struct installer_result *result,
                    struct err *err)
{
    char path[FS_PATH_BYTES], hash[DIGEST_HEX_BYTES];
    struct process_run run = {
        .path = path,
        .deadline_ms = row->deadline_ms,
        .sha256 = hash,
        .publishers = payload_kind(row->payload)->publishers,
    };

    if (!payload_program(payloads, row->payload, path, hash, err))
        return false;
    /* the payload is there and whole: only now may what it replaces go */
    if (row->uninstall && !uninstall(machine, result, err))
        return false;
    if (row->reset && !parsec_leftovers_remove(machine, err))
        return false;
    choose_args(row, profile, &run);
    return run_program(machine, &run, result, err);
}

/* The installer left its device undone: the driver step. Without a package there is nothing to do,
 * and the missing device is the failure to report. */
static bool finish_device(struct repair_context *context,
                          const struct installer_row *row,
                          struct installer_result *result,
                          struct err *err)
{
    struct err why = ERR_INIT;
    bool reboot = false;

    if (device_bind(context, row->device, &reboot, &why)) {
        result->reboot = result->reboot || reboot;
        return true;
    }
    if (why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

/* Vendors' installers make one more device each time they run. */
static bool tidy(struct machine *machine,
                 const struct installer_row *row,
                 struct installer_result *result,
                 struct err *err)
{
    const struct device_kind *kind = row->device ? row->device : &device_vdd;

    return device_tidy(machine->devices, kind, &result->reboot, err);
}

bool installer_run(struct repair_context *context,
                   struct payload_store *payloads,
                   enum installer_job job,
                   struct installer_result *ret_result,
                   struct err *err)
{
    const struct installer_row *row = &rows[job];
    struct machine *machine = context->check->machine;
    struct installer_result result = {0};
    bool there = false;

    if (!install(machine, payloads, context->check->profile, row, &result, err) ||
        !wait_until(machine, row, true, APPEAR_MS, &there, err))
        goto failed;
    if (!there && row->device &&
        (!finish_device(context, row, &result, err) ||
         !wait_until(machine, row, true, APPEAR_MS, &there, err)))
        goto failed;
    if (!there && !result.reboot) {
        err_set(err,
                result.timed_out ? ERR_TIMEOUT : ERR_FAILED,
                result.timed_out ? TEXT_PARSEC_INSTALL_TIMEOUT : TEXT_PARSEC_INSTALL_NO_EFFECT,
                payload_kind(row->payload)->name,
                NULL);
        goto failed;
    }
    if (!tidy(machine, row, &result, err))
        goto failed;
    *ret_result = result;
    return true;

failed:
    return err_context(err, TEXT_PARSEC_INSTALLING, payload_kind(row->payload)->name);
}
