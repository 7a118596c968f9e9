/*
 * What is left of work on disks when its process dies: an injection, a flattening and a build are
 * killed before and after each call that changes a disk, and `images clean` puts everything in
 * order, so that the next try succeeds. The port of disks here is that of folders, which dies when
 * it is told to; all above it is the product.
 */
#include "tests/support/expect.h"
#include "tests/support/wim_build.h"

#include "common/agent_place.h"
#include "host/disk.h"
#include "host/drivers.h"
#include "host/flatten.h"
#include "host/guest/connect.h"
#include "host/image/build.h"
#include "host/images_build.h"
#include "host/images_disk.h"
#include "host/inject.h"
#include "host/up_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEAD       42
#define DEATHS_MAX 200
#define GB         ((uint64_t)1 << 30)
#define DATA       "ProgramData/" AGENT_DATA_FOLDER
#define PROGRAM    "Program Files/" AGENT_PROGRAM_FOLDER "/" AGENT_PROGRAM

/* ---- a port that dies ---- */

static unsigned moment, die_at; /* die_at 0: never */

static void tick(void)
{
    if (die_at && ++moment == die_at)
        _exit(DEAD);
}

static bool ticked(bool ok)
{
    tick();
    return ok;
}

static const struct image_port *plain;

static bool create(struct image_port *port, const char *path, uint64_t size, struct err *err)
{
    tick();
    return ticked(plain->disk->create(port, path, size, err));
}

static bool
create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    tick();
    return ticked(plain->disk->create_child(port, path, parent, err));
}

static bool attach(struct image_port *port,
                   const char *path,
                   enum image_access access,
                   struct image_disk **ret_disk,
                   struct err *err)
{
    tick();
    return ticked(plain->disk->attach(port, path, access, ret_disk, err));
}

static bool detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    tick();
    return ticked(plain->disk->detach(port, disk, err));
}

static bool remove_disk(struct image_port *port, const char *path, struct err *err)
{
    tick();
    return ticked(plain->disk->remove(port, path, err));
}

static bool copy(struct image_port *port,
                 const char *path,
                 const char *source,
                 bool instant,
                 image_progress progress,
                 void *user,
                 struct err *err)
{
    tick();
    return ticked(plain->file->copy(port, path, source, instant, progress, user, err));
}

static bool apply(struct image_port *port,
                  const struct image_source *source,
                  struct image_volume *volume,
                  image_progress progress,
                  void *user,
                  struct err *err)
{
    tick();
    return ticked(plain->apply->apply(port, source, volume, progress, user, err));
}

static bool make_dir(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     enum image_acl acl,
                     struct err *err)
{
    tick();
    return ticked(plain->tree->make_dir(port, volume, name, acl, err));
}

static bool put(struct image_port *port,
                struct image_volume *volume,
                const char *name,
                const void *data,
                size_t length,
                enum image_acl acl,
                struct err *err)
{
    tick();
    return ticked(plain->tree->put(port, volume, name, data, length, acl, err));
}

static bool put_file(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     const char *source,
                     enum image_acl acl,
                     struct err *err)
{
    tick();
    return ticked(plain->tree->put_file(port, volume, name, source, acl, err));
}

/* Takes the place of the operating system's. */
bool image_open_system(const char *work, struct image_port **ret_port, struct err *err)
{
    static struct image_port before;
    static struct image_disk_ops disk;
    static struct image_file_ops file;
    static struct image_apply_ops apply_ops;
    static struct image_tree_ops tree;
    struct image_port *port = NULL;

    (void)work;
    if (!image_open_dir(&port, err))
        return false;
    before = *port;
    plain = &before;
    disk = *port->disk;
    disk.create = create;
    disk.create_child = create_child;
    disk.attach = attach;
    disk.detach = detach;
    disk.remove = remove_disk;
    file = *port->file;
    file.copy = copy;
    apply_ops = *port->apply;
    apply_ops.apply = apply;
    tree = *port->tree;
    tree.make_dir = make_dir;
    tree.put = put;
    tree.put_file = put_file;
    port->disk = &disk;
    port->file = &file;
    port->apply = &apply_ops;
    port->tree = &tree;
    *ret_port = port;
    return true;
}

/* ---- a host with one VM ---- */

struct bench {
    struct call call;
    struct target target;
    struct key_file keys;
    const char *disk;
};

static void open_bench(struct bench *b)
{
    const struct ui_options options = {.no_colour = true, .json = true};
    struct vm_settings settings = {.name = "lab1", .memory_mb = 2048, .cpus = 1};
    const char *root = support_ram_folder();

    memset(b, 0, sizeof *b);
    ui_init(&b->call.ui, &options);
    DO(fs_join(b->call.state, root, "state", &do_err));
    DO(fs_join(settings.disk, root, "disk.vhdx", &do_err));
    DO(fs_make_dirs(b->call.state, FS_PRIVATE, &do_err));
    DO(hypervisor_open_sim(b->call.state, NULL, &b->call.hypervisor, &do_err));
    DO(call_open_store(&b->call, &do_err));
    DO(b->call.hypervisor->ops->create(b->call.hypervisor, &settings, b->target.id, &do_err));
    DO(hypervisor_find(b->call.hypervisor, b->target.id, &b->target.vm, &do_err));
    text_copy(b->target.name, sizeof b->target.name, "lab1");
    b->target.exists = true;
    b->disk = b->target.vm.settings.disk;
    spec_init(&b->target.record.spec, "lab1");
    DO(key_new(b->target.id, &b->keys, &do_err));
    text_copy(b->target.record.id, sizeof b->target.record.id, b->target.id);
    DO(store_save(b->call.store, &b->target.record, &do_err));
}

