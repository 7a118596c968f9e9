/* Entry, service and file together: each of them alone may be a leftover. */
#include "guest/parsec/installed.h"

#include "guest/parsec/config_apply.h"

/* Any of these makes an entry: installers do not all write the same. */
static const char *const entry_values[] = {"DisplayName", "UninstallString", "DisplayVersion"};

static bool
look_at_entry(struct registry_port *registry, struct parsec_installed *installed, struct err *err)
{
    for (size_t i = 0; i < sizeof entry_values / sizeof entry_values[0]; i++) {
        struct registry_value value = {.type = REGISTRY_ABSENT};

        if (!registry->ops->get(registry, PARSEC_UNINSTALL_KEY, entry_values[i], &value, err))
            return false;
        if (value.type == REGISTRY_STRING && value.text[0])
            installed->listed = true;
        if (value.type == REGISTRY_STRING && i == 2)
            text_copy(installed->version, sizeof installed->version, value.text);
    }
    return true;
}

static bool
look_at_program(struct files_port *files, enum file_root root, bool *ret_there, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!files->ops->stat(files, root, PARSEC_PROCESS, &stat, err))
        return false;
    *ret_there = stat.kind == FS_FILE;
    return true;
}

bool parsec_installed_look(struct machine *machine,
                           struct parsec_installed *ret_installed,
                           struct err *err)
{
    struct parsec_installed installed = {.scope = PARSEC_SCOPE_NONE};
    struct service_status service = {.state = SERVICE_STATE_ABSENT};
    bool shared = false, user = false;

    if (!machine->services->ops->query(machine->services, PARSEC_SERVICE, &service, err) ||
        !look_at_entry(machine->registry, &installed, err) ||
        !look_at_program(machine->files, ROOT_PARSEC_PROGRAM, &shared, err) ||
        !look_at_program(machine->files, ROOT_PARSEC_USER, &user, err))
        return false;
    installed.service = service.state != SERVICE_STATE_ABSENT;
    if (installed.service || installed.listed || shared)
        installed.scope = PARSEC_SCOPE_SHARED;
    else if (user)
        installed.scope = PARSEC_SCOPE_USER;
    installed.program = installed.scope == PARSEC_SCOPE_USER ? user : shared;
    *ret_installed = installed;
    return true;
}
