/*
 * The KVP summary: one small JSON object that the host can read without a connection (design, Out
 * of band). Rewritten when what it says changes; the sequence and the uptime tell its age.
 */
#include "guest/agent_state.h"

#include "common/log.h"

#include <string.h>

#define SUMMARY_BYTES 1000 /* a KVP value holds 1,024 UTF-16 units with its end */

static bool write_summary(struct agent *agent, const struct health *health, struct buf *out)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *generations = json ? cJSON_AddArrayToObject(json, "generations") : NULL;
    const char *level = health ? health_level_name(health->level) : "starting";
    bool ok = generations && json_add_int(json, "v", 1) &&
              cJSON_AddStringToObject(json, "boot", agent->boot_id) &&
              cJSON_AddStringToObject(json, "level", level) &&
              json_add_int(json, "uptime_s", health ? health->uptime_s : 0) &&
              json_add_int(json, "seq", (int64_t)agent->sequence);

    uv_mutex_lock(&agent->mailbox_lock);
    for (size_t i = 0; ok && i < agent->generation_count; i++)
        ok = cJSON_AddItemToArray(generations, cJSON_CreateNumber((double)agent->generations[i]));
    uv_mutex_unlock(&agent->mailbox_lock);
    ok = ok && json_write(json, out);
    cJSON_Delete(json);
    return ok;
}

void agent_publish(struct agent *agent, const struct health *health)
{
    struct err err = ERR_INIT;
    struct buf text;

    buf_init(&text, SUMMARY_BYTES);
    if (!write_summary(agent, health, &text))
        log_write(LOG_WARN, "agent", "the KVP summary does not fit");
    else if (strcmp(buf_str(&text), agent->summary) != 0) {
        text_copy(agent->summary, sizeof agent->summary, buf_str(&text));
        if (!agent->machine->system->ops->publish(agent->machine->system, agent->summary, &err))
            log_err(LOG_WARN, "agent", "KVP summary", &err);
    }
    buf_done(&text);
}
