/* The parts of an injection. */
#include "host/inject_inside.h"

#include "common/agent_place.h"
#include "common/agent_service.h"
#include "common/link.h"
#include "common/secure.h"
#include "common/version.h"
#include "host/guest/payloads.h"
#include "host/hypervisor/sim_state.h"
#include "host/image/bytes.h"
#include "host/image/guid.h"

#include <stdio.h>
#include <string.h>

#define SERVICE_KEY "CurrentControlSet\\Services\\" AGENT_SERVICE
#define EVENTS_KEY  "CurrentControlSet\\Services\\EventLog\\Application\\" AGENT_EVENT_SOURCE
#define PROGRAM     "%ProgramFiles%\\" AGENT_PROGRAM_FOLDER "\\" AGENT_PROGRAM

#define TRIGGER_KEY SERVICE_KEY "\\TriggerInfo\\0"
#define LIST_BYTES  2048
#define EVENT_TYPES 7 /* error, warning, information */

static const struct inject_place place_windows = {
    .data = "ProgramData/" AGENT_DATA_FOLDER,
    .program = "Program Files/" AGENT_PROGRAM_FOLDER,
    .panther = "Windows/Panther",
};

/* The folders in which the simulated Windows keeps the same (guest/machine/sim). */
static const struct inject_place place_simulated = {
    .data = "agent",
    .panther = "files/panther",
};

const struct inject_place *inject_place(const struct call *call)
{
    return call->simulated ? &place_simulated : &place_windows;
}

/* "folder/name" in buffers of the caller. */
static const char *below(char out[FS_PATH_BYTES], const char *folder, const char *name)
{
    snprintf(out, FS_PATH_BYTES, "%s/%s", folder, name);
    return out;
}

/* ---- program and service ---- */

/* SERVICE_FAILURE_ACTIONS as it lies in the registry: restarts, and how long to wait before. */
static bool add_failure_actions(struct plan_hive *hive, struct err *err)
{
    enum { HEAD = 5, RESTART = 1, OFFSET = 20 };
    uint32_t words[HEAD + 2 * AGENT_SERVICE_RESTARTS] = {
        AGENT_SERVICE_RESET_S, 0, 0, AGENT_SERVICE_RESTARTS, OFFSET};
    uint8_t bytes[sizeof words];

    for (size_t i = 0; i < AGENT_SERVICE_RESTARTS; i++) {
        words[HEAD + 2 * i] = RESTART;
        words[HEAD + 2 * i + 1] = agent_service_restart_ms[i];
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        bytes_put32(bytes + 4 * i, words[i]);
    return plan_set_binary(hive, SERVICE_KEY, "FailureActions", bytes, sizeof bytes, err) &&
           plan_set_dword(hive, SERVICE_KEY, "FailureActionsOnNonCrashFailures", 1, err);
}

static bool add_privileges(struct plan_hive *hive, struct err *err)
{
    char list[LIST_BYTES];
    size_t used = 0;

    for (size_t i = 0; agent_service_privileges[i] && used < sizeof list; i++)
        used += (size_t)snprintf(
            list + used, sizeof list - used, "%s%s", i ? "\n" : "", agent_service_privileges[i]);
    return plan_set_text(hive, SERVICE_KEY, "RequiredPrivileges", HIVE_MULTI_SZ, list, err);
}

/* How the service manager keeps a trigger (hvsocket.md: vmicvmsession has one of this kind). */
static bool add_trigger(struct plan_hive *hive, struct err *err)
{
    char text[GUID_TEXT_BYTES];
    struct guid id;

    link_guid_text(&link_service_id, text);
    return (guid_parse(text, &id) || err_set(err, ERR_FAILED, TEXT_BUILD_HIVE_NAME, text, NULL)) &&
           plan_set_dword(hive, TRIGGER_KEY, "Type", AGENT_SERVICE_TRIGGER_DEVICE, err) &&
           plan_set_dword(hive, TRIGGER_KEY, "Action", AGENT_SERVICE_TRIGGER_STARTS, err) &&
           plan_set_binary(hive, TRIGGER_KEY, "GUID", id.bytes, GUID_BYTES, err);
}

/* What `gpupv-agent install` gives the service manager. */
static bool add_service(struct plan *plan, struct err *err)
{
    static const struct {
        const char *name;
        uint32_t number;
    } numbers[] = {
        {"Type", 0x10}, /* a process of its own */
        {"Start", 2},   /* with Windows */
        {"ErrorControl", 1},
        {"ServiceSidType", 1},
        {"PreshutdownTimeout", AGENT_SERVICE_PRESHUTDOWN_MS},
    };
    static const struct {
        const char *name;
        enum hive_type type;
        const char *text;
    } texts[] = {
        {"ImagePath", HIVE_EXPAND_SZ, "\"" PROGRAM "\" " AGENT_SERVICE_ARGUMENT},
        {"ObjectName", HIVE_SZ, "LocalSystem"},
    };
    struct plan_hive *hive;

    if (!plan_hive(plan, PLAN_SYSTEM, &hive, err))
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!plan_set_dword(hive, SERVICE_KEY, numbers[i].name, numbers[i].number, err))
            return false;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!plan_set_text(hive, SERVICE_KEY, texts[i].name, texts[i].type, texts[i].text, err))
            return false;
    return add_failure_actions(hive, err) && add_privileges(hive, err) && add_trigger(hive, err) &&
           plan_set_text(hive,
                         SERVICE_KEY,
                         "DisplayName",
                         HIVE_SZ,
                         text_raw(TEXT_INSTALL_TITLE, text_lang()),
                         err) &&
           plan_set_text(hive,
                         SERVICE_KEY,
                         "Description",
                         HIVE_SZ,
                         text_raw(TEXT_INSTALL_DESCRIPTION, text_lang()),
                         err) &&
           plan_set_text(hive, EVENTS_KEY, "EventMessageFile", HIVE_EXPAND_SZ, PROGRAM, err) &&
           plan_set_dword(hive, EVENTS_KEY, "TypesSupported", EVENT_TYPES, err);
}

