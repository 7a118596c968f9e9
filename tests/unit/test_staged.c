/*
 * The host's GPU driver in the guest: a package comes, is checked, put in place when nobody is
 * disturbed, and whatever dies in between, there always is one whole package.
 */
#include "tests/support/support.h"

#include "guest/machine/sim/sim.h"
#include "guest/staged/file_version.h"
#include "guest/staged/staged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DISK   "staged-disk"
#define DATA   "staged-disk/agent"
#define FILES  "staged-disk/files/"
#define STORE  FILES "driver_store/"
#define OLD_ID "nv_dispi.inf_amd64_1111"
#define NEW_ID "nv_dispi.inf_amd64_2222"

/* One file of a package. */
struct part {
    const char *tree, *text;
};

#define EXTRA(folder)                                                                              \
    "{\"version\":1,\"package\":\"" folder "\",\"driver\":\"1\",\"values\":[{\"key\":\"service\"," \
    "\"name\":\"Start\",\"type\":\"dword\",\"value\":3},{\"key\":\"service\",\"name\":"            \
    "\"ImagePath\",\"type\":\"expand\",\"value\":\"\\\\SystemRoot\\\\System32\\\\HostDriverStore"  \
    "\\\\FileRepository\\\\" folder "\\\\nvlddmkm.sys\"}],\"links\":[\"" folder "\"],"             \
    "\"newer\":[\"system32/vulkan-1.dll\"]}"

static const struct part old_parts[] = {
    {"store/" OLD_ID "/nv_dispi.inf", "inf old"},
    {"store/" OLD_ID "/sub/nvwgf2umx.dll", "umd old"},
    {"system32/nvcuda.dll", "cuda old"},
    {"system32/gone.dll", "only in the old one"},
    {"gpupv.json", EXTRA(OLD_ID)},
    {NULL, NULL},
};

static const struct part new_parts[] = {
    {"store/" NEW_ID "/nv_dispi.inf", "inf new"},
    {"store/" NEW_ID "/sub/nvwgf2umx.dll", "umd new, longer"},
    {"system32/nvcuda.dll", "cuda new"},
    {"syswow64/nvcuda.dll", "cuda new 32"},
    {"programdata/NVIDIA Corporation/Drs/nvdrsdb0.bin", "settings of the host"},
    {"gpupv.json", EXTRA(NEW_ID)},
    {NULL, NULL},
};

struct world {
    struct machine *machine;
    struct staged *staged;
    struct staged_moment moment;
    int changes, most; /* the gate shuts behind so many */
};

/* ---- building ---- */

