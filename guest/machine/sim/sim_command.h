/*
 * `gpupv-agent sim DISK ...`: a simulated Windows from outside, while an agent may run on it. Used
 * by people, by the demo and by the host's simulated hypervisor.
 *
 *     sim DISK init [WORLD]        make it (fresh); WORLD is a built-in name or a .json file
 *     sim DISK show [FIELD]        print world.json, or one field of it ("system.power")
 *     sim DISK break KEY=VALUE...  change it
 *     sim DISK power-cut           the power goes, at once
 *     sim DISK boot                the next boot, for whoever plays the hardware without an agent
 *     sim DISK keys                list what break takes, and the built-in worlds
 */
#ifndef GPUPV_SIM_COMMAND_H
#define GPUPV_SIM_COMMAND_H

/* argv[0] is "sim". Prints to stdout and stderr in the process's language (text_lang); returns the
 * exit code: 0 done, 2 failed, 64 wrong words. */
int sim_command(int argc, char **argv);

#endif