static void close_bench(struct bench *b)
{
    key_wipe(&b->keys);
    arguments_done(&b->call.args);
    drivers_free(b->call.drivers);
    store_free(b->call.store);
    hypervisor_free(b->call.hypervisor);
}

/* A disk with a Windows, that of the VM or its parent. */
static void make_disk(const char *path)
{
    struct build_request request = {.path = path,
                                    .size_bytes = 20 * GB,
                                    .source = {.path = "", .index = 1},
                                    .boot = {.locale = "en-US"}};
    struct image_port *port = NULL;

    DO(image_open_system("", &port, &do_err));
    DO(build_disk(port, &request, NULL, &do_err));
    image_free(port);
}

static bool is_there(const char *folder, const char *name)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    DO(fs_join(path, folder, name, &do_err));
    DO(fs_stat(path, &stat, &do_err));
    return stat.kind != FS_MISSING;
}

static bool count_one(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    ++*(unsigned *)user;
    return true;
}

/* Cleans, and fails when a journal is left. */
static void clean(struct bench *b)
{
    char folder[FS_PATH_BYTES];
    unsigned count = 0;

    DO(images_clean(&b->call, &do_err));
    DO(fs_join(folder, b->call.state, "store/journal", &do_err));
    DO(fs_list(folder, count_one, &count, &do_err));
    assert_int_equal(count, 0);
}

/* Runs the work in a process that dies at that moment; false when it was done before. */
static bool runs_and_dies(struct bench *b, bool (*work)(struct bench *b), unsigned when)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (!child) {
        moment = 0;
        die_at = when;
        _exit(work(b) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != DEAD)
        fail_msg("moment %u: it failed", when);
    return WEXITSTATUS(status) == DEAD;
}

/* ---- injections ---- */

static bool inject(struct bench *b)
{
    return inject_agent(&b->call, &b->target, &b->keys, false, NULL);
}

static void first_injection_that_died_is_taken_out_again(void **state)
{
    unsigned when = 0;
    bool died = true;

    (void)state;
    while (died && when < DEATHS_MAX) {
        struct bench b;

        open_bench(&b);
        make_disk(b.disk);
        died = runs_and_dies(&b, inject, ++when);
        if (died) {
            clean(&b);
            if (is_there(b.disk, DATA) || is_there(b.disk, PROGRAM))
                fail_msg("moment %u: the agent is still there", when);
        }
        DO(inject_agent(&b.call, &b.target, &b.keys, false, &do_err));
        assert_true(is_there(b.disk, DATA "/key.json") && is_there(b.disk, PROGRAM));
        clean(&b);
        assert_true(is_there(b.disk, DATA "/key.json"));
        close_bench(&b);
    }
    assert_true(when > 10 && when < DEATHS_MAX);
}

static void later_injection_that_died_leaves_the_agent_that_was_there(void **state)
{
    unsigned when = 0;
    bool died = true;

    (void)state;
    while (died && when < DEATHS_MAX) {
        struct bench b;

        open_bench(&b);
        make_disk(b.disk);
        DO(inject_agent(&b.call, &b.target, &b.keys, false, &do_err));
        key_wipe(&b.keys);
        DO(key_new(b.target.id, &b.keys, &do_err));
        died = runs_and_dies(&b, inject, ++when);
        clean(&b);
        assert_true(is_there(b.disk, DATA "/key.json") && is_there(b.disk, PROGRAM));
        close_bench(&b);
    }
    assert_true(when > 4 && when < DEATHS_MAX);
}

/* ---- flattening ---- */

static bool flatten(struct bench *b)
{
    bool changed = false;

    return flatten_disk(&b->call, b->disk, NULL, &changed, NULL) && changed;
}

/* The disk of the VM as a child with a file of its own. */
static void make_child(struct bench *b)
{
    char parent[FS_PATH_BYTES];
    struct image_port *port = NULL;
    struct image_disk *disk = NULL;
    struct image_volume *volume = NULL;

    text_copy(parent, sizeof parent, b->disk);
    fs_parent(parent);
    DO(fs_join(parent, parent, "parent.vhdx", &do_err));
    make_disk(parent);
    DO(image_open_system("", &port, &do_err));
    DO(port->disk->create_child(port, b->disk, parent, &do_err));
    DO(port->disk->attach(port, b->disk, IMAGE_WRITE, &disk, &do_err));
    DO(port->disk->volume(port, disk, IMAGE_WINDOWS, &volume, &do_err));
    DO(port->tree->put(port, volume, "mine.txt", "mine", 4, IMAGE_ACL_INHERIT, &do_err));
    DO(port->disk->detach(port, disk, &do_err));
    image_free(port);
}

