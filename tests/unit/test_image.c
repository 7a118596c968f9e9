/*
 * The contract of the image port, run against plain folders, against the disks of Windows (argument
 * `system`: under Wine with the emulators of tests/emulator/virtdisk and wimgapi), against real
 * formats on Linux (argument `real`: tests/support/image_real.h), and again through the fault port:
 * every call of a build is made to fail once, before and after it acted, and nothing may be left
 * behind that the next try trips over.
 */
#include "tests/support/support.h"

#include "host/image/image.h"
#include "host/process.h"

#include <stdio.h>
#include <string.h>

#define SIZE_BYTES ((uint64_t)1 << 30)

static const struct image_partition three[] = {
    {IMAGE_ESP, 260u << 20},
    {IMAGE_MSR, 16u << 20},
    {IMAGE_WINDOWS, 0},
};

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        expect_done((call), &do_err);                                                              \
    } while (0)

/* ---- what is tested ---- */

struct backend {
    bool (*open)(struct image_port **ret_port, struct err *err);
    const char *ending; /* of the files of disks */
    const char *source; /* name of a Windows image */
    bool captures;      /* it is a real one */
};

static bool open_system(struct image_port **ret_port, struct err *err)
{
    return image_open_system("work", ret_port, err);
}

static const struct backend folders = {image_open_dir, "", "source", false};
static const struct backend of_system = {open_system, ".vhdx", "source.wim", false};
static const struct backend real = {open_system, ".vhdx", "source.wim", true};
static const struct backend *backend = &folders;

/* The path of a disk in a folder; the result lives until the next but one. */
static const char *disk_path(const char *folder, const char *name)
{
    static char paths[2][FS_PATH_BYTES];
    static unsigned next;

    next ^= 1;
    snprintf(paths[next], sizeof paths[next], "%s/%s%s", folder, name, backend->ending);
    return paths[next];
}

/* As much of a Windows as its start needs. */
static void make_windows(const char *root)
{
    static const char *const files[] = {
        "Windows/x", "Windows/Boot/EFI/bootmgfw.efi", "Windows/System32/config/BCD-Template"};
    char path[FS_PATH_BYTES];

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        fs_parent(path);
        DO(fs_make_dirs(path, FS_SHARED, &do_err));
        snprintf(path, sizeof path, "%s/%s", root, files[i]);
        DO(fs_write_atomic(path, "x", 1, FS_SHARED, &do_err));
    }
}

static void capture(const char *tree, const char *file)
{
    const char *const args[] = {"env", "wimlib-imagex", "capture", tree, file, "Windows", NULL};
    struct buf out;
    int code = -1;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    DO(process_run("/usr/bin/env", args, 30000, &out, &code, &do_err));
    if (code)
        fail_msg("%s", buf_str(&out));
    buf_done(&out);
}

/* A Windows image with one index in the folder: a folder, a real file, or the header of one beside
 * which the emulator looks for the content. */
static const char *make_source(const char *folder)
{
    static char path[FS_PATH_BYTES];
    char tree[FS_PATH_BYTES + 8];
    unsigned char header[208] = "MSWIM\0\0\0\xD0\0\0\0\0\x0D\1";

    snprintf(path, sizeof path, "%s/%s", folder, backend->source);
    if (!*backend->ending) {
        make_windows(path);
        return path;
    }
    snprintf(tree, sizeof tree, "%s.tree/1", path);
    make_windows(tree);
    if (backend->captures) {
        capture(tree, path);
        return path;
    }
    header[40] = header[42] = header[44] = 1; /* part, parts, images */
    DO(fs_write_atomic(path, header, sizeof header, FS_SHARED, &do_err));
    return path;
}

/* An attached disk with its Windows volume. */
struct bench {
    struct image_port *port;
    struct image_disk *disk;
    struct image_volume *windows, *esp;
    char path[FS_PATH_BYTES];
};

