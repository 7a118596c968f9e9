/*
 * What decides whether this computer can run VMs with a GPU: one row for each check, from facts
 * that were read before (host/computer, hypervisor). A finding is a sentence with its remedy, and
 * where gpupv can mend it, the setting for the ledger. Pure.
 */
#ifndef GPUPV_HOST_CHECK_H
#define GPUPV_HOST_CHECK_H

#include "host/computer/computer.h"
#include "host/hypervisor/hypervisor.h"
#include "host/known_bad.h"

#define HOST_CHECKS_MOST 32

enum host_level { HOST_OK, HOST_NOTE, HOST_WARN, HOST_BAD, HOST_UNKNOWN, HOST_LEVELS };

struct host_finding {
    enum host_level level;
    struct err what;         /* the sentence, and the remedy as its hint */
    const char *fix_setting; /* NULL: a person has to mend it */
    const char *fix_value;
    enum text_id fix_ask; /* what it means, as a question */
};

/* What the checks look at. */
struct host_view {
    struct computer_facts facts;
    bool has_host; /* the hypervisor could be asked: */
    struct host_info host;
    struct err no_host_why;
    const struct known_bad_list *known_bad;
    const char *guest_build; /* of the ISO, "" when none was given */
    enum text_lang lang;     /* of what known-bad entries say */
};

struct host_check {
    const char *id; /* "host.firmware" */
    enum text_id title;
    /* May leave the finding as it is: unknown. False: the check does not apply here. */
    bool (*run)(const struct host_view *view, struct host_finding *finding);
};

/* All checks, ended by a row without an id. */
extern const struct host_check host_checks[];

/* Stable name of a level ("warning"). */
const char *host_level_name(enum host_level level);

#endif
