/*
 * Installs and repairs Parsec, its virtual display driver and VB-Cable from the payload store. Each
 * job is a row of a table: payload, arguments, deadline, allowed publishers, and the fact that
 * proves success: a device or service that works, never the exit code. A job that touches Parsec
 * checks that the signed-in state (user.bin, never read) and the configuration files that were
 * there before are there afterwards, else it failed; only INSTALLER_PARSEC_RESET may lose them, and
 * it is run on request only.
 *
 * Order for a broken display (issue: the driver alone, then the installer over, then anew):
 * installer_next names the next job after so many failed ones. Job threads only; blocks for
 * minutes.
 */
#ifndef GPUPV_GUEST_PARSEC_INSTALLER_H
#define GPUPV_GUEST_PARSEC_INSTALLER_H

#include "guest/machine/machine.h"
#include "guest/payload.h"

#define INSTALLER_VDD_HARDWARE_ID   "Root\\Parsec\\VDA"
#define INSTALLER_CABLE_HARDWARE_ID "VBAudioVACWDM"

enum installer_job {
    INSTALLER_DISPLAY,      /* the virtual display driver alone */
    INSTALLER_PARSEC,       /* Parsec over what is there, keeping the user's data */
    INSTALLER_PARSEC_AGAIN, /* uninstall, then install, keeping the user's data */
    INSTALLER_PARSEC_RESET, /* the same, and the user's data may go */
    INSTALLER_CABLE,        /* VB-Cable */
    INSTALLER_JOBS
};

struct installer_result {
    bool reboot;       /* Windows wants one before it works */
    bool ran;          /* an installer was started */
    int32_t exit_code; /* of the last program, for the log only */
};

/* Runs the job. ERR_NOT_FOUND when its payload is not there, ERR_UNSAFE when hash or publisher do
 * not fit, ERR_TIMEOUT, ERR_FAILED when the result is not there afterwards or user data is gone. */
bool installer_run(struct machine *machine,
                   struct payload_store *payloads,
                   enum installer_job job,
                   struct installer_result *ret_result,
                   struct err *err);

/* True when the result of the job is there already. */
bool installer_done(struct machine *machine,
                    enum installer_job job,
                    bool *ret_done,
                    struct err *err);

/* The job to try for a missing display after `failed` tries; false when there is none left. */
bool installer_next(unsigned failed, enum installer_job *ret_job);

/* Stable name ("display", "parsec_again") and the payload that the job needs. */
const char *installer_name(enum installer_job job);
enum payload_id installer_payload(enum installer_job job);

#endif