static bool add_program(const struct inject_place *place, struct plan *plan, struct err *err)
{
    char path[FS_PATH_BYTES], name[FS_PATH_BYTES];

    return sim_agent_path(path, err) && plan_folder(plan, place->program, IMAGE_ACL_PROGRAM, err) &&
           plan_file(plan,
                     below(name, place->program, AGENT_PROGRAM),
                     path,
                     IMAGE_ACL_INHERIT,
                     PLAN_REPLACE,
                     err);
}

/* ---- policies ---- */

/* A new guest's Windows: its volume stays readable from outside (24H2 would encrypt it), Setup
 * needs no network, and nothing takes the place of the host's GPU driver (guest.md 6.5). */
static bool add_policies(struct plan *plan, struct err *err)
{
    static const struct {
        const char *hive, *key, *name;
        uint32_t number;
    } rows[] = {
        {PLAN_SYSTEM, "CurrentControlSet\\Control\\BitLocker", "PreventDeviceEncryption", 1},
        {PLAN_SOFTWARE,
         "Policies\\Microsoft\\Windows\\WindowsUpdate",
         "ExcludeWUDriversInQualityUpdate",
         1},
        {PLAN_SOFTWARE,
         "Microsoft\\Windows\\CurrentVersion\\DriverSearching",
         "SearchOrderConfig",
         0},
        {PLAN_SOFTWARE, "Microsoft\\Windows\\CurrentVersion\\OOBE", "BypassNRO", 1},
    };
    struct plan_hive *hive;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!plan_hive(plan, rows[i].hive, &hive, err) ||
            !plan_set_dword(hive, rows[i].key, rows[i].name, rows[i].number, err))
            return false;
    return true;
}

/* ---- the answer file ---- */

static bool add_setup(const struct inject_place *place,
                      const struct unattend *unattend,
                      struct plan *plan,
                      struct err *err)
{
    char name[FS_PATH_BYTES];
    struct buf out;
    bool ok;

    buf_init(&out, 2 * UNATTEND_BYTES);
    ok = unattend_write(unattend, &out, err) &&
         plan_folder(plan, place->panther, IMAGE_ACL_INHERIT, err) &&
         plan_data(plan,
                   below(name, place->panther, UNATTEND_FILE),
                   out.data,
                   out.len,
                   IMAGE_ACL_PRIVATE,
                   PLAN_REPLACE,
                   err);
    if (out.data)
        secure_wipe(out.data, out.cap);
    buf_done(&out);
    return ok;
}

/* ---- the agent's data ---- */

static bool add_payload(const struct inject_place *place,
                        struct payloads *payloads,
                        size_t row,
                        struct plan *plan,
                        struct err *err)
{
    char record[FS_PATH_BYTES], file[FS_PATH_BYTES], name[FS_PATH_BYTES], folder[96];
    struct payload_item item;

