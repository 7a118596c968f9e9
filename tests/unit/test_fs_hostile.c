/* Hostile neighbours and sudden death, on POSIX systems: whatever is planted or swapped below a
 * folder that others can write, nothing outside is read, changed or removed; whatever kills a
 * writer, the old file or the new one stands whole. */
#include "tests/support/support.h"

#include "common/fs.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "the content outside"

/* ---- the scene: t/mine is the folder that others can write, t/outside must stay as it is ---- */

static void put(const char *path, const char *content)
{
    assert_true(fs_write_atomic(path, content, strlen(content), FS_PRIVATE, NULL));
}

static bool holds(const char *path, const char *content)
{
    struct buf out;
    bool same;

    buf_init(&out, 4096);
    same = fs_read(path, 4096, &out, NULL) && strcmp(buf_str(&out), content) == 0;
    buf_done(&out);
    return same;
}

static struct fs_dir *scene(void)
{
    struct fs_dir *dir = NULL;

    support_folder("t");
    assert_true(fs_make_dirs("t/mine", FS_SHARED, NULL));
    assert_true(fs_make_dirs("t/outside/deep", FS_SHARED, NULL));
    put("t/outside/file", SECRET);
    put("t/outside/deep/file", SECRET);
    assert_true(fs_dir_open("t/mine", &dir, NULL));
    return dir;
}

static void expect_outside_untouched(const char *what)
{
    struct stat stat;

    if (!holds("t/outside/file", SECRET) || !holds("t/outside/deep/file", SECRET))
        fail_msg("%s changed what is outside", what);
    assert_int_equal(lstat("t/outside/none", &stat), -1);
}

/* ---- what an attacker may plant under the name "x" ---- */

static void plant_link_to_file(void)
{
    assert_int_equal(symlink("../outside/file", "t/mine/x"), 0);
}

static void plant_link_to_folder(void)
{
    assert_int_equal(symlink("../outside", "t/mine/x"), 0);
}

static void plant_dangling_link(void)
{
    assert_int_equal(symlink("../outside/none", "t/mine/x"), 0);
}

static void plant_hard_link(void)
{
    assert_int_equal(link("t/outside/file", "t/mine/x"), 0);
}

static void plant_fifo(void)
{
    assert_int_equal(mkfifo("t/mine/x", 0600), 0);
}

static void plant_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "t/mine/x"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
}

static void plant_folder(void)
{
    assert_true(fs_make_dirs("t/mine/x/below", FS_SHARED, NULL));
}

static const struct plant {
    const char *name;
    void (*plant)(void);
} plants[] = {
    {"link to a file", plant_link_to_file},
    {"link to a folder", plant_link_to_folder},
    {"dangling link", plant_dangling_link},
    {"hard link", plant_hard_link},
    {"FIFO", plant_fifo},
    {"socket", plant_socket},
    {"folder", plant_folder},
};

/* ---- what we may do to "x" ---- */

static bool try_read(struct fs_dir *dir, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, 100);
    ok = fs_dir_read(dir, "x", 0, 100, &out, err);
    buf_done(&out);
    return ok;
}

static bool try_write(struct fs_dir *dir, struct err *err)
{
    return fs_dir_write(dir, "x", "evil", 4, err);
}

static bool try_remove(struct fs_dir *dir, struct err *err)
{
    return fs_dir_remove(dir, "x", err);
}

static const struct act {
    const char *name;
    bool (*act)(struct fs_dir *dir, struct err *err);
} acts[] = {{"read", try_read}, {"write", try_write}, {"remove", try_remove}};

static void planted_entries_are_refused_and_left_alone(void **state)
{
    size_t i;
    size_t j;

    (void)state;
    for (i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        for (j = 0; j < sizeof acts / sizeof acts[0]; j++) {
            struct fs_dir *dir = scene();
            struct stat before;
            struct stat after;
            struct err err = ERR_INIT;

            plants[i].plant();
            assert_int_equal(lstat("t/mine/x", &before), 0);
            if (acts[j].act(dir, &err) || err.kind != ERR_UNSAFE)
                fail_msg("%s of a %s: %s", acts[j].name, plants[i].name, err_kind_name(err.kind));
            assert_int_equal(lstat("t/mine/x", &after), 0);
            assert_int_equal(before.st_ino, after.st_ino);
            expect_outside_untouched(acts[j].name);
            fs_dir_close(dir);
        }
    }
}

