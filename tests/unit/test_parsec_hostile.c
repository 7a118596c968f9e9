/*
 * Somebody who can write Parsec's folder plants links and swaps folders at each step of an edit.
 * What lies outside is never changed and never read into a place of the agent; Parsec runs
 * afterwards; and once the plants are gone the edit works.
 */
#include "tests/support/support.h"

#include "guest/machine/sim/sim.h"
#include "guest/parsec/config_apply.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define DISK    "disk"
#define FOLDER  DISK "/files/parsec_shared"
#define OUTSIDE "outside"
#define SECRET  "host_privacy_mode = 0\nsecret = 42\n"
#define DATA    "agent"

enum plant {
    PLANT_LINK,
    PLANT_HARD_LINK,
    PLANT_FOLDER_LINK,
    PLANT_FOLDER_SWAP,
    PLANT_FOLDER,
    PLANTS
};

/* A files port that lets the other side act before one of its calls. */
struct planted {
    struct files_port port;
    struct files_port *real;
    enum plant plant;
    unsigned calls, at;
    bool done;
};

static bool make_link(const char *target, const char *path, bool hard)
{
    char absolute[FS_PATH_BYTES];
    size_t size = sizeof absolute;
    uv_fs_t request;
    int code;

    assert_int_equal(uv_cwd(absolute, &size), 0);
    assert_true(fs_join(absolute, absolute, target, NULL));
    code = hard ? uv_fs_link(NULL, &request, absolute, path, NULL)
                : uv_fs_symlink(NULL, &request, absolute, path, UV_FS_SYMLINK_DIR, NULL);
    uv_fs_req_cleanup(&request);
    return code == 0;
}

/* Some systems let nobody make symbolic links, or say that they did and made none (Wine). */
static bool symbolic_links_work(void)
{
    struct fs_stat stat;

    return make_link(OUTSIDE "/config.txt", OUTSIDE "/probe", false) &&
           fs_stat(OUTSIDE "/probe", &stat, NULL) && stat.kind != FS_MISSING;
}

static void write_text(const char *path, const char *text)
{
    assert_true(fs_write_atomic(path, text, strlen(text), FS_SHARED, NULL));
}

static bool plant(enum plant kind)
{
    switch (kind) {
    case PLANT_LINK:
        return fs_remove(FOLDER "/config.txt", NULL) &&
               make_link(OUTSIDE "/config.txt", FOLDER "/config.txt", false);
    case PLANT_HARD_LINK:
        return fs_remove(FOLDER "/config.txt", NULL) &&
               make_link(OUTSIDE "/config.txt", FOLDER "/config.txt", true);
    case PLANT_FOLDER_LINK:
        return fs_rename(FOLDER, "moved", NULL) && make_link(OUTSIDE, FOLDER, false);
    case PLANT_FOLDER_SWAP:
        return fs_rename(FOLDER, "moved", NULL) && fs_make_dirs(FOLDER, FS_SHARED, NULL) &&
               make_link(OUTSIDE "/config.txt", FOLDER "/config.txt", false);
    case PLANT_FOLDER:
        return fs_remove(FOLDER "/config.txt", NULL) &&
               fs_make_dirs(FOLDER "/config.txt", FS_SHARED, NULL);
    case PLANTS:
        break;
    }
    return false;
}

static void act(struct files_port *port)
{
    struct planted *planted = (struct planted *)port;

    if (++planted->calls == planted->at)
        planted->done = plant(planted->plant);
}

static struct files_port *real_of(struct files_port *port)
{
    return ((struct planted *)port)->real;
}

static bool planted_stat(struct files_port *port,
                         enum file_root root,
                         const char *name,
                         struct fs_stat *ret_stat,
                         struct err *err)
{
    act(port);
    return real_of(port)->ops->stat(real_of(port), root, name, ret_stat, err);
}

static bool planted_read(struct files_port *port,
                         enum file_root root,
                         const char *name,
                         uint64_t offset,
                         size_t max,
                         struct buf *out,
                         struct err *err)
{
    act(port);
    return real_of(port)->ops->read(real_of(port), root, name, offset, max, out, err);
}

static bool planted_write(struct files_port *port,
                          enum file_root root,
                          const char *name,
                          const void *data,
                          size_t length,
                          struct err *err)
{
    act(port);
    return real_of(port)->ops->write(real_of(port), root, name, data, length, err);
}

static const struct files_ops planted_ops = {
    .stat = planted_stat, .read = planted_read, .write = planted_write};

/* A running guest on disk, with a world outside Parsec's folder. */
struct scene {
    struct machine *machine;
    struct planted files;
    struct profile profile;
    struct parsec_log *log;
    struct parsec_state state;
};