static void must(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

static bool gate(void *user)
{
    struct world *world = user;

    return world->most < 0 || world->changes++ < world->most;
}

static void open_staged(struct world *world)
{
    struct err err = ERR_INIT, damage = ERR_INIT;

    staged_close(world->staged);
    must(staged_open(world->machine, DATA, &world->staged, &damage, &err), &err);
    must(!err_is_set(&damage), &damage);
    staged_set_gate(world->staged, gate, world);
    world->most = -1;
    world->changes = 0;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct err err = ERR_INIT;

    assert_non_null(world);
    world->moment = (struct staged_moment){.known = true, .gpu_good = true, .boot_id = "boot 1"};
    must(fs_remove_tree(DISK, &err), &err);
    must(machine_sim_init(DISK, "healthy", &err), &err);
    must(fs_make_dirs(DATA, FS_PRIVATE, &err), &err);
    must(machine_open_sim(DISK, &world->machine, &err), &err);
    open_staged(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    staged_close(world->staged);
    machine_free(world->machine);
    free(world);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    char parent[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    snprintf(parent, sizeof parent, "%s", path);
    fs_parent(parent);
    if (*parent)
        must(fs_make_dirs(parent, FS_SHARED, &err), &err);
    must(fs_write_atomic(path, text, strlen(text), FS_SHARED, &err), &err);
}

/* The list of a package, with digests of its contents. */
static void list_parts(const struct part *parts, struct manifest *files)
{
    struct err err = ERR_INIT;

    manifest_init(files, MANIFEST_XXH3);
    for (; parts->tree; parts++) {
        struct manifest_entry entry = {.size_bytes = strlen(parts->text),
                                       .modified_ms = INT64_C(1760000000000)};

        write_file("staged-digest", parts->text);
        must(manifest_digest_file("staged-digest", MANIFEST_XXH3, entry.digest, &err), &err);
        must(manifest_add(files, parts->tree, &entry, &err), &err);
    }
    must(manifest_complete(files, &err), &err);
}

/* Lets the files of a package come, those whose tree begins with `only`. */
static bool
send_parts(struct world *world, const char *package, const struct part *parts, const char *only)
{
    for (; parts->tree; parts++) {
        size_t length = strlen(parts->text);
        uint64_t next = 0;

        if (strncmp(parts->tree, only, strlen(only)) != 0)
            continue;
        if (!staged_write(
                world->staged, package, parts->tree, length, 0, parts->text, length, &next, NULL) ||
            next != length)
            return false;
    }
    return true;
}

static bool commit(struct world *world,
                   const char *package,
                   const struct part *parts,
                   enum profile_when when,
                   enum staged_state *ret_state,
                   struct err *err)
{
    struct manifest files;
    bool ok;

    list_parts(parts, &files);
    ok = staged_commit(
        world->staged, package, package + 17, when, &files, &world->moment, ret_state, err);
    manifest_done(&files);
    return ok;
}

static void bring(struct world *world,
                  const char *package,
                  const struct part *parts,
                  enum profile_when when,
                  enum staged_state wanted)
{
    enum staged_state state = STAGED_NONE;
    struct err err = ERR_INIT;

    assert_true(send_parts(world, package, parts, ""));
    must(commit(world, package, parts, when, &state, &err), &err);
    assert_int_equal(state, wanted);
}

static void settle(struct world *world, bool changes)
{
    struct err err = ERR_INIT;
    bool changed = !changes;

    must(staged_settle(world->staged, &world->moment, &changed, &err), &err);
    assert_int_equal(changed, changes);
}

/* ---- looking ---- */

static bool file_is(const char *path, const char *text)
{
    struct buf data;
    bool same;

    buf_init(&data, 4096);
    same = fs_read(path, 4096, &data, NULL) && !strcmp(buf_str(&data), text);
    buf_done(&data);
    return same;
}

static bool part_is(const char *tree, const char *text)
{
    char path[FS_PATH_BYTES];

    if (!strcmp(tree, "gpupv.json"))
        return file_is(DATA "/" STAGED_EXTRA_FILE, text);
    if (strncmp(tree, "store/", 6) == 0)
        snprintf(path, sizeof path, STORE "%s", tree + 6);
    else
        snprintf(path, sizeof path, FILES "%s", tree);
    return file_is(path, text);
}

static bool stands(const struct part *parts)
{
    for (; parts->tree; parts++)
        if (!part_is(parts->tree, parts->text))
            return false;
    return true;
}

static bool exists(const char *path)
{
    struct fs_stat stat;

    return fs_stat(path, &stat, NULL) && stat.kind != FS_MISSING;
}

static bool count_one(enum manifest_change change,
                      const struct manifest_entry *have,
                      const struct manifest_entry *want,
                      void *user)
{
    (void)have;
    (void)want;
    ++((unsigned *)user)[change == MANIFEST_TOUCHED];
    return true;
}

/* How many files of a package the guest lacks, or has as others, and strange ones. */
static unsigned
differences(struct world *world, const char *package, const struct part *parts, bool full)
{
    struct manifest have, want;
    unsigned counts[2] = {0, 0};
    struct err err = ERR_INIT;

    list_parts(parts, &want);
    must(staged_list(world->staged, package, full, &have, &err), &err);
    manifest_diff(&have, &want, false, count_one, counts);
    manifest_done(&have);
    manifest_done(&want);
    return counts[0];
}

/* ---- coming and being put in place ---- */

static void package_is_put_in_place_when_nobody_is_disturbed(void **state)
{
    struct world *world = *state;
    struct registry_value value;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_IDLE, STAGED_DONE);
    assert_true(stands(new_parts));
    assert_true(exists(FILES "driver_links/" NEW_ID));
    assert_true(world->machine->registry->ops->get(
        world->machine->registry, "HKLM\\" DRIVER_SERVICE_KEY, "Start", &value, NULL));
    assert_int_equal(value.dword, 3);
    assert_int_equal(differences(world, NEW_ID, new_parts, true), 0);
    assert_false(exists(FILES "gpupv/stage"));
}

static void package_waits_while_somebody_plays(void **state)
{
    struct world *world = *state;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    world->moment.in_use = true;
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_IDLE, STAGED_WAITING);
    assert_true(stands(old_parts));
    assert_int_equal(differences(world, NEW_ID, new_parts, false), 0);
    settle(world, false);
    world->moment.in_use = false;
    settle(world, true);
    assert_true(stands(new_parts));
}

static void broken_adapter_is_nothing_to_wait_for(void **state)
{
    struct world *world = *state;

    world->moment.in_use = world->moment.gpu_broken = true;
    world->moment.gpu_good = false;
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_IDLE, STAGED_DONE);
}