static void planted_entries_are_not_opened_as_folders(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i + 1 < sizeof plants / sizeof plants[0]; i++) { /* the last one is a folder */
        struct fs_dir *dir = scene();
        struct fs_dir *sub = NULL;
        struct err err = ERR_INIT;
        int create;

        plants[i].plant();
        for (create = 0; create < 2; create++) {
            if (fs_dir_open_sub(dir, "x", create, &sub, &err) || err.kind != ERR_UNSAFE)
                fail_msg("%s: %s", plants[i].name, err_kind_name(err.kind));
            if (fs_dir_open("t/mine/x", &sub, &err) || err.kind != ERR_UNSAFE)
                fail_msg("%s: %s", plants[i].name, err_kind_name(err.kind));
            if (fs_dir_open("t/mine/x/", &sub, &err) || err.kind != ERR_UNSAFE)
                fail_msg("%s with a slash: %s", plants[i].name, err_kind_name(err.kind));
        }
        expect_outside_untouched("opening");
        fs_dir_close(dir);
    }
}

static void planted_entries_are_told_by_stat(void **state)
{
    static const enum fs_kind kinds[] = {
        FS_LINK, FS_LINK, FS_LINK, FS_FILE, FS_OTHER, FS_OTHER, FS_FOLDER};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        struct fs_dir *dir = scene();
        struct fs_stat found;

        plants[i].plant();
        assert_true(fs_dir_stat(dir, "x", &found, NULL));
        if (found.kind != kinds[i] ||
            (found.links > 1) != (plants[i].plant == plant_hard_link || found.kind == FS_FOLDER))
            fail_msg("%s is kind %d with %u links", plants[i].name, found.kind, found.links);
        fs_dir_close(dir);
    }
}

static void handle_stays_on_its_folder_when_the_path_is_swapped(void **state)
{
    struct fs_dir *dir = scene();
    struct fs_dir *sub = NULL;
    struct buf out;

    (void)state;
    put("t/mine/file", "mine");
    assert_int_equal(rename("t/mine", "t/moved"), 0);
    assert_int_equal(symlink("outside", "t/mine"), 0);
    buf_init(&out, 100);
    assert_true(fs_dir_read(dir, "file", 0, 100, &out, NULL));
    assert_string_equal(buf_str(&out), "mine");
    assert_true(fs_dir_write(dir, "file", "new", 3, NULL));
    assert_true(holds("t/moved/file", "new"));
    assert_true(fs_dir_remove(dir, "file", NULL));
    assert_true(fs_dir_open_sub(dir, "deep", true, &sub, NULL));
    assert_true(fs_dir_write(sub, "file", "new", 3, NULL));
    expect_outside_untouched("a swapped folder");
    buf_done(&out);
    fs_dir_close(sub);
    fs_dir_close(dir);
}

/* ---- an attacker who swaps while we work ---- */

static atomic_bool swapping;
static const char *breach; /* what went wrong, told when the attacker has stopped */

/* Makes x in turn a plain file, a link and a hard link to the file outside. */
static void *swap_file(void *user)
{
    (void)user;
    while (atomic_load(&swapping)) {
        int fd;

        unlink("t/mine/y"); /* renaming onto another name of the same file does nothing */
        fd = open("t/mine/y", O_CREAT | O_EXCL | O_WRONLY, 0600);

        if (fd >= 0) {
            if (write(fd, "mine", 4) != 4)
                break;
            close(fd);
        }
        rename("t/mine/y", "t/mine/x");
        if (symlink("../outside/file", "t/mine/y") == 0)
            rename("t/mine/y", "t/mine/x");
        unlink("t/mine/y");
        if (link("t/outside/file", "t/mine/y") == 0)
            rename("t/mine/y", "t/mine/x");
    }
    return NULL;
}

/* Makes x in turn a folder and a link to the folder outside. */
static void *swap_folder(void *user)
{
    (void)user;
    while (atomic_load(&swapping)) {
        mkdir("t/mine/x", 0700);
        rename("t/mine/x", "t/mine/z");
        if (symlink("../outside", "t/mine/x") == 0)
            unlink("t/mine/x");
        rename("t/mine/z", "t/mine/x");
    }
    return NULL;
}

