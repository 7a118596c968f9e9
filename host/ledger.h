/*
 * The ledger of host-wide changes (flow F17): every change of a setting of this computer is written
 * down with the value it had, flushed, before it is made, and can be taken back. A change that a
 * crash interrupted stands as "begun"; taking it back is safe whether it happened or not. The file
 * is ledger.json in the folder of all state. Blocking; a lock keeps other processes out.
 */
#ifndef GPUPV_HOST_LEDGER_H
#define GPUPV_HOST_LEDGER_H

#include "host/computer/computer.h"

#define LEDGER_MOST 64

enum ledger_state { LEDGER_BEGUN, LEDGER_DONE, LEDGER_REVERTING, LEDGER_STATES };

struct ledger_entry {
    uint32_t number; /* from 1, never used again */
    char setting[COMPUTER_SETTING_BYTES];
    char before[COMPUTER_VALUE_BYTES], after[COMPUTER_VALUE_BYTES];
    int64_t time_ms; /* Unix time */
    enum ledger_state state;
};

struct ledger;

/* Opens and locks the ledger. ERR_BUSY: another process changes the host. The caller ends with
 * ledger_free. */
bool ledger_open(const char *state, struct ledger **ret_ledger, struct err *err);

/* NULL is fine. */
void ledger_free(struct ledger *ledger);

/* The entries, oldest first; owned by ledger, valid until the next change. */
size_t ledger_count(const struct ledger *ledger);
const struct ledger_entry *ledger_at(const struct ledger *ledger, size_t index);

/* Makes a change through the ledger. Nothing is done, and *ret_changed false, when the setting has
 * the value already. *ret_reboot is set when it takes effect with the next restart. */
bool ledger_change(struct ledger *ledger,
                   struct computer *computer,
                   const char *setting,
                   const char *value,
                   bool *ret_changed,
                   bool *ret_reboot,
                   struct err *err);

/* Takes the entry back and strikes it out. When somebody changed the setting since, that is
 * ERR_CONFLICT and the entry stays, unless forced. */
bool ledger_revert(struct ledger *ledger,
                   struct computer *computer,
                   uint32_t number,
                   bool force,
                   bool *ret_reboot,
                   struct err *err);

/* Stable name of a state ("done"). */
const char *ledger_state_name(enum ledger_state state);

#endif