static void flattening_that_died_leaves_one_whole_disk(void **state)
{
    unsigned when = 0;
    bool died = true;

    (void)state;
    while (died && when < DEATHS_MAX) {
        char folder[FS_PATH_BYTES];
        unsigned count = 0;
        struct bench b;

        open_bench(&b);
        make_child(&b);
        died = runs_and_dies(&b, flatten, ++when);
        clean(&b);
        assert_true(is_there(b.disk, "mine.txt") && is_there(b.disk, "Windows"));
        text_copy(folder, sizeof folder, b.disk);
        fs_parent(folder);
        DO(fs_list(folder, count_one, &count, &do_err));
        assert_int_equal(count, 3); /* state, parent and disk */
        if (died) {
            bool changed = false;

            DO(flatten_disk(&b.call, b.disk, NULL, &changed, &do_err));
        }
        assert_true(is_there(b.disk, "mine.txt"));
        close_bench(&b);
    }
    assert_true(when > 3 && when < DEATHS_MAX);
}

/* ---- builds ---- */

static const char description[] =
    "<WIM><IMAGE INDEX=\"1\"><WINDOWS><ARCH>9</ARCH><EDITIONID>Professional</EDITIONID>"
    "<INSTALLATIONTYPE>Client</INSTALLATIONTYPE><VERSION><MAJOR>10</MAJOR><MINOR>0</MINOR>"
    "<BUILD>26100</BUILD></VERSION></WINDOWS><NAME>Windows 11 Pro</NAME></IMAGE></WIM>";

static bool build(struct bench *b)
{
    return images_build(&b->call, NULL);
}

static void understand(struct bench *b, char *image, char *out)
{
    const char *argv[] = {"gpupv", image, "--out", out, "--disk-size", "20"};

    text_copy(out, FS_PATH_BYTES, b->disk);
    fs_parent(out);
    DO(fs_join(image, out, "install.wim", &do_err));
    DO(fs_join(out, out, "own.vhdx", &do_err));
    wim_build(image, &(struct wim_recipe){.xml = description});
    b->call.args.tables[0] = images_build_options;
    DO(options_parse(&b->call.args, 6, argv, 0, &do_err));
    b->call.words = b->call.args.words;
    b->call.word_count = b->call.args.word_count;
}

static void build_that_died_leaves_nothing_or_a_whole_disk(void **state)
{
    unsigned when = 0;
    bool died = true;

    (void)state;
    while (died && when < DEATHS_MAX) {
        char image[FS_PATH_BYTES], out[FS_PATH_BYTES], half[FS_PATH_BYTES + 16];
        struct bench b;
        size_t words;

        open_bench(&b);
        understand(&b, image, out);
        died = runs_and_dies(&b, build, ++when);
        words = b.call.word_count;
        b.call.word_count = 0;
        clean(&b);
        b.call.word_count = words;
        snprintf(half, sizeof half, "%s.build.vhdx", out);
        assert_false(is_there(half, ""));
        assert_int_equal(is_there(out, ""), !died);
        if (died)
            DO(images_build(&b.call, &do_err));
        assert_true(is_there(out, PROGRAM));
        close_bench(&b);
    }
    assert_true(when > 10 && when < DEATHS_MAX);
}

/* ---- refusals ---- */

static void vm_that_is_saved_runs_or_pauses_is_not_touched(void **state)
{
    static const struct {
        enum vm_state state;
        enum text_id why;
    } rows[] = {
        {VM_SAVED, TEXT_BUILD_VM_SAVED},
        {VM_RUNNING, TEXT_HOST_VM_MUST_BE_OFF},
        {VM_PAUSED, TEXT_HOST_VM_MUST_BE_OFF},
    };
    struct bench b;

    (void)state;
    open_bench(&b);
    make_disk(b.disk);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        char text[512];

        b.target.vm.state = rows[i].state;
        assert_false(inject_agent(&b.call, &b.target, &b.keys, true, &err));
        assert_int_equal(err.kind, ERR_CONFLICT);
        assert_int_equal(err.message, rows[i].why);
        assert_true(*err_hint_text(&err, TEXT_EN, text, sizeof text));
        assert_false(inject_remove(&b.call, &b.target, NULL));
        assert_false(is_there(b.disk, DATA));
    }
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_injection_that_died_is_taken_out_again),
        cmocka_unit_test(later_injection_that_died_leaves_the_agent_that_was_there),
        cmocka_unit_test(flattening_that_died_leaves_one_whole_disk),
        cmocka_unit_test(build_that_died_leaves_nothing_or_a_whole_disk),
        cmocka_unit_test(vm_that_is_saved_runs_or_pauses_is_not_touched),
    };

    /* any file will do for an agent that nobody starts */
    DO(fs_write_atomic("agent", "agent", 5, FS_PRIVATE, &do_err));
    setenv("GPUPV_AGENT", "agent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