static void race(struct fs_dir *dir, void *(*swap)(void *), void (*act)(struct fs_dir *))
{
    pthread_t thread;
    int i;

    breach = NULL;
    atomic_store(&swapping, true);
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (i = 0; i < 3000; i++)
        act(dir);
    atomic_store(&swapping, false);
    pthread_join(thread, NULL);
    if (breach)
        fail_msg("%s", breach);
}

static void read_in_a_race(struct fs_dir *dir)
{
    struct buf out;

    buf_init(&out, 100);
    if (fs_dir_read(dir, "x", 0, 100, &out, NULL) && strstr(buf_str(&out), "outside"))
        breach = "read what is outside";
    buf_done(&out);
}

static void change_in_a_race(struct fs_dir *dir)
{
    fs_dir_remove(dir, "x", NULL);
}

static void open_in_a_race(struct fs_dir *dir)
{
    struct fs_dir *sub = NULL;
    struct fs_stat found = {.kind = FS_MISSING};

    if (!fs_dir_open_sub(dir, "x", true, &sub, NULL))
        return;
    if (!fs_dir_stat(sub, "file", &found, NULL) || found.kind != FS_MISSING)
        breach = "came to the folder outside";
    fs_dir_close(sub);
}

static void remove_tree_in_a_race(struct fs_dir *dir)
{
    (void)dir;
    fs_remove_tree("t/mine/x", NULL);
}

static void swapping_files_while_we_read_gives_nothing_away(void **state)
{
    struct fs_dir *dir = scene();

    (void)state;
    race(dir, swap_file, read_in_a_race);
    expect_outside_untouched("a race");
    fs_dir_close(dir);
}

static void swapping_files_while_we_remove_changes_nothing_outside(void **state)
{
    struct fs_dir *dir = scene();

    (void)state;
    race(dir, swap_file, change_in_a_race);
    expect_outside_untouched("a race");
    fs_dir_close(dir);
}

static void swapping_folders_while_we_open_leads_nowhere_else(void **state)
{
    struct fs_dir *dir = scene();

    (void)state;
    race(dir, swap_folder, open_in_a_race);
    expect_outside_untouched("a race");
    fs_dir_close(dir);
}

static void swapping_folders_while_a_tree_is_removed_removes_nothing_outside(void **state)
{
    struct fs_dir *dir = scene();

    (void)state;
    race(dir, swap_folder, remove_tree_in_a_race);
    expect_outside_untouched("a race");
    fs_dir_close(dir);
}

/* ---- trees and our own places ---- */

static void remove_tree_removes_links_and_not_what_they_lead_to(void **state)
{
    struct fs_dir *dir = scene();
    struct stat stat;

    (void)state;
    assert_true(fs_make_dirs("t/mine/a/b", FS_SHARED, NULL));
    assert_int_equal(symlink("../../../outside", "t/mine/a/b/link"), 0);
    assert_int_equal(link("t/outside/file", "t/mine/a/hard"), 0);
    assert_int_equal(mkfifo("t/mine/a/fifo", 0600), 0);
    assert_true(fs_remove_tree("t/mine/a", NULL));
    assert_int_equal(lstat("t/mine/a", &stat), -1);
    assert_int_equal(symlink("../outside", "t/mine/link"), 0);
    assert_true(fs_remove_tree("t/mine/link", NULL));
    assert_int_equal(lstat("t/mine/link", &stat), -1);
    expect_outside_untouched("remove_tree");
    fs_dir_close(dir);
}

static void our_files_are_neither_links_nor_pipes(void **state)
{
    struct fs_dir *dir = scene();
    struct fs_file *file = NULL;
    struct fs_lock *lock = NULL;
    struct buf out;

    (void)state;
    fs_dir_close(dir);
    buf_init(&out, 100);
    plant_fifo();
    assert_false(fs_read("t/mine/x", 100, &out, NULL)); /* and does not wait for a writer */
    assert_false(fs_file_open("t/mine/x", FS_READ, FS_PRIVATE, &file, NULL));
    assert_int_equal(unlink("t/mine/x"), 0);
    plant_link_to_file();
    assert_false(fs_file_open("t/mine/x", FS_CREATE, FS_PRIVATE, &file, NULL));
    assert_false(fs_file_open("t/mine/x", FS_APPEND, FS_PRIVATE, &file, NULL));
    assert_false(fs_append("t/mine/x", "evil", 4, FS_PRIVATE, NULL));
    assert_false(fs_lock("t/mine/x", 0, &lock, NULL));
    put("t/mine/x", "replaces the link, not its target");
    expect_outside_untouched("a link");
    buf_done(&out);
}