static void open_bench(struct bench *b, const char *folder)
{
    memset(b, 0, sizeof *b);
    support_folder(folder);
    DO(backend->open(&b->port, &do_err));
    text_copy(b->path, sizeof b->path, disk_path(folder, "disk"));
    DO(b->port->disk->create(b->port, b->path, SIZE_BYTES, &do_err));
    DO(b->port->disk->attach(b->port, b->path, IMAGE_WRITE, &b->disk, &do_err));
    DO(b->port->disk->layout(b->port, b->disk, three, 3, &do_err));
    DO(b->port->disk->volume(b->port, b->disk, IMAGE_WINDOWS, &b->windows, &do_err));
    DO(b->port->disk->volume(b->port, b->disk, IMAGE_ESP, &b->esp, &do_err));
    DO(b->port->volume->format(b->port, b->esp, IMAGE_FAT32, "", &do_err));
    DO(b->port->volume->format(b->port, b->windows, IMAGE_NTFS, "Windows", &do_err));
}

/* Lets go of the disk and attaches it again. */
static void attach_again(struct bench *b, enum image_access access)
{
    DO(b->port->disk->detach(b->port, b->disk, &do_err));
    b->disk = NULL;
    DO(b->port->disk->attach(b->port, b->path, access, &b->disk, &do_err));
    DO(b->port->disk->volume(b->port, b->disk, IMAGE_WINDOWS, &b->windows, &do_err));
}

static void close_bench(struct bench *b)
{
    DO(b->port->disk->detach(b->port, b->disk, &do_err));
    image_free(b->port);
}

static void put(struct bench *b, const char *name, const char *content)
{
    DO(b->port->tree->put(
        b->port, b->windows, name, content, strlen(content), IMAGE_ACL_INHERIT, &do_err));
}

static void expect_content(struct bench *b, const char *name, const char *content)
{
    struct buf out;

    buf_init(&out, 4096);
    DO(b->port->tree->get(b->port, b->windows, name, &out, &do_err));
    assert_string_equal(buf_str(&out), content);
    buf_done(&out);
}

