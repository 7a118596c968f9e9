/* What can be said of VMs now. */
#include "host/report.h"

#include "common/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS      8000
#define CALL_MS       6000
#define DETAIL_BYTES  UI_TEXT_BYTES
#define PARALLEL_DIAL 64

static const struct {
    const char *name;
    enum text_id title;
    enum ui_tone tone;
    enum exit_code code;
} states[REPORT_STATES] = {
    [REPORT_HEALTH] = {"", TEXT_NONE, TONE_PLAIN, CODE_OK},
    [REPORT_OFF] = {"off", TEXT_HOST_REPORT_OFF, TONE_DIM, CODE_OK},
    [REPORT_STOPPED] = {"stopped", TEXT_HOST_REPORT_STOPPED, TONE_WARN, CODE_DEGRADED},
    [REPORT_STARTING] = {"starting", TEXT_HOST_REPORT_STARTING, TONE_WARN, CODE_DEGRADED},
    [REPORT_BOOT_STUCK] = {"boot_stuck", TEXT_HOST_REPORT_BOOT_STUCK, TONE_BAD, CODE_FAILED},
    [REPORT_SILENT] = {"unreachable", TEXT_HOST_REPORT_SILENT, TONE_BAD, CODE_UNREACHABLE},
    [REPORT_KEY] = {"key_mismatch", TEXT_HOST_REPORT_KEY, TONE_BAD, CODE_UNREACHABLE},
    [REPORT_GONE] = {"gone", TEXT_HOST_REPORT_GONE, TONE_BAD, CODE_FAILED},
    [REPORT_BROKEN] = {"broken_record", TEXT_HOST_REPORT_BROKEN, TONE_BAD, CODE_FAILED},
    [REPORT_UNMANAGED] = {"unmanaged", TEXT_HOST_REPORT_UNMANAGED, TONE_DIM, CODE_FAILED},
};

static const enum ui_tone level_tones[LEVEL_COUNT] = {
    [LEVEL_STARTING] = TONE_WARN,
    [LEVEL_REPAIRING] = TONE_WARN,
    [LEVEL_NEEDS_SIGN_IN] = TONE_WARN,
    [LEVEL_HEALTHY] = TONE_GOOD,
    [LEVEL_DEGRADED] = TONE_WARN,
    [LEVEL_FAILED] = TONE_BAD,
};

static void enter(struct report *report, enum report_state state)
{
    report->state = state;
    report->code = states[state].code;
}

/* What is known without asking the guest. False: the guest must be asked. */
static bool judge_unasked(struct call *call, struct report *report)
{
    const struct target *target = report->target;

    if (target->broken) {
        enter(report, REPORT_BROKEN);
        report->why = target->broken_why;
        return true;
    }
    if (!target->managed) {
        enter(report, REPORT_UNMANAGED);
        err_set(&report->why, ERR_NOT_FOUND, TEXT_HOST_NOT_MANAGED, target->name, NULL);
        err_hint(&report->why, TEXT_HOST_NOT_MANAGED_HINT);
        if (!target->exists || target->vm.state != VM_RUNNING)
            return true;
        connect_hint(call->hypervisor, target->id, &report->hint, NULL);
        if (report->hint.present) {
            /* a gpupv agent in a VM that we do not know: say which accident that is */
            enter(report, REPORT_KEY);
            err_set(&report->why, ERR_AUTH, TEXT_HOST_KEY_REFUSED, target->name, NULL);
            connect_explain(
                call->hypervisor, call->store, target->id, target->name, false, &report->why);
        }
        return true;
    }
    report->has_health = store_health_load(call->store, target->id, &report->health, NULL);
    report->waiting_for_gpu = target->record.gpu_held_back;
    if (!target->exists) {
        enter(report, REPORT_GONE);
        err_set(&report->why, ERR_NOT_FOUND, TEXT_HOST_GONE, target->name, NULL);
        err_hint(&report->why, TEXT_HOST_GONE_HINT);
        return true;
    }
    if (target->vm.state == VM_RUNNING || target->vm.state == VM_STARTING)
        return false;
    enter(report, REPORT_OFF);
    if (target->record.wanted == STORE_WANTED_RUNNING) {
        enter(report, REPORT_STOPPED);
        err_set(&report->why, ERR_CONFLICT, TEXT_HOST_STOPPED, target->name, NULL);
        err_hint(&report->why, TEXT_HOST_STOPPED_HINT);
    }
    return true;
}

