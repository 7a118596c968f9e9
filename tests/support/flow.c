/* Whole programs for flow tests. */
#include "tests/support/flow.h"

#include "common/clock.h"
#include "host/hypervisor/sim_state.h"
#include "host/place.h"
#include "host/process.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS       180000
#define OUTPUT_BYTES ((size_t)16 << 20)
#define LEVEL_MS     30000
#define POLL_MS      150
#define PROC_BYTES   4096
#define END_TRIES    20
#define OPEN_MAX     4

static void take_json(struct flow *flow)
{
    const char *line = buf_str(&flow->out);

    cJSON_Delete(flow->json);
    flow->json = NULL;
    while (line) {
        size_t length = strcspn(line, "\n");

        if (*line == '{' && !flow->json)
            json_parse(line, length, &json_limits_file, &flow->json, NULL);
        line = line[length] ? line + length + 1 : NULL;
    }
}

static void run_list(struct flow *flow, const char *word, va_list list)
{
    const char *program = getenv("GPUPV_TEST_HOST");
    const char *args[FLOW_ARGS + 3] = {program};
    char simulate[FS_PATH_BYTES + 16], text[512];
    struct err err = ERR_INIT;
    size_t count = 2;

    snprintf(simulate, sizeof simulate, "--simulate=%s", flow->root);
    args[1] = simulate;
    for (; word && count < FLOW_ARGS + 2; word = va_arg(list, const char *))
        args[count++] = word;
    buf_clear(&flow->out);
    if (!process_run(program, args, RUN_MS, &flow->out, &flow->code, &err))
        fail_msg("%s: %s\n%s",
                 args[2],
                 err_message(&err, TEXT_EN, text, sizeof text),
                 buf_str(&flow->out));
    take_json(flow);
}

void flow_run(struct flow *flow, const char *word, ...)
{
    va_list list;

    va_start(list, word);
    run_list(flow, word, list);
    va_end(list);
}

void flow_expect(struct flow *flow, int code, const char *word, ...)
{
    va_list list;

    va_start(list, word);
    run_list(flow, word, list);
    va_end(list);
    if (flow->code != code)
        fail_msg("%s: exit code %d, not %d\n%s", word, flow->code, code, buf_str(&flow->out));
}

void flow_says(const struct flow *flow, const char *text)
{
    if (!strstr(buf_str(&flow->out), text))
        fail_msg("\"%s\" is not in:\n%s", text, buf_str(&flow->out));
}

const char *flow_text(const struct flow *flow, const char *path)
{
    const cJSON *json = flow->json;
    const char *rest = path;
    char part[64];

    while (json && *rest) {
        size_t length = strcspn(rest, ".");

        text_copy(part, length + 1 < sizeof part ? length + 1 : sizeof part, rest);
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, atoi(part))
                                   : cJSON_GetObjectItemCaseSensitive(json, part);
        rest += length + (rest[length] == '.');
    }
    if (!cJSON_IsString(json))
        fail_msg("no %s in:\n%s", path, buf_str(&flow->out));
    return json->valuestring;
}

void flow_wait_level(struct flow *flow, const char *name, const char *level)
{
    int64_t until = clock_now_ms(clock_system()) + LEVEL_MS;

    do {
        flow_run(flow, "status", name, "--json", NULL);
        if (!strcmp(flow_text(flow, "vms.0.level"), level))
            return;
        clock_sleep_ms(clock_system(), POLL_MS);
    } while (clock_now_ms(clock_system()) < until);
    fail_msg("%s is not %s:\n%s", name, level, buf_str(&flow->out));
}

const char *flow_check(struct flow *flow, const char *name, const char *check)
{
    const cJSON *vms, *checks, *row;

    flow_run(flow, "status", name, "--json", NULL);
    vms = cJSON_GetObjectItemCaseSensitive(flow->json, "vms");
    checks = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(vms, 0), "health"), "checks");
    cJSON_ArrayForEach(row, checks)
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(row, "id");
        const cJSON *status = cJSON_GetObjectItemCaseSensitive(row, "status");

        if (cJSON_IsString(id) && cJSON_IsString(status) && !strcmp(id->valuestring, check))
            return status->valuestring;
    }
    fail_msg("no check %s in:\n%s", check, buf_str(&flow->out));
    return "";
}