static void next_boot_is_the_latest_moment(void **state)
{
    struct world *world = *state;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_BOOT, STAGED_WAITING);
    settle(world, false);
    open_staged(world);
    world->moment = (struct staged_moment){.boot_id = "boot 2"}; /* nothing is known yet */
    settle(world, true);
    assert_true(stands(new_parts));
}

static void old_package_goes_after_a_good_boot(void **state)
{
    struct world *world = *state;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(exists(STORE OLD_ID) && exists(FILES "gpupv/old/system32/nvcuda.dll"));
    assert_false(exists(FILES "system32/gone.dll"));
    assert_false(exists(FILES "driver_links/" OLD_ID));
    settle(world, false);
    assert_true(exists(STORE OLD_ID));
    text_copy(world->moment.boot_id, sizeof world->moment.boot_id, "boot 2");
    world->moment.gpu_good = false;
    settle(world, false);
    assert_true(exists(STORE OLD_ID));
    world->moment.gpu_good = true;
    settle(world, false);
    assert_false(exists(STORE OLD_ID));
    assert_false(exists(FILES "gpupv/old"));
    assert_true(stands(new_parts));
}

static void going_back_to_the_old_package_keeps_it(void **state)
{
    struct world *world = *state;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    text_copy(world->moment.boot_id, sizeof world->moment.boot_id, "boot 2");
    settle(world, false);
    assert_true(stands(old_parts));
    assert_false(exists(STORE NEW_ID));
}

static void later_package_takes_the_place_of_one_that_waits(void **state)
{
    struct world *world = *state;

    world->moment.in_use = true;
    bring(world, OLD_ID, old_parts, PROFILE_WHEN_IDLE, STAGED_WAITING);
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_IDLE, STAGED_WAITING);
    world->moment.in_use = false;
    settle(world, true);
    assert_true(stands(new_parts));
    assert_false(exists(STORE OLD_ID));
}

/* ---- only what differs, and what is wrong ---- */

static void one_changed_file_comes_alone(void **state)
{
    static const struct part changed[] = {
        {"store/" NEW_ID "/nv_dispi.inf", "inf new"},
        {"store/" NEW_ID "/sub/nvwgf2umx.dll", "umd of a day later"},
        {"system32/nvcuda.dll", "cuda new"},
        {"syswow64/nvcuda.dll", "cuda new 32"},
        {"gpupv.json", EXTRA(NEW_ID)},
        {NULL, NULL},
    };
    struct world *world = *state;
    enum staged_state now = STAGED_NONE;
    struct err err = ERR_INIT;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(send_parts(world, NEW_ID, changed, "store/" NEW_ID "/sub"));
    must(commit(world, NEW_ID, changed, PROFILE_WHEN_NOW, &now, &err), &err);
    assert_true(stands(changed));
    assert_int_equal(differences(world, NEW_ID, changed, true), 0);
}

