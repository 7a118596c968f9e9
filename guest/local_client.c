/* One session on a loop that runs only inside the calls. */
#include "guest/local_client.h"

#include "common/secure.h"
#include "guest/local_door.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000

struct local_client {
    uv_loop_t loop;
    struct session *session; /* NULL: it ended */
    bool opened;
    struct session_hello peer;
    struct err why; /* of its end */

    bool answered; /* the call that runs */
    struct err call_err;
    cJSON *result;
    void (*on_progress)(const cJSON *progress, void *user);
    void *user;
};

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    struct local_client *client = user;

    (void)session;
    client->opened = true;
    client->peer = *peer;
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    struct local_client *client = user;

    (void)session;
    client->session = NULL;
    if (why)
        client->why = *why;
    else
        err_set(&client->why, ERR_CLOSED, TEXT_SESSION_NOT_OPEN, NULL);
}

static const struct session_events events = {.on_open = on_open, .on_close = on_close};

static void on_reply(const struct session_reply *reply, void *user)
{
    struct local_client *client = user;

    client->answered = true;
    if (reply->err)
        client->call_err = *reply->err;
    else
        client->result = cJSON_Duplicate(reply->result, true);
}

static void on_progress(const cJSON *progress, void *user)
{
    struct local_client *client = user;

    if (client->on_progress)
        client->on_progress(progress, client->user);
}

/* Runs the loop until *done is true or the session has ended. */
static bool run(struct local_client *client, const bool *done, struct err *err)
{
    while (!*done && client->session)
        uv_run(&client->loop, UV_RUN_ONCE);
    if (!*done && err)
        *err = client->why;
    return *done;
}

/* A door that nobody can find is none. */
static bool find_agent(const char *folder, struct session_dial *dial, struct err *err)
{
    struct local_door door;

    if (!local_door_find(folder, &door, err)) {
        if (err && err->kind == ERR_BAD_INPUT)
            err->kind = ERR_NOT_FOUND;
        return false;
    }
    dial->address = door.address;
    dial->connect_ms = CONNECT_MS;
    text_copy(dial->identity, sizeof dial->identity, LOCAL_DOOR_IDENTITY);
    memcpy(dial->secret, door.secret, sizeof dial->secret);
    secure_wipe(&door, sizeof door);
    return true;
}

bool local_client_open(const char *folder, struct local_client **ret_client, struct err *err)
{
    struct local_client *client;
    struct session_dial dial = {.connect_ms = 0};
    bool ok;
    int code;

    if (!find_agent(folder, &dial, err))
        return false;
    client = calloc(1, sizeof *client);
    code = client ? uv_loop_init(&client->loop) : UV_ENOMEM;
    if (!client || code) {
        free(client);
        secure_wipe(&dial, sizeof dial);
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_AGENT_LOOP, NULL);
    }
    ok = session_open(&client->loop, &dial, &events, client, &client->session, err) &&
         run(client, &client->opened, err);
    secure_wipe(&dial, sizeof dial);
    if (ok)
        *ret_client = client;
    else
        local_client_close(client);
    if (!ok && err && (err->kind == ERR_AUTH || err->kind == ERR_BAD_INPUT))
        err_set(err, ERR_AUTH, TEXT_LOCAL_DOOR_FOREIGN, NULL);
    return ok;
}

bool local_client_call(struct local_client *client,
                       enum method_id method,
                       const cJSON *params,
                       void (*progress)(const cJSON *progress, void *user),
                       void *user,
                       cJSON **ret_result,
                       struct err *err)
{
    struct session_call call = {.method = method,
                                .params = params,
                                .on_reply = on_reply,
                                .on_progress = progress ? on_progress : NULL,
                                .user = client};
    cJSON *result;

    if (!client->session) {
        if (err)
            *err = client->why;
        return false;
    }
    client->answered = false;
    client->on_progress = progress;
    client->user = user;
    err_clear(&client->call_err);
    if (!session_call(client->session, &call, err) || !run(client, &client->answered, err))
        return false;
    result = client->result;
    client->result = NULL;
    if (!result) {
        if (!err_is_set(&client->call_err))
            err_no_memory(&client->call_err);
        if (err)
            *err = client->call_err;
        return false;
    }
    if (ret_result)
        *ret_result = result;
    else
        cJSON_Delete(result);
    return true;
}

const struct session_hello *local_client_peer(const struct local_client *client)
{
    return &client->peer;
}

void local_client_close(struct local_client *client)
{
    if (!client)
        return;
    if (client->session)
        session_close(client->session);
    uv_run(&client->loop, UV_RUN_DEFAULT);
    uv_loop_close(&client->loop);
    cJSON_Delete(client->result);
    free(client);
}