bool report_boot_stuck(struct call *call, const struct vm_info *vm, struct err *err)
{
    struct host_info host = {.build = "?"};
    char span[48];
    bool gpu = vm->gpu_attached;

    call->hypervisor->ops->host(call->hypervisor, &host, NULL);
    err_set(err,
            ERR_FAILED,
            gpu ? TEXT_HOST_BOOT_STUCK_GPU : TEXT_HOST_BOOT_STUCK,
            vm->settings.name,
            ui_span_text(span, sizeof span, call->ui.lang, vm->uptime_ms),
            host.build,
            NULL);
    return err_hint(err, gpu ? TEXT_HOST_BOOT_STUCK_GPU_HINT : TEXT_HOST_BOOT_STUCK_HINT);
}

/* The guest did not answer: what that means. */
static void judge_silent(struct call *call, struct report *report, const struct err *why)
{
    const struct target *target = report->target;
    const struct vm_info *vm = &target->vm;
    bool young = vm->uptime_ms < call->hypervisor->boot_deadline_ms;

    report->why = *why;
    if (why->kind == ERR_AUTH || why->kind == ERR_CONFLICT) {
        enter(report, REPORT_KEY);
        connect_explain(
            call->hypervisor, call->store, target->id, target->name, true, &report->why);
        return;
    }
    connect_hint(call->hypervisor, target->id, &report->hint, NULL);
    if (young) {
        enter(report, REPORT_STARTING);
        err_clear(&report->why);
    } else if (vm->heartbeat != VM_HEARTBEAT_OK && !report->hint.present) {
        enter(report, REPORT_BOOT_STUCK);
        report_boot_stuck(call, vm, &report->why);
    } else {
        enter(report, REPORT_SILENT);
        err_set(&report->why, ERR_UNREACHABLE, TEXT_HOST_SILENT, target->name, NULL);
        err_hint(&report->why, TEXT_HOST_SILENT_HINT);
    }
}

static void take_health(struct call *call, struct report *report, const cJSON *json)
{
    struct err why = ERR_INIT;

    if (!health_from_json(json, &report->health, &why)) {
        enter(report, REPORT_SILENT);
        report->why = why;
        return;
    }
    enter(report, REPORT_HEALTH);
    report->has_health = true;
    report->code = (enum exit_code)health_exit_code(report->health.level);
    store_health_save(call->store, report->target->id, &report->health, NULL);
}

/* A guest that refused the newer keys gets the older ones, and its key mended. */
static void ask_with_older(struct call *call, struct report *report, const struct err *why)
{
    struct client *client = NULL;
    cJSON *json = NULL;
    struct err again = ERR_INIT;

    if (connect_open(
            call->hypervisor, call->store, report->target->id, CONNECT_MS, &client, &again) &&
        connect_call(client, METHOD_HEALTH_GET, NULL, &json, &again))
        take_health(call, report, json);
    else
        judge_silent(call, report, again.kind == ERR_AUTH ? why : &again);
    cJSON_Delete(json);
    client_close(client);
}

struct round {
    struct client_query *queries;
    struct client_target *targets;
    struct report **reports;
    size_t count;
};