static void damage_in_place_is_found_and_mended(void **state)
{
    struct world *world = *state;
    enum staged_state now = STAGED_NONE;
    struct err err = ERR_INIT;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    write_file(STORE NEW_ID "/sub/nvwgf2umx.dll", "umd NEW, longer"); /* the same length */
    write_file(STORE NEW_ID "/strange.dll", "a stranger");
    assert_true(fs_remove(FILES "syswow64/nvcuda.dll", NULL));
    assert_int_equal(differences(world, NEW_ID, new_parts, false), 3);
    assert_false(commit(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, &now, &err));
    assert_int_equal(err.message, TEXT_DRIVER_INCOMPLETE);
    assert_true(send_parts(world, NEW_ID, new_parts, "store/" NEW_ID "/sub"));
    assert_true(send_parts(world, NEW_ID, new_parts, "syswow64/"));
    err_clear(&err);
    must(commit(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, &now, &err), &err);
    assert_true(stands(new_parts));
    assert_false(exists(STORE NEW_ID "/strange.dll"));
}

static void bit_that_flipped_is_found_when_everything_is_read(void **state)
{
    struct world *world = *state;
    struct fs_file *file = NULL;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(fs_file_open(FILES "system32/nvcuda.dll", FS_UPDATE, FS_SHARED, &file, NULL));
    assert_true(fs_file_write(file, 0, "C", 1, NULL));
    assert_true(fs_file_set_modified(file, INT64_C(1760000000000), NULL));
    fs_file_close(file);
    assert_int_equal(differences(world, NEW_ID, new_parts, false), 0);
    assert_int_equal(differences(world, NEW_ID, new_parts, true), 1);
}

