/* The same names in both data folders. */
#include "guest/parsec/leftovers.h"

#include "guest/parsec/config_apply.h"

const char *const parsec_leftovers[] = {
    "user.bin",
    "config.txt",
    "config.json",
    "log.txt",
    "log.1.txt",
    "log_cl.txt",
    NULL,
};

/* A process that goes on would write them anew. */
static bool end_parsec(struct machine *machine, struct err *err)
{
    struct service_status status = {.state = SERVICE_STATE_ABSENT};

    if (!machine->services->ops->query(machine->services, PARSEC_SERVICE, &status, err))
        return false;
    if (status.state != SERVICE_STATE_ABSENT &&
        !machine->services->ops->stop(
            machine->services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, err))
        return false;
    return machine->processes->ops->terminate(machine->processes, PARSEC_PROCESS, err);
}

bool parsec_leftovers_remove(struct machine *machine, struct err *err)
{
    static const enum file_root roots[] = {ROOT_PARSEC_SHARED, ROOT_PARSEC_USER};

    if (!end_parsec(machine, err))
        return false;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        for (const char *const *name = parsec_leftovers; *name; name++)
            if (!machine->files->ops->remove(machine->files, roots[i], *name, err))
                return false;
    }
    return true;
}