static void add_query(struct call *call, struct round *round, struct report *report)
{
    struct client_query *query = &round->queries[round->count];
    struct client_target *target = &round->targets[round->count];
    const char *id = report->target->id;
    struct err why = ERR_INIT;
    struct key_file keys;

    if (!connect_keys(call->store, id, &keys, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            err_set(&why, ERR_AUTH, TEXT_HOST_KEY_REFUSED, id, NULL);
        judge_silent(call, report, &why);
        return;
    }
    if (!connect_target(call->hypervisor, id, &keys, false, target, &why)) {
        judge_silent(call, report, &why);
        key_wipe(&keys);
        return;
    }
    key_wipe(&keys);
    *query = (struct client_query){.id = id, .target = target};
    query->call = (struct client_call){.method = METHOD_HEALTH_GET, .timeout_ms = CALL_MS};
    round->reports[round->count++] = report;
}

static void take_answer(struct call *call, struct client_query *query, struct report *report)
{
    if (query->done && query->peer.cloned) {
        err_set(&query->err, ERR_CONFLICT, TEXT_HOST_KEY_CLONE_OF_SELF, report->target->name, NULL);
        err_hint(&query->err, TEXT_HOST_KEY_REKEY_HINT);
        judge_silent(call, report, &query->err);
    } else if (query->done) {
        take_health(call, report, query->reply.result);
    } else if (query->err.kind == ERR_AUTH) {
        ask_with_older(call, report, &query->err);
    } else {
        judge_silent(call, report, &query->err);
    }
    client_reply_done(&query->reply);
}

static bool round_init(struct round *round, size_t count, struct err *err)
{
    round->queries = calloc(count + 1, sizeof *round->queries);
    round->targets = calloc(count + 1, sizeof *round->targets);
    round->reports = calloc(count + 1, sizeof *round->reports);
    return (round->queries && round->targets && round->reports) || err_no_memory(err);
}

static void round_done(struct round *round)
{
    for (size_t i = 0; round->targets && i < round->count; i++)
        connect_target_done(&round->targets[i]);
    free(round->queries);
    free(round->targets);
    free(round->reports);
}

/* What the host has for the GPUs of the VMs; not knowing it is no failure. */
static void add_host_drivers(struct call *call, struct report *reports, size_t count)
{
    struct host_info host;

    if (!call->hypervisor->ops->host(call->hypervisor, &host, NULL))
        return;
    for (size_t i = 0; i < count; i++)
        for (size_t gpu = 0; gpu < host.gpu_count; gpu++)
            if (!strcmp(host.gpus[gpu].path, reports[i].target->record.gpu))
                text_copy(
                    reports[i].driver_host, sizeof reports[i].driver_host, host.gpus[gpu].driver);
}

bool reports_make(struct call *call,
                  struct client_pool *pool,
                  const struct target *targets,
                  size_t count,
                  struct report *reports,
                  struct err *err)
{
    struct client_pool *own = NULL;
    struct round round = {NULL};
    bool ok = round_init(&round, count, err);

    for (size_t i = 0; ok && i < count; i++) {
        memset(&reports[i], 0, sizeof reports[i]);
        reports[i].target = &targets[i];
        if (!judge_unasked(call, &reports[i]))
            add_query(call, &round, &reports[i]);
    }
    if (ok && round.count && !pool) {
        ok = client_pool_new(PARALLEL_DIAL, &own, err);
        pool = own;
    }
    if (ok && round.count) {
        client_pool_run(pool, round.queries, round.count, ROUND_MS);
        for (size_t i = 0; i < round.count; i++)
            take_answer(call, &round.queries[i], round.reports[i]);
    }
    if (ok)
        add_host_drivers(call, reports, count);
    client_pool_free(own);
    round_done(&round);
    return ok;
}

const char *report_name(const struct report *report)
{
    return report->state == REPORT_HEALTH ? health_level_name(report->health.level)
                                          : states[report->state].name;
}

enum text_id report_title(const struct report *report)
{
    return report->state == REPORT_HEALTH ? health_level_title(report->health.level)
                                          : states[report->state].title;
}

enum ui_tone report_tone(const struct report *report)
{
    return report->state == REPORT_HEALTH ? level_tones[report->health.level]
                                          : states[report->state].tone;
}

const char *report_stream(const struct health *health, enum text_lang lang, char *out, size_t size)
{
    const struct health_stream *s = &health->stream;
    const char *args[TEXT_ARGS];
    char picture[64], clients[24], rate[24], codec[56];

    *out = 0;
    if (!*s->encoder && !s->width)
        return out;
    snprintf(codec, sizeof codec, "%s%s%s", s->encoder, *s->codec ? " " : "", s->codec);
    snprintf(picture,
             sizeof picture,
             "%ux%u@%u",
             (unsigned)s->width,
             (unsigned)s->height,
             (unsigned)s->hz);
    args[0] = codec;
    args[1] = picture;
    args[2] = text_num(clients, s->clients);
    args[3] = text_num(rate, s->bitrate_mbps);
    return text_format(out, size, lang, TEXT_HOST_STREAM, args, TEXT_ARGS);
}

/* The check that a person should hear of first: the worst, in the order of the table. */
static const struct health_check *worst_check(const struct health *health, enum check_id *ret_id)
{
    static const enum check_status order[] = {STATUS_GIVEN_UP,
                                              STATUS_BAD,
                                              STATUS_REPAIRING,
                                              STATUS_WAITING,
                                              STATUS_UNKNOWN,
                                              STATUS_WARNING};

    for (size_t o = 0; o < sizeof order / sizeof *order; o++)
        for (int i = 0; i < CHECK_COUNT; i++)
            if (health->checks[i].status == order[o]) {
                *ret_id = (enum check_id)i;
                return &health->checks[i];
            }
    return NULL;
}

const char *report_detail(const struct report *report, enum text_lang lang, char *out, size_t size)
{
    char message[UI_TEXT_BYTES], hint[UI_TEXT_BYTES];
    const struct health_check *check = NULL;
    enum check_id id = CHECK_GPU_PRESENT;

    *out = 0;
    if (err_is_set(&report->why)) {
        err_message(&report->why, lang, message, sizeof message);
        err_hint_text(&report->why, lang, hint, sizeof hint);
        snprintf(out, size, "%s%s%s", message, *hint ? " - " : "", hint);
        return out;
    }
    if (report->state != REPORT_HEALTH)
        return out;
    if (report->health.level == LEVEL_HEALTHY)
        return report_stream(&report->health, lang, out, size);
    check = worst_check(&report->health, &id);
    if (!check)
        return out;
    err_message(&check->why, lang, message, sizeof message);
    snprintf(out, size, "%s%s%s", text_raw(check_title(id), lang), *message ? ": " : "", message);
    return out;
}

/* Checks with their sentences, so that a script need not know the catalogue. */
static bool add_checks(cJSON *json, const struct health *health, enum text_lang lang)
{
    cJSON *list = cJSON_AddArrayToObject(json, "checks");
    char text[UI_TEXT_BYTES];

    for (int i = 0; list && i < CHECK_COUNT; i++) {
        const struct health_check *check = &health->checks[i];
        cJSON *row = cJSON_CreateObject();

        if (!cJSON_AddItemToArray(list, row) ||
            !cJSON_AddStringToObject(row, "id", check_name((enum check_id)i)) ||
            !cJSON_AddStringToObject(row, "status", check_status_name(check->status)) ||
            !cJSON_AddStringToObject(row, "title", text_raw(check_title((enum check_id)i), lang)))
            return false;
        if (err_is_set(&check->why) &&
            !cJSON_AddStringToObject(row, "why", err_message(&check->why, lang, text, sizeof text)))
            return false;
        if (check->remedy != TEXT_NONE &&
            !cJSON_AddStringToObject(row, "remedy", text_raw(check->remedy, lang)))
            return false;
    }
    return list != NULL;
}

static bool add_health(cJSON *json, const struct report *report, enum text_lang lang)
{
    cJSON *health = health_to_json(&report->health);

    if (!cJSON_AddItemToObject(json, "health", health)) {
        cJSON_Delete(health);
        return false;
    }
    cJSON_DeleteItemFromObject(health, "checks");
    return cJSON_AddBoolToObject(json, "health_is_current", report->state == REPORT_HEALTH) &&
           add_checks(health, &report->health, lang);
}

cJSON *report_to_json(const struct call *call, const struct report *report)
{
    const struct target *target = report->target;
    cJSON *json = cJSON_CreateObject();
    bool ok = cJSON_AddStringToObject(json, "name", target->name) &&
              cJSON_AddStringToObject(json, "id", target->id) &&
              cJSON_AddBoolToObject(json, "managed", target->managed) &&
              cJSON_AddStringToObject(
                  json, "power", target->exists ? vm_state_name(target->vm.state) : "gone") &&
              cJSON_AddStringToObject(json, "level", report_name(report)) &&
              json_add_int(json, "exit_code", report->code) &&
              cJSON_AddStringToObject(json, "gpu", target->vm.gpu) &&
              cJSON_AddStringToObject(json, "driver_host", report->driver_host) &&
              cJSON_AddStringToObject(
                  json, "driver_guest", report->has_health ? report->health.driver_guest : "") &&
              json_add_int(json, "uptime_s", target->vm.uptime_ms / 1000);

    if (ok && report->has_health)
        ok = add_health(json, report, call->ui.lang);
    if (ok && err_is_set(&report->why))
        ok = cJSON_AddItemToObject(json, "error", ui_error_json(&call->ui, &report->why));
    if (!ok) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}