static void file_that_came_damaged_is_not_put_in_place(void **state)
{
    struct world *world = *state;
    enum staged_state now = STAGED_NONE;
    struct err err = ERR_INIT;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(send_parts(world, NEW_ID, new_parts, ""));
    write_file(FILES "gpupv/stage/system32/nvcuda.dll", "cuda NEW");
    assert_false(commit(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, &now, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_true(stands(old_parts));
}

static void leftovers_of_the_stage_do_not_get_into_the_package(void **state)
{
    struct world *world = *state;

    assert_true(send_parts(world, NEW_ID, new_parts, ""));
    write_file(FILES "gpupv/stage/store/" NEW_ID "/left.part", "half");
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_false(exists(STORE NEW_ID "/left.part"));
}

static void package_that_was_thrown_away_leaves_nothing(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;

    assert_true(send_parts(world, NEW_ID, new_parts, ""));
    must(staged_abort(world->staged, NEW_ID, &err), &err);
    assert_false(exists(FILES "gpupv/stage"));
    assert_int_equal(staged_state(world->staged, NEW_ID, NULL), STAGED_NONE);
}

static void package_that_does_not_fit_is_refused_before_it_comes(void **state)
{
    const struct manifest_entry huge = {.size_bytes = UINT64_C(1) << 41};
    struct world *world = *state;
    struct manifest files;
    struct bulk_have have[1];
    char folder[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    manifest_init(&files, MANIFEST_XXH3);
    must(manifest_add(&files, "store/" NEW_ID "/nvhuge.bin", &huge, &err), &err);
    must(manifest_complete(&files, &err), &err);
    assert_false(staged_begin(world->staged, NEW_ID, &files, have, folder, &err));
    assert_int_equal(err.kind, ERR_NO_SPACE);
    assert_int_equal(err.hint, TEXT_DRIVER_NO_SPACE_HINT);
    assert_true(stands(old_parts));
    manifest_done(&files);
}

static void file_of_windows_is_never_replaced(void **state)
{
    struct world *world = *state;

    write_file(FILES "system32/nvcuda.dll", "Windows' own");
    assert_true(fs_set_read_only(FILES "system32/nvcuda.dll", true, NULL));
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(part_is("system32/nvcuda.dll", "Windows' own"));
    /* and is not sent again */
    assert_int_equal(differences(world, NEW_ID, new_parts, true), 0);
    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(part_is("system32/nvcuda.dll", "Windows' own"));
    assert_true(fs_set_read_only(FILES "system32/nvcuda.dll", false, NULL));
}

static void settings_of_the_guest_stay(void **state)
{
    static const char path[] = FILES "programdata/NVIDIA Corporation/Drs/nvdrsdb0.bin";
    struct world *world = *state;

    write_file(path, "settings of the guest");
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(file_is(path, "settings of the guest"));
    assert_int_equal(differences(world, NEW_ID, new_parts, true), 0);
}

/* Signature, structure version, file version. */
#define VERSIONED(n) "....\xBD\x04\xEF\xFE\x00\x00\x01\x00" n "\x00\x00\x00\x00\x00\x00\x00"

static void version_of_a_file_is_found(void **state)
{
    static const char text[] = VERSIONED("\x07");
    uint64_t version = 0;

    (void)state;
    assert_true(file_version_find((const uint8_t *)text, sizeof text - 1, &version));
    assert_int_equal(version >> 32, 7);
    assert_false(file_version_find((const uint8_t *)text, 12, &version));
}

static void newer_file_of_somebody_else_stays(void **state)
{
    static const struct part parts[] = {
        {"store/" NEW_ID "/nv_dispi.inf", "inf"},
        {"system32/vulkan-1.dll", "loader without version"},
        {"gpupv.json", EXTRA(NEW_ID)},
        {NULL, NULL},
    };
    struct world *world = *state;
    struct err err = ERR_INIT;
    char theirs[] = VERSIONED("\x07");

    must(fs_make_dirs(FILES "system32", FS_SHARED, &err), &err);
    must(fs_write_atomic(FILES "system32/vulkan-1.dll", theirs, sizeof theirs - 1, FS_SHARED, &err),
         &err);
    bring(world, NEW_ID, parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_false(part_is("system32/vulkan-1.dll", "loader without version"));
    assert_int_equal(differences(world, NEW_ID, parts, true), 0);
}

static void paths_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const paths[] = {"../x",
                                        "/etc/x",
                                        "C:/x",
                                        "store/../../x/y",
                                        "system32/config/SAM",
                                        "system32/a:b",
                                        "system32/NUL",
                                        "syswow64/x/y",
                                        "x"};
    struct world *world = *state;
    struct err err;
    uint64_t next;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        err_clear(&err);
        if (staged_write(world->staged, NEW_ID, paths[i], 1, 0, "x", 1, &next, &err) ||
            err.kind != ERR_UNSAFE)
            fail_msg("%s", paths[i]);
    }
}

static void damaged_notes_are_said_and_begun_anew(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT, damage = ERR_INIT;

    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    write_file(DATA "/" STAGED_NOTES_FILE, "{\"version\":1,\"package\":\"../x\"}");
    staged_close(world->staged);
    must(staged_open(world->machine, DATA, &world->staged, &damage, &err), &err);
    assert_true(err_is_set(&damage));
    assert_int_equal(staged_state(world->staged, NEW_ID, NULL), STAGED_NONE);
    /* the folder is there and need not come again */
    assert_int_equal(differences(world, NEW_ID, new_parts, false), 0);
}

/* ---- sudden death ---- */

/* Everything from the first byte to the end, dying behind `most` changes; false: it went through.
 */
static bool die_once(struct world *world, int most)
{
    enum staged_state now = STAGED_NONE;
    bool done;

    world->most = most;
    world->changes = 0;
    done = send_parts(world, NEW_ID, new_parts, "") &&
           commit(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, &now, NULL) && now == STAGED_DONE;
    return !done;
}

/* After the next start there is one whole package: the old one if the new one was not noted. */
static void check_after_death(struct world *world)
{
    struct err err = ERR_INIT;
    bool changed = false;

    open_staged(world);
    world->moment.known = false;
    must(staged_settle(world->staged, &world->moment, &changed, &err), &err);
    if (staged_state(world->staged, NEW_ID, NULL) == STAGED_DONE) {
        assert_true(stands(new_parts));
        assert_int_equal(differences(world, NEW_ID, new_parts, true), 0);
    } else {
        assert_true(stands(old_parts));
        assert_int_equal(staged_state(world->staged, OLD_ID, NULL), STAGED_DONE);
    }
    /* and the next try works */
    bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    assert_true(stands(new_parts));
}

static void guest_that_dies_at_any_change_has_one_whole_package(void **state)
{
    struct world *world = *state;
    bool dies = true;
    int most;

    for (most = 0; dies; most++) {
        bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
        dies = die_once(world, most);
        check_after_death(world);
    }
    assert_true(most > 10); /* they are all there */
}

/* The same when the package in place is mended: one folder takes the place of another. */
static void guest_that_dies_while_a_folder_is_mended_keeps_it(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    bool dies = true, changed;

    for (int most = 0; dies; most++) {
        bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
        write_file(STORE NEW_ID "/nv_dispi.inf", "inf that somebody changed");
        dies = die_once(world, most);
        open_staged(world);
        must(staged_settle(world->staged, &world->moment, &changed, &err), &err);
        assert_true(part_is("store/" NEW_ID "/sub/nvwgf2umx.dll", "umd new, longer"));
        bring(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, STAGED_DONE);
        assert_true(stands(new_parts));
    }
}

/* What fails in the middle, but not by death, is taken back at once. */
static void failure_takes_everything_back(void **state)
{
    struct world *world = *state;
    enum staged_state now = STAGED_NONE;
    struct err err = ERR_INIT;

    bring(world, OLD_ID, old_parts, PROFILE_WHEN_NOW, STAGED_DONE);
    must(machine_sim_edit(world->machine, "fault=staging.link:fail:1", &err), &err);
    assert_true(send_parts(world, NEW_ID, new_parts, ""));
    assert_false(commit(world, NEW_ID, new_parts, PROFILE_WHEN_NOW, &now, &err));
    assert_int_equal(err.context, TEXT_DRIVER_SWITCHING);
    assert_true(stands(old_parts));
    assert_false(exists(STORE NEW_ID));
    must(machine_sim_edit(world->machine, "fault=none", &err), &err);
    settle(world, true);
    assert_true(stands(new_parts));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(package_is_put_in_place_when_nobody_is_disturbed),
        WITH_WORLD(package_waits_while_somebody_plays),
        WITH_WORLD(broken_adapter_is_nothing_to_wait_for),
        WITH_WORLD(next_boot_is_the_latest_moment),
        WITH_WORLD(old_package_goes_after_a_good_boot),
        WITH_WORLD(going_back_to_the_old_package_keeps_it),
        WITH_WORLD(later_package_takes_the_place_of_one_that_waits),
        WITH_WORLD(one_changed_file_comes_alone),
        WITH_WORLD(damage_in_place_is_found_and_mended),
        WITH_WORLD(bit_that_flipped_is_found_when_everything_is_read),
        WITH_WORLD(file_that_came_damaged_is_not_put_in_place),
        WITH_WORLD(leftovers_of_the_stage_do_not_get_into_the_package),
        WITH_WORLD(package_that_was_thrown_away_leaves_nothing),
        WITH_WORLD(package_that_does_not_fit_is_refused_before_it_comes),
        WITH_WORLD(file_of_windows_is_never_replaced),
        WITH_WORLD(settings_of_the_guest_stay),
        cmocka_unit_test(version_of_a_file_is_found),
        WITH_WORLD(newer_file_of_somebody_else_stays),
        WITH_WORLD(paths_that_lead_elsewhere_are_refused),
        WITH_WORLD(damaged_notes_are_said_and_begun_anew),
        WITH_WORLD(guest_that_dies_at_any_change_has_one_whole_package),
        WITH_WORLD(guest_that_dies_while_a_folder_is_mended_keeps_it),
        WITH_WORLD(failure_takes_everything_back),
    };

    if (uv_chdir(support_ram_folder()) != 0) /* thousands of flushes */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
