/*
 * A host and a running guest that share nothing meet by a one-time code: the real agent in a
 * process of its own, dialled as `gpupv pair` does. Wrong, old, used, searched and replayed codes
 * are refused, and what a code lets in may do nothing but bring the key.
 */
#include "tests/support/support.h"

#include "common/secure.h"
#include "guest/machine/sim/sim.h"
#include "guest/pairing.h"
#include "host/guest/client.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK    "disk"
#define FOLDER  "disk/agent"
#define VM      "4f3c2a10-0000-4000-8000-00000000beef"
#define CODE    "0123-4567-89AB-CDE4"
#define OTHER   "0123-4567-89AB-CDFK"
#define OPEN_MS 20000
#define TRIES   200 /* until the agent listens */
#define TRY_MS  100

struct bench {
    struct process_child *agent;
    struct link_address address;
};

static void address_of(struct link_address *address)
{
    const char *agent = getenv("GPUPV_TEST_AGENT");

    memset(address, 0, sizeof *address);
    address->kind = LINK_UV;
    assert_non_null(agent);
    if (strstr(agent, ".exe"))
        snprintf(address->path,
                 sizeof address->path,
                 "\\\\.\\pipe\\gpupv-test-pair-%d",
                 (int)process_self());
    else
        text_copy(address->path, sizeof address->path, "pair.socket");
}

static void agent_start(struct bench *bench)
{
    const char *agent = getenv("GPUPV_TEST_AGENT");
    char listen[LINK_PATH_BYTES + 8];
    const char *args[] = {agent, "run", "--simulate", DISK, "--listen", listen, NULL};

    snprintf(listen, sizeof listen, "uv:%s", bench->address.path);
    assert_true(process_child_start(agent, args, "agent-output.log", &bench->agent, NULL));
}

static void agent_stop(struct bench *bench)
{
    process_child_free(bench->agent);
    bench->agent = NULL;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(machine_sim_init(DISK, "healthy", NULL));
    address_of(&bench->address);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    agent_stop(bench);
    free(bench);
    return 0;
}

static void code_waits(const char *code, int64_t age_ms)
{
    struct clock_manual then;

    clock_manual_init(&then, 0, clock_wall_ms(clock_system()) - age_ms);
    assert_true(pairing_begin(FOLDER, code, &then.base, NULL));
}

/* Dials under a code; waits until the agent listens. */
static bool dial_as(const struct bench *bench,
                    const char *code,
                    const char *vm,
                    struct client **ret,
                    struct err *err)
{
    struct client_target target = {.address = bench->address, .key_count = 1};
    bool ok = false;

    pair_identity(vm, target.keys[0].identity);
    assert_true(pair_secret(code, vm, target.keys[0].secret, NULL));
    for (int i = 0; i < TRIES; i++) {
        err_clear(err);
        ok = client_open(&target, OPEN_MS, ret, err);
        if (ok || err->kind != ERR_UNREACHABLE)
            break;
        clock_sleep_ms(clock_system(), TRY_MS);
    }
    client_target_wipe(&target);
    return ok;
}

static bool dial(const struct bench *bench, const char *code, struct client **ret, struct err *err)
{
    return dial_as(bench, code, VM, ret, err);
}

static bool dial_key(const struct bench *bench, const struct key_file *key, struct client **ret)
{
    struct client_target target = {.address = bench->address};
    bool ok;

    client_target_keys(&target, key);
    ok = client_open(&target, OPEN_MS, ret, NULL);
    client_target_wipe(&target);
    return ok;
}

static bool bring(struct client *client,
                  const struct key_file *key,
                  int64_t from,
                  const char *vm,
                  struct err *err)
{
    cJSON *params = cJSON_CreateObject();
    struct client_call call = {.method = METHOD_KEY_ROTATE,
                               .params = params,
                               .body = key->entries[0].secret,
                               .body_length = KEY_SECRET_BYTES};
    bool ok;

