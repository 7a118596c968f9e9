/* What only the unix socket can get wrong, and the text form of addresses. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "common/link.h"

#include <uv.h>

#include <stdio.h>
#include <string.h>

#define PATH "test_link_uv.socket"

static void on_accept(struct link *link, void *user)
{
    (void)link;
    (void)user;
}

static void on_error(const struct err *err, void *user)
{
    (void)err;
    (void)user;
}

static void on_closed(void *user)
{
    (void)user;
}

static const struct link_listen_events events = {
    .on_accept = on_accept, .on_error = on_error, .on_closed = on_closed};

static const struct link_address address = {.kind = LINK_UV, .path = PATH};

static void end(uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* Leaves a socket file behind as a killed process does: bound, and nobody there. */
static void leave_stale_socket(void)
{
    struct link_listener *listener;
    uv_loop_t loop;

    uv_loop_init(&loop);
    assert_true(link_listen(&loop, &address, &events, NULL, &listener, NULL));
    assert_true(fs_rename(PATH, PATH ".kept", NULL));
    link_listener_close(listener);
    end(&loop);
    assert_true(fs_rename(PATH ".kept", PATH, NULL));
}

static void link_refuses_to_replace_what_is_not_a_socket(void **state)
{
    struct link_listener *listener;
    struct err err = ERR_INIT;
    uv_loop_t loop;

    (void)state;
    assert_true(fs_write_atomic(PATH, "precious", 8, FS_PRIVATE, NULL));
    uv_loop_init(&loop);
    assert_false(link_listen(&loop, &address, &events, NULL, &listener, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    end(&loop);
    assert_true(fs_remove(PATH, NULL));
}

static void link_refuses_a_folder_that_is_not_there(void **state)
{
    const struct link_address nowhere = {.kind = LINK_UV, .path = "no/such/folder/socket"};
    struct link_listener *listener;
    struct err err = ERR_INIT;
    uv_loop_t loop;

    (void)state;
    uv_loop_init(&loop);
    assert_false(link_listen(&loop, &nowhere, &events, NULL, &listener, &err));
    assert_true(err_is_set(&err));
    end(&loop);
}

static void link_replaces_a_stale_socket(void **state)
{
    struct link_listener *listener;
    struct err err = ERR_INIT;
    uv_loop_t loop;

    (void)state;
    leave_stale_socket();
    uv_loop_init(&loop);
    assert_true(link_listen(&loop, &address, &events, NULL, &listener, &err));
    link_listener_close(listener);
    end(&loop);
}

static void link_socket_is_for_its_owner_only(void **state)
{
    struct link_listener *listener;
    uv_loop_t loop;
    uv_fs_t stat;

    (void)state;
    uv_loop_init(&loop);
    assert_true(link_listen(&loop, &address, &events, NULL, &listener, NULL));
    assert_int_equal(uv_fs_stat(NULL, &stat, PATH, NULL), 0);
    assert_int_equal(stat.statbuf.st_mode & 0777, 0600);
    uv_fs_req_cleanup(&stat);
    link_listener_close(listener);
    end(&loop);
}

static void guid_reads_its_text_forms_and_nothing_else(void **state)
{
    static const char *const bad[] = {"",
                                      "47505056-facb-11e6-bd58-64006a7986d",
                                      "47505056-facb-11e6-bd58-64006a7986d33",
                                      "47505056-facb-11e6-bd5864006a7986d3-",
                                      "4750505g-facb-11e6-bd58-64006a7986d3",
                                      "{47505056-facb-11e6-bd58-64006a7986d3",
                                      "47505056+facb-11e6-bd58-64006a7986d3"};
    struct link_guid guid, braced;
    char text[37];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(link_guid_parse(bad[i], &guid));
    assert_true(link_guid_parse("47505056-FACB-11e6-bd58-64006a7986d3", &guid));
    assert_memory_equal(&guid, &link_service_id, sizeof guid);
    assert_true(link_guid_parse("{47505056-facb-11e6-bd58-64006a7986d3}", &braced));
    assert_memory_equal(&guid, &braced, sizeof guid);
    assert_string_equal(link_guid_text(&guid, text), "47505056-facb-11e6-bd58-64006a7986d3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_refuses_to_replace_what_is_not_a_socket),
        cmocka_unit_test(link_refuses_a_folder_that_is_not_there),
        cmocka_unit_test(link_replaces_a_stale_socket),
        cmocka_unit_test(link_socket_is_for_its_owner_only),
        cmocka_unit_test(guid_reads_its_text_forms_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
