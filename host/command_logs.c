/* logs: what the agent wrote. */
#include "host/boot.h"

#include <stdlib.h>
#include <string.h>

#define LINES_DEFAULT 200
#define LINES_MOST    100000
#define LINE_BYTES    4096

static const struct option options[] = {
    {"follow", 'f', OPTION_FLAG, NULL, TEXT_HELP_OPTION_FOLLOW, 0, 0},
    {"lines", 'n', OPTION_NUMBER, "N", TEXT_HELP_OPTION_LINES, 0, LINES_MOST},
    {0},
};

/* Prints whole lines, made safe; a rest without an end counts as a line. */
static void show(struct ui *ui, const uint8_t *body, size_t length)
{
    char line[LINE_BYTES];

    while (length) {
        const uint8_t *end = memchr(body, '\n', length);
        size_t n = end ? (size_t)(end - body) : length;
        size_t copy = n < sizeof line - 1 ? n : sizeof line - 1;

        memcpy(line, body, copy);
        line[copy] = 0;
        if (copy && line[copy - 1] == '\r')
            line[copy - 1] = 0;
        ui_text(ui, TONE_PLAIN, line);
        n += end != NULL;
        body += n;
        length -= n;
    }
}

static bool on_lines(const cJSON *params, const uint8_t *body, size_t length, void *user)
{
    (void)params;
    show(user, body, length);
    return true;
}

static cJSON *params_of(const struct call *call, int64_t missing)
{
    cJSON *params = cJSON_CreateObject();
    int64_t lines = call_number(call, "lines", missing);

    /* tail wants at least one */
    if (json_add_int(params, "lines", lines || call_flag(call, "follow") ? lines : 1))
        return params;
    cJSON_Delete(params);
    return NULL;
}

/* The text as a JSON string, for scripts. */
static void keep(struct outcome *outcome, const struct client_reply *reply)
{
    char *text = malloc(reply->body_length + 1);

    if (!text)
        return;
    memcpy(text, reply->body, reply->body_length);
    text[reply->body_length] = 0;
    outcome->json = cJSON_CreateObject();
    if (text_is_utf8(text, reply->body_length))
        cJSON_AddStringToObject(outcome->json, "log", text);
    free(text);
}

static bool tail(struct call *call, struct client *client, struct outcome *outcome, struct err *err)
{
    struct client_call request = {.method = METHOD_LOG_TAIL};
    struct client_reply reply = CLIENT_REPLY_INIT;
    cJSON *params = params_of(call, LINES_DEFAULT);
    bool ok = params || err_no_memory(err);

    request.params = params;
    ok = ok && client_call(client, &request, &reply, err);
    if (ok && call->ui.json)
        keep(outcome, &reply);
    else if (ok)
        show(&call->ui, reply.body, reply.body_length);
    client_reply_done(&reply);
    cJSON_Delete(params);
    return ok;
}

static bool follow(struct call *call, struct client *client, struct err *err)
{
    cJSON *params = params_of(call, 10);
    bool ok = params
                  ? client_watch(client, METHOD_LOG_WATCH, params, on_lines, NULL, &call->ui, err)
                  : err_no_memory(err);

    cJSON_Delete(params);
    return ok;
}

static void logs_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct client *client = NULL;
    struct err err = ERR_INIT;
    bool ok = boot_connect(call, target, &client, &err) &&
              (call_flag(call, "follow") ? follow(call, client, &err)
                                         : tail(call, client, outcome, &err));

    client_close(client);
    if (ok)
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_LOG_SHOWN, NULL);
    else
        outcome_failed(outcome, &err);
    outcome->told = true;
}

const struct command command_logs = {
    .name = "logs",
    .summary = TEXT_HELP_LOGS,
    .args = "NAME",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_READ_ONLY,
    .each = logs_each,
};
