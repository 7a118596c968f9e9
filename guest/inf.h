/*
 * What the agent reads in a driver package's INF beside what SetupAPI reads for it: whether a
 * models section is meant for this Windows, and which of two packages is the newer one. Pure; any
 * thread. Facts: guest.md section 2; "INF Manufacturer Section" and "INF DriverVer Directive" of
 * the Windows driver kit.
 */
#ifndef GPUPV_GUEST_INF_H
#define GPUPV_GUEST_INF_H

#include <stdbool.h>
#include <stdint.h>

/* The running Windows, as decorations of sections speak of it. Always x64. */
struct inf_machine {
    uint32_t major, minor, build;
    uint32_t product_type; /* 1 workstation, 2 domain controller, 3 server */
    uint32_t suite_mask;
};

/* True when models decorated with `target` ("NTamd64.10.0...19041") may be used on machine: its
 * architecture, and nothing newer than it. Malformed ones are for nobody. */
bool inf_target_serves(const char *target, const struct inf_machine *machine);

/* DriverVer: date and version, ordered by the date first, as Windows orders them. */
struct inf_version {
    uint32_t year, month, day;
    uint16_t parts[4];
};

/* Reads "05/20/2023,0.45.0.0"; the version may be missing (0.0.0.0) and may have less than four
 * parts. *ret_version is untouched when it is malformed. */
bool inf_version_parse(const char *date, const char *version, struct inf_version *ret_version);

/* Less than, equal to or greater than 0 as one is older than, as old as or newer than other. */
int inf_version_compare(const struct inf_version *one, const struct inf_version *other);

#endif
