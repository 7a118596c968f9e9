/* The machine's own hand: what happens to it that no program asked for. See README.md. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static void print_device(const struct pnp_device *device)
{
    wchar_t state[32];

    if (!device->present)
        swprintf(state, 32, L"phantom");
    else if (device->started)
        swprintf(state, 32, L"started");
    else
        swprintf(state, 32, L"problem %u", device->problem);
    printf("%ls | %ls | %ls | %ls | %ls\n",
           device->instance,
           state,
           *device->inf ? device->inf : L"-",
           *device->driver_version ? device->driver_version : L"-",
           device->name);
}

static int list(int count, wchar_t **arguments)
{
    size_t room = 512, found;
    struct pnp_device *devices = malloc(room * sizeof(*devices));

    if (!devices)
        return 1;
    found = pnp_list(count ? arguments[0] : NULL, devices, room);
    for (size_t i = 0; i < found && i < room; i++)
        print_device(&devices[i]);
    free(devices);
    return 0;
}

static int boot(int count, wchar_t **arguments)
{
    (void)count;
    (void)arguments;
    machine_enter();
    printf("boot %lu\n", machine_boots());
    machine_leave();
    return 0;
}

static int reset(int count, wchar_t **arguments)
{
    (void)count;
    (void)arguments;
    machine_reset();
    return 0;
}

static bool import(const wchar_t *file)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    wchar_t command[PATH_CHARS];
    DWORD code = 1;

    swprintf(command, PATH_CHARS, L"regedit.exe /S \"%ls\"", file);
    if (!CreateProcessW(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
        return false;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code == 0;
}

/* With the lock held: a program that looks meanwhile would boot a machine that is half seeded. */
static int renew(int count, wchar_t **arguments)
{
    bool ok;

    (void)count;
    machine_enter();
    machine_reset();
    ok = import(arguments[0]);
    machine_leave();
    if (!ok)
        fprintf(stderr, "not imported: %ls\n", arguments[0]);
    return ok ? boot(0, NULL) : 1;
}

static int scan(int count, wchar_t **arguments)
{
    (void)count;
    (void)arguments;
    machine_enter();
    enumerate(ROOT_NODE, false);
    machine_leave();
    return 0;
}

static int plug_to(const wchar_t *id, bool present)
{
    wchar_t path[PATH_CHARS];
    bool known;

    path_of_id(path, PNP_HARDWARE, id);
    machine_enter();
    known = reg_exists(path);
    if (known) {
        reg_set_number(path, L"Present", present);
        enumerate(ROOT_NODE, false);
    }
    machine_leave();
    if (!known)
        fprintf(stderr, "no hardware of that instance: %ls\n", id);
    return !known;
}

static int plug(int count, wchar_t **arguments)
{
    (void)count;
    return plug_to(arguments[0], true);
}

static int unplug(int count, wchar_t **arguments)
{
    (void)count;
    return plug_to(arguments[0], false);
}

static int fail(int count, wchar_t **arguments)
{
    (void)count;
    if (pnp_fail(arguments[0], wcstoul(arguments[1], NULL, 0)))
        return 0;
    fprintf(stderr, "not started: %ls\n", arguments[0]);
    return 1;
}

static int restart(int count, wchar_t **arguments)
{
    struct node node;
    bool known;

    (void)count;
    machine_enter();
    known = node_load(arguments[0], &node);
    if (known) {
        node_stop(&node, 0);
        node_start(&node);
    }
    machine_leave();
    if (!known)
        fprintf(stderr, "no such device: %ls\n", arguments[0]);
    return !known;
}

static const struct {
    const wchar_t *name;
    int least, most; /* arguments */
    int (*run)(int count, wchar_t **arguments);
} commands[] = {
    {L"boot", 0, 0, boot},
    {L"fail", 2, 2, fail},
    {L"list", 0, 1, list},
    {L"plug", 1, 1, plug},
    {L"renew", 1, 1, renew},
    {L"reset", 0, 0, reset},
    {L"restart", 1, 1, restart},
    {L"scan", 0, 0, scan},
    {L"unplug", 1, 1, unplug},
};

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!wcscmp(argv[1], commands[i].name) && argc - 2 >= commands[i].least &&
            argc - 2 <= commands[i].most)
            return commands[i].run(argc - 2, argv + 2);
    fprintf(stderr,
            "pnp boot|list [CLASS]|scan|reset|renew FILE|plug|unplug|restart INSTANCE|"
            "fail INSTANCE PROBLEM\n");
    return 64;
}