    assert_true(json_add_int(params, "from", from) &&
                json_add_int(params, "generation", key->entries[0].generation) &&
                cJSON_AddStringToObject(params, "vm", vm));
    ok = client_call(client, &call, NULL, err);
    cJSON_Delete(params);
    return ok;
}

static bool ask(struct client *client, enum method_id method, struct err *err)
{
    struct client_call call = {.method = method};

    return client_call(client, &call, NULL, err);
}

static void code_brings_the_real_key(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct key_file key;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    assert_true(key_new(VM, &key, NULL));
    assert_true(dial(bench, CODE, &client, &err));
    assert_true(bring(client, &key, 0, VM, &err));
    client_close(client);
    assert_true(dial_key(bench, &key, &client));
    assert_false(client_peer(client)->cloned);
    assert_int_equal(client_peer(client)->generation, 1);
    assert_true(ask(client, METHOD_PROFILE_GET, &err));
    client_close(client);
}

static void key_outlives_the_agent_and_the_code_does_not(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct key_file key;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    assert_true(key_new(VM, &key, NULL));
    assert_true(dial(bench, CODE, &client, &err));
    assert_true(bring(client, &key, 0, VM, &err));
    client_close(client);
    assert_false(dial(bench, CODE, &client, &err)); /* used */
    assert_int_equal(err.kind, ERR_AUTH);
    agent_stop(bench);
    agent_start(bench);
    assert_false(dial(bench, CODE, &client, &err)); /* and not back after a restart */
    assert_int_equal(err.kind, ERR_AUTH);
    assert_true(dial_key(bench, &key, &client));
    client_close(client);
}

static void code_lets_nobody_do_anything_else(void **state)
{
    static const enum method_id others[] = {METHOD_PROFILE_GET,
                                            METHOD_REPAIR_RUN,
                                            METHOD_LOG_TAIL,
                                            METHOD_SYSTEM_REBOOT,
                                            METHOD_AGENT_RELEASE};
    struct bench *bench = *state;
    struct client *client = NULL;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    assert_true(dial(bench, CODE, &client, &err));
    assert_true(client_peer(client)->cloned);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        err_clear(&err);
        assert_false(ask(client, others[i], &err));
        assert_int_equal(err.kind, ERR_CONFLICT);
    }
    assert_true(ask(client, METHOD_PING, &err));
    client_close(client);
}

static void wrong_code_is_refused_and_attempts_are_limited(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    for (int i = 0; i < PAIRING_ATTEMPTS; i++) {
        assert_false(dial(bench, OTHER, &client, &err));
        assert_int_equal(err.kind, ERR_AUTH);
    }
    assert_false(dial(bench, CODE, &client, &err)); /* right, but too late */
    assert_int_equal(err.kind, ERR_AUTH);
}

static void old_code_is_refused(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct err err = ERR_INIT;

    code_waits(CODE, PAIR_LIFE_MS + 1000);
    agent_start(bench);
    assert_false(dial(bench, CODE, &client, &err));
    assert_int_equal(err.kind, ERR_AUTH);
}

static void no_code_no_entrance(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct err err = ERR_INIT;

    agent_start(bench);
    assert_false(dial(bench, CODE, &client, &err));
    assert_int_equal(err.kind, ERR_AUTH);
}