static void private_folder_that_others_made_or_may_write_is_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    fs_dir_close(scene());
    assert_true(fs_make_dirs("t/open", FS_SHARED, NULL));
    assert_int_equal(chmod("t/open", 0777), 0);
    assert_false(fs_make_dirs("t/open", FS_PRIVATE, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_true(fs_make_dirs("t/open", FS_SHARED, NULL));
    assert_int_equal(symlink("outside", "t/link"), 0);
    assert_false(fs_make_dirs("t/link", FS_PRIVATE, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    if (geteuid() == 0) {
        assert_true(fs_make_dirs("t/foreign", FS_PRIVATE, NULL));
        assert_int_equal(chown("t/foreign", 12345, 12345), 0);
        assert_false(fs_make_dirs("t/foreign", FS_PRIVATE, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
    }
}

static unsigned mode_of(const char *path)
{
    struct stat stat;

    assert_int_equal(lstat(path, &stat), 0);
    return stat.st_mode & 0777;
}

static void private_means_owner_only_whatever_the_umask(void **state)
{
    mode_t before = umask(0);
    struct fs_file *file = NULL;
    struct fs_lock *lock = NULL;

    (void)state;
    support_folder("t");
    assert_true(fs_make_dirs("t/a/b", FS_PRIVATE, NULL));
    put("t/a/b/f", "x");
    assert_true(fs_append("t/a/b/log", "x", 1, FS_PRIVATE, NULL));
    assert_true(fs_file_open("t/a/b/file", FS_UPDATE, FS_PRIVATE, &file, NULL));
    assert_true(fs_lock("t/a/b/lock", 0, &lock, NULL));
    umask(before);
    assert_int_equal(mode_of("t/a"), 0700);
    assert_int_equal(mode_of("t/a/b"), 0700);
    assert_int_equal(mode_of("t/a/b/f"), 0600);
    assert_int_equal(mode_of("t/a/b/log"), 0600);
    assert_int_equal(mode_of("t/a/b/file"), 0600);
    assert_int_equal(mode_of("t/a/b/lock"), 0600);
    fs_file_close(file);
    fs_unlock(lock);
}

/* ---- sudden death ---- */

/* The process dies at its first call of the system call nr. False when the system refuses. */
static bool die_at(int nr)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = 4, .filter = filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The process dies when a file grows beyond bytes. */
static bool die_when_written(unsigned bytes)
{
    struct rlimit limit = {bytes, bytes};

    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

enum { AT_CREATE, IN_WRITE, AT_FLUSH, AT_RENAME, DEATHS };

static bool arrange_death(int death)
{
    switch (death) {
    case IN_WRITE:
        return die_when_written(5);
    case AT_FLUSH:
        return die_at(SYS_fsync);
    case AT_RENAME:
#ifdef SYS_rename
        return die_at(SYS_rename);
#else
        return die_at(SYS_renameat);
#endif
    default:
        return die_at(SYS_write);
    }
}

/* Runs write in a process that dies there; 0 when it died, 1 when the system cannot arrange it. */
static int die_in(int death, bool (*write_file)(void))
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        if (!arrange_death(death))
            _exit(77);
        _exit(write_file() ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return 1;
    if (!WIFSIGNALED(status))
        fail_msg("death %d: the writer lived (%d)", death, status);
    return 0;
}

static bool write_ours(void)
{
    return fs_write_atomic("t/f", "new content", 11, FS_PRIVATE, NULL);
}

static bool count_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    ++*(int *)user;
    return true;
}

static int entries_of(const char *folder)
{
    int count = 0;

    assert_true(fs_list(folder, count_entry, &count, NULL));
    return count;
}

static void killed_writer_leaves_the_old_file_and_the_next_start_is_clean(void **state)
{
    int death;

    (void)state;
    for (death = 0; death < DEATHS; death++) {
        support_folder("t");
        put("t/f", "old");
        if (die_in(death, write_ours) != 0)
            skip();
        if (!holds("t/f", "old"))
            fail_msg("death %d: the old file is gone", death);
        assert_int_equal(entries_of("t"), 2);
        assert_true(fs_sweep("t", NULL));
        assert_int_equal(entries_of("t"), 1);
        assert_true(write_ours());
        assert_true(holds("t/f", "new content"));
    }
}

static bool write_theirs(void)
{
    struct fs_dir *dir = NULL;
    bool ok = fs_dir_open("t/mine", &dir, NULL) && fs_dir_write(dir, "f", "new content", 11, NULL);

    fs_dir_close(dir);
    return ok;
}

static bool die_at_their_rename(void)
{
    return die_at(SYS_renameat) && write_theirs();
}

static void killed_writer_below_a_foreign_folder_leaves_the_old_file_too(void **state)
{
    static const int deaths[] = {AT_CREATE, IN_WRITE, AT_FLUSH, AT_RENAME};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        fs_dir_close(scene());
        put("t/mine/f", "old");
        if (die_in(deaths[i], deaths[i] == AT_RENAME ? die_at_their_rename : write_theirs) != 0)
            skip();
        assert_true(holds("t/mine/f", "old"));
        assert_int_equal(entries_of("t/mine"), 2);
        assert_true(write_theirs());
        assert_true(holds("t/mine/f", "new content"));
        assert_int_equal(entries_of("t/mine"), 1);
    }
}

#define WRITERS      3
#define WRITES       300
#define WRITER_BYTES 5000

static void write_many(const char *path, char letter)
{
    static char data[WRITER_BYTES];
    int i;

    memset(data, letter, sizeof data);
    for (i = 0; i < WRITES; i++) {
        if (!fs_write_atomic(path, data, sizeof data, FS_PRIVATE, NULL))
            _exit(1);
    }
    _exit(0);
}

static void expect_whole(const char *path)
{
    struct buf out;

    buf_init(&out, 2 * WRITER_BYTES);
    assert_true(fs_read(path, 2 * WRITER_BYTES, &out, NULL));
    assert_int_equal(out.len, WRITER_BYTES);
    assert_int_equal(strspn(buf_str(&out), (char[2]){(char)out.data[0], 0}), WRITER_BYTES);
    buf_done(&out);
}

static void writers_at_the_same_time_never_mix(void **state)
{
    char path[256];
    pid_t writers[WRITERS];
    int done = 0;
    int i;

    (void)state;
    snprintf(path, sizeof path, "%s/f", support_ram_folder());
    for (i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        assert_true(writers[i] >= 0);
        if (writers[i] == 0)
            write_many(path, (char)('a' + i));
    }
    while (done < WRITERS) {
        struct fs_stat found;
        int status;

        if (waitpid(writers[done], &status, WNOHANG) == writers[done]) {
            assert_int_equal(status, 0);
            done++;
        }
        if (fs_stat(path, &found, NULL) && found.kind == FS_FILE)
            expect_whole(path);
    }
    expect_whole(path);
}

static void lock_of_a_dead_process_is_free(void **state)
{
    struct fs_lock *lock = NULL;
    struct err err = ERR_INIT;
    int ready[2];
    pid_t child;
    char byte;

    (void)state;
    support_folder("t");
    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!fs_lock("t/lock", 0, &lock, NULL) || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_false(fs_lock("t/lock", 0, &lock, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(fs_lock("t/lock", 1000, &lock, NULL));
    fs_unlock(lock);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_entries_are_refused_and_left_alone),
        cmocka_unit_test(planted_entries_are_not_opened_as_folders),
        cmocka_unit_test(planted_entries_are_told_by_stat),
        cmocka_unit_test(handle_stays_on_its_folder_when_the_path_is_swapped),
        cmocka_unit_test(swapping_files_while_we_read_gives_nothing_away),
        cmocka_unit_test(swapping_files_while_we_remove_changes_nothing_outside),
        cmocka_unit_test(swapping_folders_while_we_open_leads_nowhere_else),
        cmocka_unit_test(swapping_folders_while_a_tree_is_removed_removes_nothing_outside),
        cmocka_unit_test(remove_tree_removes_links_and_not_what_they_lead_to),
        cmocka_unit_test(our_files_are_neither_links_nor_pipes),
        cmocka_unit_test(private_folder_that_others_made_or_may_write_is_refused),
        cmocka_unit_test(private_means_owner_only_whatever_the_umask),
        cmocka_unit_test(killed_writer_leaves_the_old_file_and_the_next_start_is_clean),
        cmocka_unit_test(killed_writer_below_a_foreign_folder_leaves_the_old_file_too),
        cmocka_unit_test(writers_at_the_same_time_never_mix),
        cmocka_unit_test(lock_of_a_dead_process_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
