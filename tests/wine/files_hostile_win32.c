/*
 * Hostile paths on Windows' port of files: whoever may write Parsec's folders plants junctions,
 * hard links and things of another kind at each step of a path, at once or after so many opens, so
 * that a folder is swapped while the port is on its way. Nothing outside is read, changed or
 * removed. Junctions are those of tests/emulator/files; hard links are Wine's.
 */
#include "tests/unit/contract/contract.h"
#include "tests/wine/files_hostile_win32.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#define KEY        "Software\\gpupv-emulator\\files"
#define JUNCTIONS  KEY "\\Junctions"
#define OUTSIDE    "C:\\outside"
#define NAME       "deep/er/config.txt"
#define OWN        "of its owner"
#define SECRET     "of somebody else"
#define STEPS      4  /* the root, two folders, the file's own name */
#define OPENS      16 /* more than any call makes on its way */
#define TREE_OPENS 32
#define TEXT_MAX   256

static const struct {
    enum file_root root;
    const char *path;
} roots[] = {
    {ROOT_PARSEC_SHARED, "C:\\ProgramData\\Parsec"},
    {ROOT_EASY_GPU, "C:\\ProgramData\\Easy-GPU-P"},
    {ROOT_GROUP_POLICY, "C:\\windows\\system32\\GroupPolicy"},
};
#define ROOTS (sizeof roots / sizeof roots[0])

static const char *const below[STEPS] = {"", "\\deep", "\\deep\\er", "\\deep\\er\\config.txt"};

/* What stands outside, so that the rest of the path exists below the target of each step. */
static const char *const outside[] = {
    OUTSIDE "\\deep\\er\\config.txt", OUTSIDE "\\er\\config.txt", OUTSIDE "\\config.txt"};

/* ---- the world ---- */

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    if (!file)
        fail_msg("%s: not written", path);
    else {
        fputs(text, file);
        fclose(file);
    }
}

static void set_number(const char *name, DWORD number)
{
    assert_int_equal(
        RegSetKeyValueA(HKEY_LOCAL_MACHINE, KEY, name, REG_DWORD, &number, sizeof number), 0);
}

static void forget_junctions(void)
{
    RegDeleteTreeA(HKEY_LOCAL_MACHINE, JUNCTIONS);
    set_number("AfterOpens", 0);
}

static void make_tree(const char *root)
{
    char path[MAX_PATH];

    for (int i = 0; i + 1 < STEPS; i++) {
        snprintf(path, sizeof path, "%s%s", root, below[i]);
        CreateDirectoryA(path, NULL);
    }
    snprintf(path, sizeof path, "%s%s", root, below[STEPS - 1]);
    write_text(path, OWN);
}

static void make_world(const char *root)
{
    forget_junctions();
    assert_true(fs_remove_tree(root, NULL) && fs_remove_tree(OUTSIDE, NULL));
    make_tree(root);
    CreateDirectoryA(OUTSIDE, NULL);
    CreateDirectoryA(OUTSIDE "\\deep", NULL);
    CreateDirectoryA(OUTSIDE "\\deep\\er", NULL);
    CreateDirectoryA(OUTSIDE "\\er", NULL);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        write_text(outside[i], SECRET);
}

static void plant_junction(const char *path, DWORD after_opens)
{
    assert_int_equal(
        RegSetKeyValueA(
            HKEY_LOCAL_MACHINE, JUNCTIONS, path, REG_SZ, OUTSIDE, (DWORD)sizeof OUTSIDE),
        0);
    set_number("AfterOpens", after_opens);
}

/* The port has opened more than the junction waited for. */
static bool was_met(void)
{
    DWORD left = 1, size = sizeof left;

    RegGetValueA(HKEY_LOCAL_MACHINE, KEY, "AfterOpens", RRF_RT_REG_DWORD, NULL, &left, &size);
    return left == 0;
}

