/* Private files and folders on Windows: who is named in their access lists, and which existing
 * folders are refused. */
#include "tests/support/support.h"

#include "common/fs.h"

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

/* The access list of path as text; the caller frees it with LocalFree. */
static char *access_of(const char *path)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    char *text = NULL;

    assert_int_equal(GetNamedSecurityInfoA((char *)path,
                                           SE_FILE_OBJECT,
                                           DACL_SECURITY_INFORMATION,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           &descriptor),
                     ERROR_SUCCESS);
    assert_true(ConvertSecurityDescriptorToStringSecurityDescriptorA(
        descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL));
    LocalFree(descriptor);
    return text;
}

/* Everyone, Users, Authenticated Users, Interactive, Creator Owner: nobody of them may be named. */
static void expect_private(const char *path)
{
    static const char *const others[] = {";;;WD)", ";;;BU)", ";;;AU)", ";;;IU)", ";;;CO)"};
    char *text = access_of(path);
    size_t i;

    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strstr(text, others[i]))
            fail_msg("%s: %s", path, text);
    }
    if (!strstr(text, "(A;"))
        fail_msg("%s: nobody may use it: %s", path, text);
    LocalFree(text);
}

static void make_folder(const char *path, const char *sddl)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};

    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorA(
        sddl, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL));
    assert_true(CreateDirectoryA(path, NULL));
    /* afterwards, because Wine applies the umask to a list given at creation */
    assert_true(SetFileSecurityA(path, DACL_SECURITY_INFORMATION, attributes.lpSecurityDescriptor));
    LocalFree(attributes.lpSecurityDescriptor);
}

static void folder_that_everybody_may_write_is_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    make_folder("t\\open", "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)");
    assert_false(fs_make_dirs("t\\open", FS_PRIVATE, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_int_equal(err.message, TEXT_FOLDER_FOREIGN);
    assert_true(fs_make_dirs("t\\open", FS_SHARED, &err));
}

static void folder_that_others_may_only_read_is_taken(void **state)
{
    struct err err = ERR_INIT;
    char text[300];

    (void)state;
    support_folder("t");
    make_folder("t\\read", "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FR;;;WD)");
    if (!fs_make_dirs("t\\read", FS_PRIVATE, &err))
        fail_msg("%s", err_message(&err, TEXT_EN, text, sizeof text));
}

static void private_files_and_folders_name_nobody_else(void **state)
{
    struct fs_file *file = NULL;

    (void)state;
    support_folder("t");
    assert_true(fs_make_dirs("t\\a\\b", FS_PRIVATE, NULL));
    assert_true(fs_write_atomic("t\\a\\b\\f", "x", 1, FS_PRIVATE, NULL));
    assert_true(fs_append("t\\a\\b\\log", "x", 1, FS_PRIVATE, NULL));
    assert_true(fs_file_open("t\\a\\b\\file", FS_UPDATE, FS_PRIVATE, &file, NULL));
    fs_file_close(file);
    expect_private("t\\a");
    expect_private("t\\a\\b");
    expect_private("t\\a\\b\\f");
    expect_private("t\\a\\b\\log");
    expect_private("t\\a\\b\\file");
    assert_true(fs_make_dirs("t\\a\\b", FS_PRIVATE, NULL));
}

static void replacing_keeps_a_file_private(void **state)
{
    (void)state;
    support_folder("t");
    assert_true(fs_write_atomic("t\\f", "old", 3, FS_SHARED, NULL));
    assert_true(fs_write_atomic("t\\f", "new", 3, FS_PRIVATE, NULL));
    expect_private("t\\f");
}

static void paths_longer_than_the_old_limit_work(void **state)
{
    char path[FS_PATH_BYTES] = "t";
    struct err err = ERR_INIT;
    struct fs_stat found;
    char text[300];
    int i;

    (void)state;
    support_folder("t");
    for (i = 0; i < 8; i++)
        strcat(path, "\\a_folder_with_a_name_of_forty_characters");
    if (!fs_make_dirs(path, FS_SHARED, &err))
        fail_msg("%s", err_message(&err, TEXT_EN, text, sizeof text));
    strcat(path, "\\f");
    assert_true(strlen(path) > MAX_PATH);
    assert_true(fs_write_atomic(path, "x", 1, FS_SHARED, NULL));
    assert_true(fs_stat(path, &found, NULL));
    assert_int_equal(found.size_bytes, 1);
    assert_true(fs_remove_tree("t", NULL));
}

static void names_of_other_case_are_the_same_file(void **state)
{
    struct fs_dir *dir = NULL;
    struct buf out;

    (void)state;
    support_folder("t");
    assert_true(fs_write_atomic("t/Config.txt", "x", 1, FS_SHARED, NULL));
    assert_true(fs_dir_open("T", &dir, NULL));
    buf_init(&out, 10);
    assert_true(fs_dir_read(dir, "CONFIG.TXT", 0, 10, &out, NULL));
    buf_done(&out);
    fs_dir_close(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_that_everybody_may_write_is_refused),
        cmocka_unit_test(folder_that_others_may_only_read_is_taken),
        cmocka_unit_test(private_files_and_folders_name_nobody_else),
        cmocka_unit_test(replacing_keeps_a_file_private),
        cmocka_unit_test(paths_longer_than_the_old_limit_work),
        cmocka_unit_test(names_of_other_case_are_the_same_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
