/* Sign-in mode. */
#include "guest/parsec/signin.h"

#include "guest/device.h"
#include "guest/parsec/config_apply.h"

#include <string.h>

bool signin_is_active(const struct signin *signin)
{
    return signin->active;
}

void signin_end(struct signin *signin)
{
    memset(signin, 0, sizeof *signin);
}

/* The program of the installation for all users, else of the one for this user. */
static bool find_program(struct machine *machine, char *ret_path, struct err *err)
{
    static const enum file_root roots[] = {ROOT_PARSEC_PROGRAM, ROOT_PARSEC_USER};
    struct files_port *files = machine->files;

    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char folder[FS_PATH_BYTES] = "";
        struct fs_stat stat = {.kind = FS_MISSING};

        if (!files->ops->stat(files, roots[i], PARSEC_PROCESS, &stat, err) ||
            !files->ops->path(files, roots[i], folder, sizeof folder, err))
            return false;
        if (stat.kind == FS_FILE && folder[0])
            return fs_join(ret_path, folder, PARSEC_PROCESS, err);
    }
    return err_set(err, ERR_NOT_FOUND, TEXT_CAUSE_PARSEC_MISSING, NULL);
}

/* Windows has no desktop to arrange before somebody has logged on; then it is done again. */
static void show_console(struct machine *machine)
{
    (void)machine->displays->ops->set_topology(machine->displays, DISPLAY_EXTEND, NULL);
}

bool signin_begin(struct signin *signin,
                  struct machine *machine,
                  struct holder *holder,
                  struct err *err)
{
    char instance[DEVICE_ID_BYTES] = "", program[FS_PATH_BYTES];
    enum video_state video = VIDEO_UNKNOWN;
    bool reboot = false;

    if (!find_program(machine, program, err) ||
        !device_video_look(machine->devices, &video, instance, err))
        return false;
    if (video == VIDEO_DISABLED &&
        !machine->devices->ops->enable(machine->devices, instance, &reboot, err))
        return err_context(err, TEXT_DEVICE_STEP, instance);
    holder_release(holder);
    show_console(machine);
    signin->active = true;
    signin->window = false;
    signin->window_ms = clock_now_ms(machine->clock);
    signin->until_ms = signin->window_ms + SIGNIN_LIMIT_MS;
    return true;
}

/* Started again, parsecd shows the window of the one that runs. */
static bool open_window(struct signin *signin, struct machine *machine, struct err *err)
{
    char path[FS_PATH_BYTES];

    signin->window_ms = clock_now_ms(machine->clock) + SIGNIN_RETRY_MS;
    show_console(machine);
    if (!find_program(machine, path, err) ||
        !machine->sessions->ops->start_program(machine->sessions, path, err))
        return false;
    signin->window = true;
    return true;
}

bool signin_step(struct signin *signin,
                 struct machine *machine,
                 enum account account,
                 struct err *err)
{
    int64_t now_ms;
    struct session_state session;

    if (!signin->active)
        return true;
    now_ms = clock_now_ms(machine->clock);
    if (account == ACCOUNT_YES || now_ms >= signin->until_ms) {
        signin_end(signin);
        return true;
    }
    if (signin->window || now_ms < signin->window_ms)
        return true;
    if (!machine->sessions->ops->query(machine->sessions, &session, err))
        return false;
    return !session.user_logged_on || open_window(signin, machine, err);
}