static unsigned count_entries(const char *folder)
{
    WIN32_FIND_DATAA entry;
    char pattern[MAX_PATH];
    unsigned count = 0;
    HANDLE found;

    snprintf(pattern, sizeof pattern, "%s\\*", folder);
    found = FindFirstFileA(pattern, &entry);
    assert_true(found != INVALID_HANDLE_VALUE);
    do
        count++;
    while (FindNextFileA(found, &entry));
    FindClose(found);
    return count - 2;
}

static void assert_outside_untouched(const char *what)
{
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        char text[TEXT_MAX] = "";
        FILE *file = fopen(outside[i], "rb");

        if (!file || !fgets(text, sizeof text, file) || strcmp(text, SECRET) != 0)
            fail_msg("%s: %s was changed to '%s'", what, outside[i], text);
        if (file)
            fclose(file);
    }
    if (count_entries(OUTSIDE) != 3 || count_entries(OUTSIDE "\\deep") != 1 ||
        count_entries(OUTSIDE "\\er") != 1)
        fail_msg("%s: something came or went outside", what);
}

/* ---- what is done with a file ---- */

static bool do_stat(struct files_port *port, enum file_root root, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    return port->ops->stat(port, root, NAME, &stat, err) &&
           /* a link that is told as one is refused by whoever asked */
           (stat.kind != FS_LINK || err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, NAME, NULL));
}

static bool do_read(struct files_port *port, enum file_root root, struct err *err)
{
    struct buf out;
    bool ok;

    buf_init(&out, TEXT_MAX);
    ok = port->ops->read(port, root, NAME, 0, TEXT_MAX - 1, &out, err);
    if (ok && strcmp(buf_str(&out), OWN) != 0)
        fail_msg("read '%s'", buf_str(&out));
    assert_true(ok || !out.len);
    buf_done(&out);
    return ok;
}

static bool do_write(struct files_port *port, enum file_root root, struct err *err)
{
    return port->ops->write(port, root, NAME, OWN, strlen(OWN), err);
}

static bool do_remove(struct files_port *port, enum file_root root, struct err *err)
{
    return port->ops->remove(port, root, NAME, err);
}

static bool see(const char *name, enum fs_kind kind, void *user)
{
    (void)kind;
    (void)user;
    assert_string_equal(name, "config.txt");
    return true;
}

static bool do_list(struct files_port *port, enum file_root root, struct err *err)
{
    return port->ops->list(port, root, "deep/er", see, NULL, err);
}

static const struct {
    const char *name;
    bool (*run)(struct files_port *port, enum file_root root, struct err *err);
    bool folder;    /* it goes to the folder only */
    bool takes_out; /* the planted name itself may go */
} acts[] = {
    {"stat", do_stat, false, false},
    {"read", do_read, false, false},
    {"write", do_write, false, false},
    {"remove", do_remove, false, true},
    {"list", do_list, true, false},
};
#define ACTS (sizeof acts / sizeof acts[0])

/* ---- tests ---- */

/* False when the port opened less than that: the junction came too late for it. */
static bool junction_at(struct files_port *port, size_t root, int step, size_t act, DWORD opens)
{
    char path[MAX_PATH], what[TEXT_MAX];
    struct err err = ERR_INIT;
    bool ok, met;

    snprintf(path, sizeof path, "%s%s", roots[root].path, below[step]);
    snprintf(what, sizeof what, "%s, %s after %lu opens", acts[act].name, path, opens);
    make_world(roots[root].path);
    plant_junction(path, opens);
    ok = acts[act].run(port, roots[root].root, &err);
    met = was_met();
    forget_junctions();
    assert_outside_untouched(what);
    if (!ok && err.kind != ERR_UNSAFE)
        fail_msg("%s: %d", what, err.kind);
    /* there from the beginning: refused, but for a name that goes itself */
    if (ok && opens == 0 && !(acts[act].takes_out && step == STEPS - 1))
        fail_msg("%s: not refused", what);
    return met;
}

/* True when the act looks at that step at all. */
static bool passes(size_t act, int step)
{
    return !acts[act].folder || step < STEPS - 1;
}