    if (!payloads_find(payloads, row, &item, err))
        return false;
    if (!item.present)
        return true;
    if (!payloads_paths(payloads, row, &item, record, file, err))
        return false;
    payloads_folder(row, &item, folder, sizeof folder);
    snprintf(name, sizeof name, "%s/payloads/%s", place->data, folder);
    if (!plan_folder(plan, name, IMAGE_ACL_INHERIT, err))
        return false;
    snprintf(name, sizeof name, "%s/payloads/%s/%s", place->data, folder, item.file);
    if (!plan_file(plan, name, file, IMAGE_ACL_INHERIT, PLAN_REPLACE, err))
        return false;
    snprintf(name, sizeof name, "%s/payloads/%s.json", place->data, payload_rows[row].name);
    return plan_file(plan, name, record, IMAGE_ACL_INHERIT, PLAN_REPLACE, err);
}

static bool add_payloads(struct call *call,
                         const struct inject_place *place,
                         struct plan *plan,
                         struct err *err)
{
    struct payloads *payloads = NULL;
    char name[FS_PATH_BYTES];
    bool ok = plan_folder(plan, below(name, place->data, "payloads"), IMAGE_ACL_INHERIT, err) &&
              payloads_open(call->state, &payloads, err);

    for (size_t i = 0; ok && i < PAYLOADS_COUNT; i++)
        ok = add_payload(place, payloads, i, plan, err);
    payloads_free(payloads);
    return ok;
}

bool inject_add_profile(struct call *call,
                        const struct target *target,
                        struct plan *plan,
                        struct err *err)
{
    cJSON *json = profile_to_json(&target->record.spec.guest);
    char name[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = json && json_write_pretty(json, &text);
    if (!ok)
        err_no_memory(err);
    ok = ok && plan_data(plan,
                         below(name, inject_place(call)->data, "profile.json"),
                         text.data,
                         text.len,
                         IMAGE_ACL_INHERIT,
                         PLAN_REPLACE,
                         err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

/* The key file as the guest keeps it, by way of a private file of ours. */
static bool add_key(struct call *call,
                    const struct inject_place *place,
                    const struct key_file *keys,
                    struct plan *plan,
                    struct err *err)
{
    char path[FS_PATH_BYTES], name[FS_PATH_BYTES];
    struct buf text;
    bool ok;

    buf_init(&text, KEY_FILE_BYTES);
    if (!buf_reserve(&text, KEY_FILE_BYTES - 1))
        return err_no_memory(err);
    ok = store_path(call->store, keys->vm, "guest-key.json", path, err) &&
         key_save(path, &key_seal_plain, keys, err) &&
         fs_read(path, KEY_FILE_BYTES - 1, &text, err) &&
         plan_data(plan,
                   below(name, place->data, "key.json"),
                   text.data,
                   text.len,
                   IMAGE_ACL_PRIVATE,
                   PLAN_REPLACE,
                   err);
    fs_remove(path, NULL);
    secure_wipe(text.data, text.cap);
    buf_done(&text);
    return ok;
}

bool inject_add(struct call *call,
                const struct inject_what *what,
                struct plan *plan,
                struct err *err)
{
    const struct inject_place *place = inject_place(call);
    unsigned parts = what->parts;

    if (!place->program)
        parts &= ~(unsigned)INJECT_PROGRAM;
    if (parts & (INJECT_AGENT | INJECT_PAYLOADS) &&
        !plan_folder(plan, place->data, IMAGE_ACL_PRIVATE, err))
        return false;
    return (!(parts & INJECT_PAYLOADS) || add_payloads(call, place, plan, err)) &&
           (!(parts & INJECT_PROGRAM) || add_program(place, plan, err)) &&
           (!(parts & INJECT_SETUP) || add_setup(place, what->setup, plan, err)) &&
           (!(parts & INJECT_AGENT) || (inject_add_profile(call, what->target, plan, err) &&
                                        add_key(call, place, what->keys, plan, err))) &&
           (!(parts & INJECT_POLICIES) || add_policies(plan, err)) &&
           (!(parts & INJECT_PROGRAM) || add_service(plan, err));
}

bool inject_add_removal(struct call *call, struct plan *plan, struct err *err)
{
    const struct inject_place *place = inject_place(call);
    struct plan_hive *hive;

    /* the service first: without it nothing of the agent starts any more */
    return (!place->program ||
            (plan_hive(plan, PLAN_SYSTEM, &hive, err) && plan_remove_key(hive, SERVICE_KEY, err) &&
             plan_remove_key(hive, EVENTS_KEY, err) && plan_remove(plan, place->program, err))) &&
           plan_remove(plan, place->data, err);
}
