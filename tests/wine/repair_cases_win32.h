/*
 * How each repair of the table is made to fail once: what is wrong before, and what keeps the
 * repair from mending it.
 */
#ifndef GPUPV_TESTS_REPAIR_CASES_H
#define GPUPV_TESTS_REPAIR_CASES_H

#include "guest/device.h"

#include <windows.h>

#define CASE_FAULTS 2

/* A value below HKEY_LOCAL_MACHINE\Software; text NULL: a number; key NULL: none. */
struct case_value {
    const char *key, *name, *text;
    DWORD number;
};

/* What a failed repair looks like. */
enum case_fails {
    FAILS_WITH_ERROR,   /* apply says so */
    FAILS_WITH_FINDING, /* apply cannot know: the check goes on finding it */
    FAILS_NOT           /* what it does works without the one who refuses */
};

struct repair_case {
    enum repair_id repair;
    enum cause cause; /* as the check finds it; CAUSE_NONE: there is nothing to find */
    const struct device_kind *kind;
    void (*drift)(struct machine *machine, const struct repair_case *row); /* NULL: it is so */
    struct case_value faults[CASE_FAULTS];
    void (*fault)(bool on); /* what no value can do */
    enum case_fails fails;
    bool hold;     /* the profile wants strategy hold */
    bool as_admin; /* the profile wants Parsec to run as administrator */
    bool any;      /* the finding depends on more than this */
    bool no_guard; /* signing out is what it is for */
    /* Whether it is mended; NULL: the check is asked. */
    bool (*mended)(struct machine *machine, const struct repair_case *row);
};

extern const struct repair_case repair_cases[];
extern const size_t repair_case_count;

/* Sets a value, or takes it away. */
void case_set(const struct case_value *value, bool on);

#endif
