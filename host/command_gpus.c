/* gpus: what this computer can share with VMs. */
#include "host/command.h"

#include "common/ui/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- --json ---- */

/* Amounts are opaque units of the driver, up to 2^64 - 1: text keeps them whole. */
static bool add_amount(cJSON *row, const char *name, uint64_t amount)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, amount);
    return cJSON_AddStringToObject(row, name, text) != NULL;
}

static bool add_amounts(cJSON *row, const struct gpu_info *gpu)
{
    cJSON *amounts = cJSON_AddObjectToObject(row, "amounts");
    bool ok = amounts != NULL;

    for (int i = 0; ok && i < GPU_RESOURCES; i++) {
        const struct gpu_amount *amount = &gpu->amounts[i];
        cJSON *one = cJSON_AddObjectToObject(amounts, gpu_resource_name((enum gpu_resource)i));

        ok = one && add_amount(one, "total", amount->total) &&
             add_amount(one, "available", amount->available) &&
             add_amount(one, "partition_least", amount->least) &&
             add_amount(one, "partition_most", amount->most) &&
             add_amount(one, "partition_best", amount->best);
    }
    return ok;
}

static bool add_row(cJSON *list, const struct host_info *host, const struct gpu_info *gpu)
{
    cJSON *row = cJSON_CreateObject();

    return cJSON_AddItemToArray(list, row) && cJSON_AddStringToObject(row, "name", gpu->name) &&
           cJSON_AddStringToObject(row, "path", gpu->path) &&
           cJSON_AddStringToObject(row, "driver", gpu->driver) &&
           cJSON_AddStringToObject(row, "kind", gpu_kind_name(gpu->kind)) &&
           cJSON_AddBoolToObject(row, "usable", gpu->kind == GPU_KIND_GPU) &&
           cJSON_AddBoolToObject(row, "same_name", hypervisor_gpu_has_twin(host, gpu)) &&
           json_add_int(row, "partitions", gpu->partitions) &&
           json_add_int(row, "partitions_free", gpu->partitions_free) && add_amounts(row, gpu);
}

static bool show_json(struct call *call, const struct host_info *host, struct err *err)
{
    cJSON *document = ui_document_new("gpus");
    cJSON *list = cJSON_AddArrayToObject(document, "gpus");
    bool ok = list && cJSON_AddStringToObject(document, "build", host->build);

    for (size_t i = 0; ok && i < host->gpu_count; i++)
        ok = add_row(list, host, &host->gpus[i]);
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

/* ---- for people ---- */

static enum text_id note_of(const struct host_info *host, const struct gpu_info *gpu)
{
    static const enum text_id kinds[] = {
        [GPU_KIND_NPU] = TEXT_HV_NOTE_NPU, [GPU_KIND_OTHER] = TEXT_HV_NOTE_OTHER};

    if (gpu->kind != GPU_KIND_GPU)
        return kinds[gpu->kind];
    if (!gpu->partitions_free)
        return TEXT_HV_NOTE_FULL;
    return hypervisor_gpu_has_twin(host, gpu) ? TEXT_HV_NOTE_TWIN : TEXT_NONE;
}

static void show_table(struct call *call, const struct host_info *host)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HV_COLUMN_NAME, .least = 12},
        {.title = TEXT_HV_COLUMN_DRIVER},
        {.title = TEXT_HV_COLUMN_PARTITIONS, .right = true},
        {.title = TEXT_HV_COLUMN_NOTE, .least = 10, .wrap = true},
        {.title = TEXT_HV_COLUMN_PATH, .least = 20, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);

    for (size_t i = 0; i < host->gpu_count; i++) {
        const struct gpu_info *gpu = &host->gpus[i];
        enum ui_tone tone = gpu->kind == GPU_KIND_GPU ? TONE_PLAIN : TONE_DIM;
        const char *const counts[] = {TEXT_NUM(gpu->partitions_free), TEXT_NUM(gpu->partitions)};
        char text[64];

        table_cell(table, tone, gpu->name);
        table_cell(table, tone, gpu->driver);
        table_cell(
            table, tone, text_format(text, sizeof text, call->ui.lang, TEXT_HV_OF, counts, 2));
        table_cell(table, tone, text_raw(note_of(host, gpu), call->ui.lang));
        table_cell(table, tone, gpu->path);
    }
    table_print(table, &call->ui);
    table_free(table);
}

static bool gpus_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct host_info *host = calloc(1, sizeof *host);
    const struct gpu_info *any = NULL;
    struct err why = ERR_INIT;
    bool ok =
        (host || err_no_memory(err)) && call->hypervisor->ops->host(call->hypervisor, host, err);

    if (ok && call->ui.json) {
        ok = show_json(call, host, err);
    } else if (ok) {
        if (host->gpu_count)
            show_table(call, host);
        if (!hypervisor_choose_gpu(host, "", &any, &why) && why.kind == ERR_NOT_FOUND)
            ui_error(&call->ui, NULL, &why);
    }
    free(host);
    *ret_code = CODE_OK;
    return ok;
}

const struct command command_gpus = {
    .name = "gpus",
    .summary = TEXT_HV_HELP_GPUS,
    .args = "",
    .flags = COMMAND_READ_ONLY | COMMAND_NEEDS_HYPERVISOR,
    .exec = gpus_exec,
};