static void junctions_at_every_step_are_refused(void **state)
{
    struct contract *contract = *state;

    for (size_t root = 0; root < ROOTS; root++)
        for (int step = 0; step < STEPS; step++)
            for (size_t act = 0; act < ACTS; act++)
                if (passes(act, step))
                    junction_at(contract->machine->files, root, step, act, 0);
}

static void folders_swapped_on_the_way_lead_nowhere_else(void **state)
{
    struct contract *contract = *state;
    unsigned swaps = 0;

    for (int step = 0; step < STEPS; step++)
        for (size_t act = 0; act < ACTS; act++)
            for (DWORD opens = 1; passes(act, step) && opens <= OPENS; opens++, swaps++)
                if (!junction_at(contract->machine->files, 0, step, act, opens))
                    break;
    assert_true(swaps > STEPS * ACTS);
}

/* Whoever owns the folder above may not have a root of ours either: it is a link as a whole. */
static void a_junction_above_the_root_is_refused(void **state)
{
    struct contract *contract = *state;
    struct err err = ERR_INIT;

    make_world(roots[0].path);
    CreateDirectoryA(OUTSIDE "\\Parsec", NULL);
    plant_junction("C:\\ProgramData", 0);
    assert_false(do_read(contract->machine->files, ROOT_PARSEC_SHARED, &err));
    forget_junctions();
    assert_int_equal(err.kind, ERR_UNSAFE);
}

static void a_second_name_of_a_foreign_file_is_refused_and_goes_alone(void **state)
{
    struct contract *contract = *state;
    struct files_port *port = contract->machine->files;

    for (size_t act = 0; act < ACTS; act++) {
        struct err err = ERR_INIT;
        char path[MAX_PATH];
        bool ok;

        make_world(roots[0].path);
        snprintf(path, sizeof path, "%s%s", roots[0].path, below[STEPS - 1]);
        assert_true(DeleteFileA(path) && CreateHardLinkA(path, outside[0], NULL));
        ok = acts[act].run(port, roots[0].root, &err);
        assert_outside_untouched(acts[act].name);
        if (!ok)
            assert_int_equal(err.kind, ERR_UNSAFE);
        else if (acts[act].run == do_read || acts[act].run == do_write)
            fail_msg("%s was not refused", acts[act].name);
    }
}

static void a_folder_in_place_of_the_file_is_refused_and_stays(void **state)
{
    struct contract *contract = *state;
    struct files_port *port = contract->machine->files;
    char path[MAX_PATH];

    make_world(roots[0].path);
    snprintf(path, sizeof path, "%s%s", roots[0].path, below[STEPS - 1]);
    assert_true(DeleteFileA(path) && CreateDirectoryA(path, NULL));
    for (size_t act = 1; act + 1 < ACTS; act++) {
        struct err err = ERR_INIT;

        assert_false(acts[act].run(port, roots[0].root, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_true(GetFileAttributesA(path) & FILE_ATTRIBUTE_DIRECTORY);
    }
}

static void a_tree_is_removed_without_following_junctions(void **state)
{
    char path[MAX_PATH];
    bool met = true;

    (void)state;
    for (int step = 1; step < STEPS - 1; step++, met = true)
        for (DWORD opens = 0; met && opens <= TREE_OPENS; opens++) {
            make_world(roots[0].path);
            snprintf(path, sizeof path, "%s%s", roots[0].path, below[step]);
            plant_junction(path, opens);
            (void)fs_remove_tree(roots[0].path, NULL);
            met = was_met();
            forget_junctions();
            assert_outside_untouched(path);
        }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(junctions_at_every_step_are_refused),
    cmocka_unit_test(folders_swapped_on_the_way_lead_nowhere_else),
    cmocka_unit_test(a_junction_above_the_root_is_refused),
    cmocka_unit_test(a_second_name_of_a_foreign_file_is_refused_and_goes_alone),
    cmocka_unit_test(a_folder_in_place_of_the_file_is_refused_and_stays),
    cmocka_unit_test(a_tree_is_removed_without_following_junctions),
};

const struct contract_tests files_hostile = {"hostile", tests, sizeof tests / sizeof tests[0]};