static void disk_is_made_once_and_removed_twice(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "once");
    assert_false(b.port->disk->create(b.port, b.path, SIZE_BYTES, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    b.disk = NULL;
    DO(b.port->disk->remove(b.port, b.path, &do_err));
    DO(b.port->disk->remove(b.port, b.path, &do_err));
    assert_false(b.port->disk->attach(b.port, b.path, IMAGE_READ, &b.disk, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    close_bench(&b);
}

static void what_is_no_disk_is_never_removed(void **state)
{
    struct image_port *port = NULL;
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    support_folder("foreign");
    DO(fs_write_atomic("foreign/letters.txt", "letters", 7, FS_SHARED, &do_err));
    DO(backend->open(&port, &do_err));
    assert_false(port->disk->remove(port, "foreign", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    err_clear(&err);
    assert_false(port->disk->remove(port, "foreign/letters.txt", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    DO(fs_stat("foreign/letters.txt", &stat, &do_err));
    assert_int_equal(stat.kind, FS_FILE);
    image_free(port);
}

static void names_outside_of_the_volume_are_refused(void **state)
{
    static const char *const bad[] = {
        "../x", "a/../../x", "/etc/x", "a\\b", "C:x", "con", "a//b", "a/\x01"};
    struct bench b;

    (void)state;
    open_bench(&b, "names");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        struct fs_stat stat;

        if (b.port->tree->put(b.port, b.windows, bad[i], "x", 1, IMAGE_ACL_INHERIT, &err) ||
            err.kind != ERR_UNSAFE)
            fail_msg("put %s: %s", bad[i], err_kind_name(err.kind));
        assert_false(b.port->tree->make_dir(b.port, b.windows, bad[i], IMAGE_ACL_INHERIT, &err));
        assert_false(b.port->tree->remove(b.port, b.windows, bad[i], &err));
        assert_false(b.port->tree->stat(b.port, b.windows, bad[i], &stat, &err));
    }
    /* the volume itself is not a file of it */
    assert_false(b.port->tree->remove(b.port, b.windows, "", NULL));
    close_bench(&b);
}

static void file_without_its_folder_is_not_written(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "folderless");
    assert_false(
        b.port->tree->put(b.port, b.windows, "a/b/c.txt", "x", 1, IMAGE_ACL_INHERIT, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_false(b.port->tree->set_acl(b.port, b.windows, "a", IMAGE_ACL_PRIVATE, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    close_bench(&b);
}

static void files_are_written_read_and_found_without_case(void **state)
{
    struct bench b;
    struct fs_stat stat;

    (void)state;
    open_bench(&b, "files");
    DO(b.port->tree->make_dir(b.port, b.windows, "Windows/System32", IMAGE_ACL_INHERIT, &do_err));
    put(&b, "Windows/System32/a.txt", "one");
    put(&b, "windows/SYSTEM32/A.TXT", "two");
    expect_content(&b, "Windows/System32/a.txt", "two");
    DO(b.port->tree->stat(b.port, b.windows, "WINDOWS/system32/A.txt", &stat, &do_err));
    assert_int_equal(stat.kind, FS_FILE);
    DO(fs_write_atomic("files/source.txt", "two", 3, FS_PRIVATE, &do_err));
    DO(b.port->tree->put_file(
        b.port, b.windows, "Windows/copy.txt", "files/source.txt", IMAGE_ACL_PRIVATE, &do_err));
    expect_content(&b, "Windows/copy.txt", "two");
    DO(b.port->tree->set_acl(b.port, b.windows, "Windows/copy.txt", IMAGE_ACL_PRIVATE, &do_err));
    DO(b.port->tree->remove(b.port, b.windows, "Windows", &do_err));
    DO(b.port->tree->remove(b.port, b.windows, "Windows", &do_err));
    DO(b.port->tree->stat(b.port, b.windows, "Windows", &stat, &do_err));
    assert_int_equal(stat.kind, FS_MISSING);
    close_bench(&b);
}

static void child_has_the_parent_s_content_and_changes_alone(void **state)
{
    struct err err = ERR_INIT;
    struct bench b, child = {NULL};

    (void)state;
    open_bench(&b, "child");
    put(&b, "a.txt", "parent");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    child.port = b.port;
    text_copy(child.path, sizeof child.path, disk_path("child", "new"));
    assert_false(
        b.port->disk->create_child(b.port, child.path, disk_path("child", "nothing"), &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    DO(b.port->disk->create_child(b.port, child.path, b.path, &do_err));
    DO(b.port->disk->attach(b.port, child.path, IMAGE_WRITE, &child.disk, &do_err));
    DO(b.port->disk->volume(b.port, child.disk, IMAGE_WINDOWS, &child.windows, &do_err));
    expect_content(&child, "a.txt", "parent");
    put(&child, "a.txt", "child");
    attach_again(&child, IMAGE_READ);
    expect_content(&child, "a.txt", "child");
    DO(b.port->disk->detach(b.port, child.disk, &do_err));
    DO(b.port->disk->attach(b.port, b.path, IMAGE_READ, &b.disk, &do_err));
    DO(b.port->disk->volume(b.port, b.disk, IMAGE_WINDOWS, &b.windows, &do_err));
    expect_content(&b, "a.txt", "parent");
    close_bench(&b);
}

static void disk_says_what_it_is_without_being_attached(void **state)
{
    struct image_look look, again;
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "look");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    DO(b.port->file->inspect(b.port, b.path, &look, &do_err));
    assert_int_equal(look.size_bytes, SIZE_BYTES);
    assert_int_equal(look.part_count, 3);
    assert_string_equal(look.parent, "");
    assert_int_equal(strlen(look.id), IMAGE_ID_BYTES - 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(look.parts[i].role, three[i].role);
    /* every session that may write gives it another id, one that reads does not */
    DO(b.port->disk->attach(b.port, b.path, IMAGE_READ, &b.disk, &do_err));
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    DO(b.port->file->inspect(b.port, b.path, &again, &do_err));
    assert_string_equal(again.id, look.id);
    DO(b.port->disk->attach(b.port, b.path, IMAGE_WRITE, &b.disk, &do_err));
    DO(b.port->disk->partition(b.port, b.disk, 2, &b.windows, &do_err));
    put(&b, "a.txt", "third");
    assert_false(b.port->disk->partition(b.port, b.disk, 3, &b.windows, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    DO(b.port->disk->volume(b.port, b.disk, IMAGE_WINDOWS, &b.windows, &do_err));
    expect_content(&b, "a.txt", "third");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    DO(b.port->file->inspect(b.port, b.path, &again, &do_err));
    assert_string_not_equal(again.id, look.id);
    assert_false(again.unclean || again.parts[2].dirty);
    err_clear(&err);
    assert_false(b.port->file->inspect(b.port, disk_path("look", "nothing"), &look, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    image_free(b.port);
}

/* True when the path ends with the name of the disk. */
static bool is_named(const char *path, const char *name)
{
    size_t length = strlen(path), wanted = strlen(name) + strlen(backend->ending);
    const char *end = length >= wanted ? path + length - wanted : "";

    return !strncmp(end, name, strlen(name)) && !strcmp(end + strlen(name), backend->ending);
}

static void child_of_a_changed_or_missing_parent_is_refused(void **state)
{
    char child[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct image_look look;
    struct bench b;

    (void)state;
    open_bench(&b, "chain");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    text_copy(child, sizeof child, disk_path("chain", "new"));
    DO(b.port->disk->create_child(b.port, child, b.path, &do_err));
    DO(b.port->file->inspect(b.port, child, &look, &do_err));
    assert_true(is_named(look.parent, "disk"));
    DO(b.port->disk->attach(b.port, b.path, IMAGE_WRITE, &b.disk, &do_err));
    DO(b.port->disk->volume(b.port, b.disk, IMAGE_WINDOWS, &b.windows, &do_err));
    put(&b, "a.txt", "changed");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    assert_false(b.port->file->inspect(b.port, child, &look, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(
        b.port->file->copy(b.port, disk_path("chain", "flat"), child, false, NULL, NULL, NULL));
    DO(b.port->disk->remove(b.port, b.path, &do_err));
    err_clear(&err);
    assert_false(b.port->file->inspect(b.port, child, &look, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    image_free(b.port);
}

static bool refuse_end(unsigned permille, void *user)
{
    (void)user;
    return permille < 1000;
}

static void copy_stands_alone_and_leaves_nothing_when_it_is_cancelled(void **state)
{
    struct bench b, flat = {NULL};
    char child[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct image_look look;
    struct fs_stat stat;

    (void)state;
    open_bench(&b, "copy");
    put(&b, "a.txt", "parent");
    DO(b.port->disk->detach(b.port, b.disk, &do_err));
    text_copy(child, sizeof child, disk_path("copy", "new"));
    text_copy(flat.path, sizeof flat.path, disk_path("copy", "flat"));
    DO(b.port->disk->create_child(b.port, child, b.path, &do_err));
    assert_false(b.port->file->copy(b.port, flat.path, child, false, refuse_end, NULL, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    DO(fs_stat(flat.path, &stat, &do_err));
    assert_int_equal(stat.kind, FS_MISSING);
    err_clear(&err);
    assert_false(b.port->file->copy(b.port, flat.path, child, true, NULL, NULL, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    DO(b.port->file->copy(b.port, flat.path, child, false, NULL, NULL, &do_err));
    assert_false(b.port->file->copy(b.port, flat.path, child, false, NULL, NULL, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    DO(b.port->disk->remove(b.port, b.path, &do_err));
    DO(b.port->file->inspect(b.port, flat.path, &look, &do_err));
    assert_string_equal(look.parent, "");
    flat.port = b.port;
    DO(b.port->disk->attach(b.port, flat.path, IMAGE_READ, &flat.disk, &do_err));
    DO(b.port->disk->volume(b.port, flat.disk, IMAGE_WINDOWS, &flat.windows, &do_err));
    expect_content(&flat, "a.txt", "parent");
    close_bench(&flat);
}

static void part_of_a_file_is_read(void **state)
{
    struct bench b;
    struct buf out;

    (void)state;
    open_bench(&b, "part");
    put(&b, "a.txt", "0123456789");
    buf_init(&out, 64);
    DO(b.port->tree->read(b.port, b.windows, "a.txt", 3, 4, &out, &do_err));
    assert_string_equal(buf_str(&out), "3456");
    DO(b.port->tree->read(b.port, b.windows, "a.txt", 8, 4, &out, &do_err));
    assert_string_equal(buf_str(&out), "345689");
    assert_false(b.port->tree->read(b.port, b.windows, "b.txt", 0, 4, &out, NULL));
    buf_done(&out);
    close_bench(&b);
}

static void disk_attached_for_reading_is_not_written(void **state)
{
    struct bench b;
    struct err err = ERR_INIT;

    (void)state;
    open_bench(&b, "reading");
    put(&b, "a.txt", "kept");
    attach_again(&b, IMAGE_READ);
    assert_false(b.port->tree->put(b.port, b.windows, "a.txt", "x", 1, IMAGE_ACL_INHERIT, &err));
    assert_int_equal(err.kind, ERR_DENIED);
    err_clear(&err);
    assert_false(b.port->tree->make_dir(b.port, b.windows, "b", IMAGE_ACL_INHERIT, &err));
    assert_int_equal(err.kind, ERR_DENIED);
    err_clear(&err);
    assert_false(b.port->tree->remove(b.port, b.windows, "a.txt", &err));
    assert_int_equal(err.kind, ERR_DENIED);
    expect_content(&b, "a.txt", "kept");
    close_bench(&b);
}

static void preflight_finds_what_is_in_the_way(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "preflight");
    assert_false(b.port->file->preflight(b.port, b.path, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    DO(b.port->file->preflight(b.port, disk_path("preflight", "new"), &do_err));
    close_bench(&b);
}

static bool count_progress(unsigned permille, void *user)
{
    ++*(unsigned *)user;
    return permille < 1000;
}

static void image_is_applied_with_progress_and_can_be_cancelled(void **state)
{
    struct image_source source = {.index = 2};
    const struct image_boot boot = {.locale = "en-US"};
    struct err err = ERR_INIT;
    unsigned calls = 0;
    struct bench b;

    (void)state;
    open_bench(&b, "apply");
    source.path = make_source("apply");
    assert_false(b.port->apply->apply(b.port, &source, b.windows, NULL, NULL, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    source.index = 1;
    DO(b.port->apply->apply(b.port, &source, b.windows, NULL, NULL, &do_err));
    expect_content(&b, "Windows/x", "x");
    err_clear(&err);
    assert_false(b.port->apply->apply(b.port, &source, b.windows, count_progress, &calls, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    assert_true(calls > 0);
    DO(b.port->apply->boot(b.port, b.windows, b.esp, &boot, &do_err));
    close_bench(&b);
}

static void only_the_last_partition_takes_what_is_left(void **state)
{
    static const struct image_partition bad[] = {{IMAGE_ESP, 0}, {IMAGE_WINDOWS, 0}};
    struct err err = ERR_INIT;
    struct bench b;
    uint64_t bytes = 0;
    struct image_volume *none = NULL;

    (void)state;
    open_bench(&b, "layout");
    assert_false(b.port->disk->layout(b.port, b.disk, bad, 2, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
    DO(b.port->volume->format(b.port, b.windows, IMAGE_NTFS, "Windows", &do_err));
    DO(b.port->volume->free_space(b.port, b.windows, &bytes, &do_err));
    assert_true(bytes > 0);
    assert_false(b.port->disk->volume(b.port, b.disk, IMAGE_RECOVERY, &none, &err));
    assert_null(none);
    close_bench(&b);
}

/* ---- faults ---- */

static char source_path[FS_PATH_BYTES];

/* A whole build, as `up` makes it; takes back what it began when it fails. */
static bool build(struct image_port *port, const char *path, struct err *err)
{
    struct image_source source = {.path = source_path, .index = 1};
    struct image_disk *disk = NULL;
    struct image_volume *windows = NULL, *esp = NULL;
    const struct image_boot boot = {.locale = "en-US"};
    bool ok = port->disk->create(port, path, SIZE_BYTES, err) &&
              port->disk->attach(port, path, IMAGE_WRITE, &disk, err) &&
              port->disk->layout(port, disk, three, 3, err) &&
              port->disk->volume(port, disk, IMAGE_WINDOWS, &windows, err) &&
              port->disk->volume(port, disk, IMAGE_ESP, &esp, err) &&
              port->volume->format(port, esp, IMAGE_FAT32, "", err) &&
              port->volume->format(port, windows, IMAGE_NTFS, "Windows", err) &&
              port->apply->apply(port, &source, windows, NULL, NULL, err) &&
              port->tree->make_dir(port, windows, "agent", IMAGE_ACL_PRIVATE, err) &&
              port->tree->put(port, windows, "agent/key.json", "{}", 2, IMAGE_ACL_PRIVATE, err) &&
              port->tree->set_acl(port, windows, "agent/key.json", IMAGE_ACL_PRIVATE, err) &&
              port->apply->boot(port, windows, esp, &boot, err);

    return port->disk->detach(port, disk, ok ? err : NULL) && ok;
}

static void every_call_of_a_build_may_fail_and_the_next_one_works(void **state)
{
    struct image_port *plain = NULL, *port = NULL;
    struct image_fault fault = {0};
    /* a build of the system's disks takes its time */
    unsigned calls, failures = 0, variants = backend == &folders ? 2 : 1;
    char path[FS_PATH_BYTES];

    (void)state;
    support_folder("faults");
    text_copy(source_path, sizeof source_path, make_source("faults"));
    text_copy(path, sizeof path, disk_path("faults", "disk"));
    DO(backend->open(&plain, &do_err));
    DO(image_open_fault(plain, &fault, &port, &do_err));
    DO(build(port, path, &do_err));
    DO(plain->disk->remove(plain, path, &do_err));
    calls = image_fault_calls(port);
    image_free(port);
    assert_true(calls >= 13);
    for (unsigned call = 1; call <= calls; call++)
        for (unsigned after = 0; after < variants; after++) {
            struct err err = ERR_INIT;

            fault = (struct image_fault){.call = call, .kind = ERR_IO, .after = after};
            DO(image_open_fault(plain, &fault, &port, &do_err));
            if (build(port, path, &err) || err.kind != ERR_IO)
                fail_msg("call %u, after %u: %s", call, after, err_kind_name(err.kind));
            failures++;
            image_free(port);
            DO(plain->disk->remove(plain, path, &do_err));
            if (variants == 1)
                continue;
            DO(build(plain, path, &do_err));
            DO(plain->disk->remove(plain, path, &do_err));
        }
    DO(build(plain, path, &do_err));
    assert_int_equal(failures, calls * variants);
    image_free(plain);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_is_made_once_and_removed_twice),
        cmocka_unit_test(what_is_no_disk_is_never_removed),
        cmocka_unit_test(names_outside_of_the_volume_are_refused),
        cmocka_unit_test(file_without_its_folder_is_not_written),
        cmocka_unit_test(only_the_last_partition_takes_what_is_left),
        cmocka_unit_test(files_are_written_read_and_found_without_case),
        cmocka_unit_test(child_has_the_parent_s_content_and_changes_alone),
        cmocka_unit_test(disk_says_what_it_is_without_being_attached),
        cmocka_unit_test(child_of_a_changed_or_missing_parent_is_refused),
        cmocka_unit_test(copy_stands_alone_and_leaves_nothing_when_it_is_cancelled),
        cmocka_unit_test(part_of_a_file_is_read),
        cmocka_unit_test(disk_attached_for_reading_is_not_written),
        cmocka_unit_test(preflight_finds_what_is_in_the_way),
        cmocka_unit_test(image_is_applied_with_progress_and_can_be_cancelled),
        cmocka_unit_test(every_call_of_a_build_may_fail_and_the_next_one_works),
    };

    if (argc > 1 && !strcmp(argv[1], "system"))
        backend = &of_system;
    if (argc > 1 && !strcmp(argv[1], "real"))
        backend = &real;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