void flow_id(struct flow *flow, const char *name, char *out)
{
    flow_run(flow, "status", name, "--json", NULL);
    text_copy(out, VM_ID_BYTES, flow_text(flow, "vms.0.id"));
}

/* The state folders that are in use; a failed test leaves its own. */
static char open_roots[OPEN_MAX][FS_PATH_BYTES];

static void reset(const char *root)
{
    const char *program = getenv("GPUPV_TEST_HOST");
    char simulate[FS_PATH_BYTES + 16];
    const char *args[] = {program, simulate, "sim", "reset", "--yes", NULL};
    struct buf out;
    int code;

    snprintf(simulate, sizeof simulate, "--simulate=%s", root);
    buf_init(&out, OUTPUT_BYTES);
    process_run(program, args, RUN_MS, &out, &code, NULL);
    buf_done(&out);
}

int flow_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (*open_roots[i])
            reset(open_roots[i]);
        *open_roots[i] = 0;
    }
    return 0;
}

static void remember(const char *root)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (!*open_roots[i]) {
            text_copy(open_roots[i], FS_PATH_BYTES, root);
            return;
        }
    fail_msg("more than %d flows are open", OPEN_MAX);
}

static void forget(const char *root)
{
    for (size_t i = 0; i < OPEN_MAX; i++)
        if (!strcmp(open_roots[i], root))
            *open_roots[i] = 0;
}

void flow_open(struct flow *flow, const char *folder)
{
    struct err err = ERR_INIT;

    memset(flow, 0, sizeof *flow);
    buf_init(&flow->out, OUTPUT_BYTES);
    assert_true(place_absolute(support_folder(folder), flow->root, &err));
    remember(flow->root);
    flow_expect(flow, 0, "sim", "host", "scale=200", "boot_ms=20", "stuck_ms=1500", NULL);
}

struct search {
    const char *text;
    unsigned count;
};

static bool look_at_process(const char *name, enum fs_kind kind, void *user)
{
    struct search *search = user;
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct buf line;

    (void)kind;
    if (strspn(name, "0123456789") != strlen(name) || !fs_join(folder, "/proc", name, NULL) ||
        !fs_join(path, folder, "cmdline", NULL))
        return true;
    buf_init(&line, PROC_BYTES);
    fs_read(path, PROC_BYTES, &line, NULL);
    for (size_t i = 0; i < line.len; i++)
        if (!line.data[i])
            line.data[i] = ' ';
    if (strstr(buf_str(&line), search->text))
        search->count++;
    buf_done(&line);
    return true;
}

unsigned flow_processes(const char *text)
{
    struct search search = {text, 0};

    fs_list("/proc", look_at_process, &search, NULL);
    return search.count;
}

static bool is_ours(const char *name, enum fs_kind kind, void *user)
{
    struct search *search = user;

    (void)kind;
    search->count += strncmp(name, search->text, strlen(search->text)) == 0;
    return true;
}

/* Sockets of this state folder that nobody removed. */
static unsigned sockets_left(const struct flow *flow)
{
    char token[SIM_TOKEN_BYTES], address[LINK_PATH_BYTES];
    struct search search = {token, 0};
    char *slash;

    sim_token(flow->root, "", token);
    if (!place_socket(token, address, NULL))
        return 0;
    slash = strrchr(address, '/');
    if (!slash)
        return 0;
    *slash = 0;
    fs_list(address, is_ours, &search, NULL);
    return search.count;
}

void flow_close(struct flow *flow)
{
    flow_expect(flow, 0, "sim", "reset", "--yes", NULL);
    /* a process that has let go of its lock is still about to end */
    for (int i = 0; i < END_TRIES && (flow_processes(flow->root) || sockets_left(flow)); i++)
        clock_sleep_ms(clock_system(), POLL_MS);
    if (flow_processes(flow->root))
        fail_msg("processes of %s are left", flow->root);
    if (sockets_left(flow))
        fail_msg("sockets of %s are left", flow->root);
    forget(flow->root);
    cJSON_Delete(flow->json);
    buf_done(&flow->out);
}
