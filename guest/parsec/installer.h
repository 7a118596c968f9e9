/*
 * Installs Parsec, its virtual display driver and VB-Cable from the payload store. Each job is a
 * row of a table: payload, arguments, deadline, and the fact that proves success: a device that
 * works or a service that exists, never the exit code. When an installer leaves its device undone
 * (it only unpacked, or Windows would have asked a person), the driver step is done here
 * (device.h).
 *
 * The order in which jobs are tried stands in the ladders of check/cause.c: the driver alone, then
 * the installer over what is there, only then uninstall and install. That nobody was signed out is
 * checked by the engine around every repair; only INSTALLER_PARSEC_RESET may do that, on request.
 *
 * What runs has the hash that the host recorded and an allowed publisher, checked by the processes
 * port with the file held open. Parsec's own uninstaller has no recorded hash: it lies in a folder
 * that only administrators can write, and its publisher is checked. Job threads only; blocks for
 * minutes.
 */
#ifndef GPUPV_GUEST_PARSEC_INSTALLER_H
#define GPUPV_GUEST_PARSEC_INSTALLER_H

#include "guest/payload.h"

#include <stdint.h>

struct repair_context; /* guest/repair/repair.h */

enum installer_job {
    INSTALLER_DISPLAY,      /* the virtual display driver alone */
    INSTALLER_PARSEC,       /* Parsec over what is there, keeping the user's data */
    INSTALLER_PARSEC_AGAIN, /* uninstall, then install, keeping the user's data */
    INSTALLER_PARSEC_RESET, /* the same, and the user's data goes */
    INSTALLER_CABLE,        /* VB-Cable */
    INSTALLER_JOBS
};

struct installer_result {
    bool reboot;       /* Windows wants one before it works */
    int32_t exit_code; /* of the last program, for the log only */
    bool timed_out;    /* it was ended at its deadline */
};

/* Runs the job; Parsec's installer gets the switches of the profile, when it has any. ERR_NOT_FOUND
 * when its payload is not there, ERR_UNSAFE when hash or publisher do not fit, ERR_TIMEOUT or
 * ERR_FAILED when the result is not there afterwards. */
bool installer_run(struct repair_context *context,
                   struct payload_store *payloads,
                   enum installer_job job,
                   struct installer_result *ret_result,
                   struct err *err);

/* Stable name ("display", "parsec_again") and the payload that the job needs. */
const char *installer_name(enum installer_job job);
enum payload_id installer_payload(enum installer_job job);

#endif