static void code_for_another_machine_is_refused(void **state)
{
    static const char *const edits[] = {"vm_id={4F3C2A10-0000-4000-8000-00000000BEEF}", NULL};
    struct bench *bench = *state;
    struct client *client = NULL;
    struct err err = ERR_INIT;

    assert_true(machine_sim_edit_disk(DISK, edits, NULL));
    code_waits(CODE, 0);
    agent_start(bench);
    assert_false(dial_as(bench, CODE, "4f3c2a10-0000-4000-8000-00000000bee0", &client, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_true(dial(bench, CODE, &client, &err));
    client_close(client);
}

static void replayed_rotation_is_refused(void **state)
{
    struct bench *bench = *state;
    struct client *client = NULL;
    struct key_file key, other;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    assert_true(key_new(VM, &key, NULL) && key_new(VM, &other, NULL));
    assert_true(dial(bench, CODE, &client, &err));
    assert_false(bring(client, &key, 1, VM, &err)); /* from a key that this session is not under */
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    assert_false(bring(client, &key, 0, "4f3c2a10-0000-4000-8000-00000000bee0", &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_true(bring(client, &key, 0, VM, NULL));
    client_close(client);
    assert_true(dial_key(bench, &key, &client));
    err_clear(&err);
    assert_false(bring(client, &other, 0, VM, &err)); /* what was once sent under the code */
    assert_int_equal(err.kind, ERR_CONFLICT);
    client_close(client);
    assert_true(dial_key(bench, &key, &client));
    client_close(client);
}

static void pairing_anew_ends_the_old_host_s_sessions(void **state)
{
    struct bench *bench = *state;
    struct client *old = NULL, *client = NULL;
    struct key_file key, other;
    struct err err = ERR_INIT;

    code_waits(CODE, 0);
    agent_start(bench);
    assert_true(key_new(VM, &key, NULL) && key_new(VM, &other, NULL));
    assert_true(dial(bench, CODE, &client, &err));
    assert_true(bring(client, &key, 0, VM, &err));
    client_close(client);
    assert_true(dial_key(bench, &key, &old));
    code_waits(OTHER, 0);
    assert_true(dial(bench, OTHER, &client, &err));
    assert_true(bring(client, &other, 0, VM, &err));
    client_close(client);
    assert_false(ask(old, METHOD_PING, &err)); /* cannot come back either */
    client_close(old);
    assert_false(dial_key(bench, &key, &client));
    assert_true(dial_key(bench, &other, &client));
    client_close(client);
}

static void clone_takes_the_key_of_the_machine_it_is(void **state)
{
    static const char *const edits[] = {"vm_id=4F3C2A10-0000-4000-8000-00000000BEE0", NULL};
    struct bench *bench = *state;
    struct client *client = NULL;
    struct key_file key, clone;
    struct err err = ERR_INIT;

    assert_true(key_new(VM, &key, NULL));
    assert_true(key_new("4f3c2a10-0000-4000-8000-00000000bee0", &clone, NULL));
    clone.entries[0].generation = clone.current = 2;
    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    assert_true(key_save(FOLDER "/key.json", &key_seal_plain, &key, NULL));
    assert_true(machine_sim_edit_disk(DISK, edits, NULL));
    agent_start(bench);
    for (int i = 0; i < TRIES && !dial_key(bench, &key, &client); i++)
        clock_sleep_ms(clock_system(), TRY_MS);
    assert_non_null(client);
    assert_true(client_peer(client)->cloned);
    assert_false(ask(client, METHOD_PROFILE_GET, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    assert_false(bring(client, &clone, 1, "4f3c2a10-0000-4000-8000-00000000bee1", &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_true(bring(client, &clone, 1, clone.vm, NULL));
    client_close(client);
    client = NULL;
    assert_true(dial_key(bench, &clone, &client));
    assert_false(client_peer(client)->cloned);
    assert_true(ask(client, METHOD_PROFILE_GET, &err));
    client_close(client);
    assert_false(dial_key(bench, &key, &client));
}

#define FLOW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FLOW(code_brings_the_real_key),
        FLOW(key_outlives_the_agent_and_the_code_does_not),
        FLOW(code_lets_nobody_do_anything_else),
        FLOW(wrong_code_is_refused_and_attempts_are_limited),
        FLOW(old_code_is_refused),
        FLOW(no_code_no_entrance),
        FLOW(code_for_another_machine_is_refused),
        FLOW(replayed_rotation_is_refused),
        FLOW(pairing_anew_ends_the_old_host_s_sessions),
        FLOW(clone_takes_the_key_of_the_machine_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