static void scene_open(struct scene *scene)
{
    static const char world[] = "{\"base\":\"fresh\",\"edits\":[\"clock.scale=10000\"]}";
    struct err err = ERR_INIT;
    char text[512];

    memset(scene, 0, sizeof *scene);
    assert_true(fs_remove_tree(DISK, NULL) && fs_remove_tree(OUTSIDE, NULL) &&
                fs_remove_tree("moved", NULL) && fs_remove_tree(DATA, NULL));
    assert_true(fs_make_dirs(OUTSIDE, FS_SHARED, NULL) && fs_make_dirs(DATA, FS_PRIVATE, NULL));
    write_text(OUTSIDE "/config.txt", SECRET);
    if (!machine_sim_init_text(DISK, world, sizeof world - 1, &err) ||
        !machine_open_sim(DISK, &scene->machine, &err))
        fail_msg("%s", err_message(&err, TEXT_EN, text, sizeof text));
    profile_init(&scene->profile);
    scene->profile.parsec.scope = PROFILE_SCOPE_SHARED;
    assert_true(parsec_log_new(&scene->log, NULL));
    clock_sleep_ms(scene->machine->clock, 90000); /* services have started */
}

/* A configuration to edit, and a plant at one call of the edit (0: none). */
static void scene_reset(struct scene *scene, enum plant kind, unsigned at)
{
    scene->files = (struct planted){
        .port.ops = &planted_ops, .real = scene->machine->files, .plant = kind, .at = at};
    parsec_state_init(&scene->state);
    write_text(FOLDER "/config.txt", "app_host = 1\n");
}

static void scene_close(struct scene *scene)
{
    parsec_log_free(scene->log);
    machine_free(scene->machine);
}

static bool scene_apply(struct scene *scene, bool planted, struct err *err)
{
    struct machine machine = *scene->machine;
    struct config_job job = {.machine = &machine,
                             .profile = &scene->profile,
                             .log = scene->log,
                             .state = &scene->state,
                             .folder = DATA};

    if (planted)
        machine.files = &scene->files.port;
    return config_apply(&job, err);
}

static bool holds_secret(const char *path)
{
    struct buf text;
    bool found = false;

    buf_init(&text, 65536);
    if (fs_read(path, 65536, &text, NULL))
        found = strstr(buf_str(&text), "secret") != NULL;
    buf_done(&text);
    return found;
}

static bool find_secret(const char *name, enum fs_kind kind, void *user)
{
    char path[FS_PATH_BYTES];

    (void)kind;
    assert_true(fs_join(path, DATA, name, NULL));
    if (holds_secret(path))
        *(bool *)user = true;
    return true;
}

static void expect_outside_untouched(struct scene *scene)
{
    struct service_status status;
    bool leaked = false;
    struct buf text;

    buf_init(&text, 1024);
    assert_true(fs_read(OUTSIDE "/config.txt", 1024, &text, NULL));
    if (strcmp(buf_str(&text), SECRET) != 0)
        fail_msg("plant %d at call %u: outside is now\n%s",
                 scene->files.plant,
                 scene->files.at,
                 buf_str(&text));
    buf_done(&text);
    assert_true(fs_list(DATA, find_secret, &leaked, NULL));
    assert_false(leaked);
    assert_true(scene->machine->services->ops->query(
        scene->machine->services, PARSEC_SERVICE, &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_RUNNING);
}

static void uproot(enum plant kind)
{
    if (kind == PLANT_FOLDER_LINK || kind == PLANT_FOLDER_SWAP) {
        if (kind == PLANT_FOLDER_LINK)
            assert_true(fs_remove(FOLDER, NULL));
        else
            assert_true(fs_remove_tree(FOLDER, NULL));
        assert_true(fs_rename("moved", FOLDER, NULL));
        return;
    }
    if (kind == PLANT_FOLDER)
        assert_true(fs_remove_tree(FOLDER "/config.txt", NULL));
    else
        assert_true(fs_remove(FOLDER "/config.txt", NULL));
}

/* False when the edit makes fewer calls than `at`. */
static bool try_plant(struct scene *scene, enum plant kind, unsigned at)
{
    bool applied;

    scene_reset(scene, kind, at);
    applied = scene_apply(scene, true, NULL);
    if (scene->files.calls < at)
        return false;
    assert_true(scene->files.done);
    if (applied)
        fail_msg("plant %d at call %u was not noticed", kind, at);
    expect_outside_untouched(scene);
    uproot(kind);
    assert_true(scene_apply(scene, false, NULL));
    return true;
}

static void plants_at_each_step_change_nothing_outside(void **state)
{
    struct scene scene;
    bool symbolic;
    unsigned at;
    int kind;

    (void)state;
    scene_open(&scene);
    symbolic = symbolic_links_work();
    for (kind = 0; kind < PLANTS; kind++) {
        if (!symbolic && kind != PLANT_HARD_LINK && kind != PLANT_FOLDER)
            continue;
        for (at = 1; try_plant(&scene, (enum plant)kind, at); at++)
            continue;
        assert_true(at > 8);
    }
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plants_at_each_step_change_nothing_outside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
