/*
 * The simulated Windows for the rest of the agent and for tests: every port of struct machine over
 * a world that is data (world.h). Two forms:
 *
 * - on disk (machine_open_sim): DISK/world.json, real files below DISK/files/, the KVP summary in
 *   DISK/kvp.txt. Several processes may edit one world at once; each operation is one read, change
 *   and atomic write under a lock. Its time runs `scale` times as fast as real time and goes on
 *   while nobody looks. Monitors live 1 s of real time after the last keep-alive.
 * - in memory (machine_sim_open_memory): no files, the caller's clock, cheap to copy and reset.
 *
 * What kills: a fault with "do": "kill" ends the process at once (on disk), "power" and an edit
 * power=cut end it with SIM_EXIT_CUT, as if the power were gone: no clean-up of any kind. In memory
 * the machine is dead instead: every call fails with ERR_CANCELLED until machine_sim_restart or
 * machine_sim_boot.
 */
#ifndef GPUPV_SIM_H
#define GPUPV_SIM_H

#include "guest/machine/machine.h"

/* Exit codes of the agent's process that tell whoever plays the hardware what happened. */
#define SIM_EXIT_REBOOT   194
#define SIM_EXIT_SHUTDOWN 195
#define SIM_EXIT_CUT      196

struct world;

/* ---- on disk ---- */

/* Makes the disk (folders included) with a built-in world ("fresh"), or with the world of a JSON
 * file when name contains a '/' or ends in ".json". ERR_EXISTS when there is a world already. */
bool machine_sim_init(const char *disk, const char *name, struct err *err);

/* The same from text. */
bool machine_sim_init_text(const char *disk, const char *text, size_t length, struct err *err);

/* Starts the machine on this disk: a new boot, before machine_open_sim. A world that was never
 * started is started by machine_open_sim itself. */
bool machine_sim_boot_disk(const char *disk, struct err *err);

/* Changes the world from outside, all edits or none of a bad one: "display.adapter=missing" (see
 * edit.h). edits ends with NULL. */
bool machine_sim_edit_disk(const char *disk, const char *const *edits, struct err *err);

/* Appends world.json as it stands now to out (due events have happened). */
bool machine_sim_show_disk(const char *disk, struct buf *out, struct err *err);

/* SIM_EXIT_REBOOT or _SHUTDOWN when Windows was asked for it, SIM_EXIT_CUT without power, else 0:
 * what the agent's process ends with once its port answered system.reboot. */
int machine_sim_exit_code(struct machine *machine);

/* The names of the built-in worlds, ended by NULL. */
const char *const *machine_sim_worlds(void);

/* ---- in memory ---- */

/* Opens a world in memory from a built-in name or JSON text (recognised by its '{'), already
 * started. clock: virtual time, moved by whatever sleeps in the machine (struct clock_manual);
 * NULL: real time. The clock must outlive the machine. The caller frees with machine_free. */
bool machine_sim_open_memory(const char *world,
                             struct clock *clock,
                             struct machine **ret_machine,
                             struct err *err);

/* A copy with a clock of its own; both stay usable. Copies share file contents: keep all copies of
 * one world on one thread at a time. */
bool machine_sim_clone(struct machine *machine,
                       struct clock *clock,
                       struct machine **ret_machine,
                       struct err *err);

/* Makes the machine's world equal to that of from, without allocating; alive again. */
void machine_sim_reset(struct machine *machine, const struct machine *from);

/* The world itself, to arrange and to look at between calls. */
struct world *machine_sim_world(struct machine *machine);

/* True when a fault killed the process or the power. */
bool machine_sim_dead(const struct machine *machine);

/* The process starts again, Windows runs on. */
void machine_sim_restart(struct machine *machine);

/* ---- either form ---- */

/* Starts the machine anew: the next boot. */
bool machine_sim_boot(struct machine *machine, struct err *err);

/* One edit, "key=value". */
bool machine_sim_edit(struct machine *machine, const char *edit, struct err *err);

#endif
