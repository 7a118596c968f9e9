/* Numbers and texts of Hyper-V, without Windows. */
#include "host/hypervisor/hyperv_rules.h"

#include "host/hypervisor/wmi_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- states ---- */

static const struct {
    uint32_t code;
    enum vm_state state;
} states[] = {
    {2, VM_RUNNING},
    {3, VM_OFF},
    {4, VM_STOPPING},
    {6, VM_SAVED},
    {9, VM_PAUSED},
    {10, VM_STARTING},
    {32768, VM_PAUSED},
    {32769, VM_SAVED},
    {32770, VM_STARTING},
    {32773, VM_STOPPING},
    {32774, VM_STOPPING},
    {32776, VM_PAUSED},
    {32777, VM_STARTING},
    {32779, VM_SAVED},
};

enum vm_state hyperv_state(uint32_t enabled_state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (states[i].code == enabled_state)
            return states[i].state;
    return VM_STOPPING; /* "other" is seen while it saves, "unknown" after the service restarted */
}

bool hyperv_is_off(uint32_t enabled_state)
{
    return enabled_state == 3;
}

enum vm_heartbeat hyperv_heartbeat(uint32_t status)
{
    static const struct {
        uint32_t code;
        enum vm_heartbeat heartbeat;
    } rows[] = {
        {2, VM_HEARTBEAT_OK},
        {3, VM_HEARTBEAT_OK},
        {7, VM_HEARTBEAT_LOST},
        {13, VM_HEARTBEAT_LOST},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == status)
            return rows[i].heartbeat;
    return VM_HEARTBEAT_NONE;
}

/* ---- codes ---- */

bool hyperv_refused(uint32_t code, const char *what, struct err *err)
{
    static const struct {
        uint32_t code;
        enum err_kind kind;
        enum text_id message, hint;
    } rows[] = {
        {1, ERR_UNSUPPORTED, TEXT_HV_CODE_UNSUPPORTED, TEXT_NONE},
        {3, ERR_TIMEOUT, TEXT_HV_CODE_TIMEOUT, TEXT_NONE},
        {4, ERR_BAD_INPUT, TEXT_HV_CODE_PARAMETER, TEXT_NONE},
        {5, ERR_CONFLICT, TEXT_HV_CODE_STATE, TEXT_NONE},
        {32769, ERR_DENIED, TEXT_HV_CODE_DENIED, TEXT_HV_DENIED_HINT},
        {32770, ERR_UNSUPPORTED, TEXT_HV_CODE_UNSUPPORTED, TEXT_NONE},
        {32772, ERR_TIMEOUT, TEXT_HV_CODE_TIMEOUT, TEXT_NONE},
        {32773, ERR_BAD_INPUT, TEXT_HV_CODE_PARAMETER, TEXT_NONE},
        {32774, ERR_BUSY, TEXT_HV_CODE_IN_USE, TEXT_NONE},
        {HYPERV_INVALID_STATE, ERR_CONFLICT, TEXT_HV_CODE_STATE, TEXT_NONE},
        {32777, ERR_BUSY, TEXT_HV_CODE_IN_USE, TEXT_NONE},
        {32778, ERR_NO_MEMORY, TEXT_HV_CODE_MEMORY, TEXT_HV_MEMORY_HINT},
        {32779, ERR_NOT_FOUND, TEXT_HV_CODE_FILE, TEXT_NONE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].code == code) {
            err_set(err, rows[i].kind, rows[i].message, what, TEXT_NUM(code), NULL);
            return err_hint(err, rows[i].hint);
        }
    return err_set(err, ERR_FAILED, TEXT_HV_CODE_FAILED, what, TEXT_NUM(code), NULL);
}

enum hyperv_job hyperv_job(uint32_t state, uint32_t code)
{
    /* completed, completed with warnings; terminated, killed, exception */
    if (state == 7)
        return code ? HYPERV_JOB_FAILED : HYPERV_JOB_DONE;
    if (state == 32768)
        return HYPERV_JOB_DONE;
    return state >= 8 && state <= 10 ? HYPERV_JOB_FAILED : HYPERV_JOB_RUNS;
}

bool hyperv_job_failed(uint32_t code, const char *text, struct err *err)
{
    struct err kind = ERR_INIT;

    hyperv_refused(code, "", &kind);
    if (!*text)
        return hyperv_refused(code, "-", err);
    err_set(err, kind.kind, TEXT_HV_JOB_FAILED, text, TEXT_NUM(code), NULL);
    return err_hint(err, kind.hint);
}

/* ---- errors of WMI ---- */

#define WMI_CODE(low) ((int32_t)(0x80040000u | (low)))
#define RPC_CODE(low) ((int32_t)(0x80070000u | (low)))

bool hyperv_is_restarting(int32_t code)
{
    static const int32_t codes[] = {
        WMI_CODE(0x1004), /* the provider failed */
        WMI_CODE(0x1033), /* it is shutting down */
        RPC_CODE(0x6ba),  /* server unavailable */
        RPC_CODE(0x6be),  /* the call failed */
        (int32_t)0x80010108u,
    };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == code)
            return true;
    return false;
}

bool hyperv_wmi_failed(int32_t code, enum text_id text, const char *what, struct err *err)
{
    static const struct {
        int32_t code;
        enum err_kind kind;
        enum text_id message, hint;
    } rows[] = {
        {WMI_CODE(0x1003), ERR_DENIED, TEXT_HV_DENIED, TEXT_HV_DENIED_HINT},
        {RPC_CODE(5), ERR_DENIED, TEXT_HV_DENIED, TEXT_HV_DENIED_HINT},
        {WMI_CODE(0x1002), ERR_NOT_FOUND, TEXT_NONE, TEXT_NONE},
        {WMI_CODE(0x1006), ERR_NO_MEMORY, TEXT_NONE, TEXT_NONE},
        {RPC_CODE(14), ERR_NO_MEMORY, TEXT_NONE, TEXT_NONE},
    };
    struct err made = ERR_INIT;

    err_set_os(&made, ERR_DOMAIN_HRESULT, code, text, what, NULL);
    if (hyperv_is_restarting(code)) {
        err_set_os(&made, ERR_DOMAIN_HRESULT, code, TEXT_HV_RESTARTING, what, NULL);
        made.kind = ERR_UNREACHABLE;
        made.hint = TEXT_HV_RESTARTING_HINT;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].code != code)
            continue;
        if (rows[i].message != TEXT_NONE)
            err_set_os(&made, ERR_DOMAIN_HRESULT, code, rows[i].message, what, NULL);
        made.kind = rows[i].kind;
        made.hint = rows[i].hint;
    }
    if (err)
        *err = made;
    return false;
}

/* ---- names ---- */

bool hyperv_is_vm_id(const char *text)
{
    struct link_guid guid;

    return strlen(text) == 36 && link_guid_parse(text, &guid);
}

bool hyperv_vm_of(const char *instance_id, char ret_id[VM_ID_BYTES])
{
    static const char prefix[] = "Microsoft:";
    char id[37];
    size_t i = 0;

    for (; i < sizeof prefix - 1; i++)
        if (tolower((unsigned char)instance_id[i]) != tolower((unsigned char)prefix[i]))
            return false;
    instance_id += i;
    for (i = 0; i < sizeof id - 1 && instance_id[i] && instance_id[i] != '\\'; i++)
        id[i] = (char)tolower((unsigned char)instance_id[i]);
    id[i] = 0;
    if ((instance_id[i] && instance_id[i] != '\\') || !hyperv_is_vm_id(id))
        return false;
    text_copy(ret_id, VM_ID_BYTES, id);
    return true;
}

bool hyperv_gpu_path(const char *name, char ret_path[GPU_PATH_BYTES])
{
    static const char prefix[] = "\\\\?\\";
    const char *end = strstr(name, "#{");
    size_t length;

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || !end)
        return false;
    name += sizeof prefix - 1;
    length = (size_t)(end - name);
    if (end < name || !length || length >= GPU_PATH_BYTES)
        return false;
    for (size_t i = 0; i < length; i++)
        ret_path[i] = (char)(name[i] == '#' ? '\\' : toupper((unsigned char)name[i]));
    ret_path[length] = 0;
    return true;
}

enum gpu_kind hyperv_gpu_kind(const char *class_guid)
{
    static const struct {
        const char *class_guid;
        enum gpu_kind kind;
    } rows[] = {
        {"{4d36e968-e325-11ce-bfc1-08002be10318}", GPU_KIND_GPU}, /* display adapters */
        {"{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}", GPU_KIND_NPU}, /* compute accelerators */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (wmi_text_same(class_guid, rows[i].class_guid))
            return rows[i].kind;
    return GPU_KIND_OTHER;
}

/* ---- room for the GPU ---- */

#define LOW_MB          3072u  /* what Easy-GPU-PV gives; the documented range ends at 3584 */
#define DEFAULT_BASE_MB 65024u /* where Hyper-V puts the high gap */
#define DEFAULT_HIGH_MB 512u
#define GUARD_MB        1024u
#define WIDTH_UNKNOWN   39u    /* of the smallest CPUs that still matter */
#define BUILD_64_GB     26100u /* newer Windows freezes less with 64 GB, says the field */

static size_t add_step(struct hyperv_mmio *steps, size_t count, uint64_t high, uint64_t base)
{
    if (count == HYPERV_MMIO_STEPS || (count && steps[count - 1].high <= high))
        return count;
    steps[count] = (struct hyperv_mmio){LOW_MB, high, base};
    return count + 1;
}

size_t hyperv_mmio_plan(unsigned address_bits,
                        uint32_t build,
                        uint64_t memory_mb,
                        struct hyperv_mmio steps[HYPERV_MMIO_STEPS])
{
    static const uint64_t wanted[] = {65536, 32768, 8192};
    unsigned bits = address_bits >= 32 && address_bits <= 57 ? address_bits : WIDTH_UNKNOWN;
    uint64_t ceiling = (uint64_t)1 << (bits - 20), base = ceiling / 2;
    size_t count = 0;

    for (size_t i = build < BUILD_64_GB; i < sizeof wanted / sizeof *wanted; i++)
        if (DEFAULT_BASE_MB + wanted[i] <= ceiling)
            count = add_step(steps, count, wanted[i], 0);
    /* a CPU whose addresses end just behind the default place: the gap moves down, above the memory
     */
    if (base < memory_mb + 4096)
        base = memory_mb + 4096;
    if (!count && base + GUARD_MB + DEFAULT_HIGH_MB < ceiling)
        count = add_step(steps, count, ceiling - base - GUARD_MB, base);
    return add_step(steps, count, DEFAULT_HIGH_MB, 0);
}

const struct hyperv_mmio *
hyperv_mmio_next(const struct hyperv_mmio *steps, size_t count, const struct hyperv_mmio *now)
{
    for (size_t i = 0; i < count; i++)
        if (steps[i].high < now->high)
            return &steps[i];
    return NULL;
}

/* ---- shares ---- */

static uint64_t part_of(uint64_t whole, uint32_t percent)
{
    return whole / 100 * percent + whole % 100 * percent / 100;
}

bool hyperv_share(const struct gpu_amount *whole, uint32_t percent, struct gpu_amount *ret_part)
{
    uint64_t part;

    if (!whole->total || percent >= 100)
        return false;
    part = part_of(whole->total, percent);
    if (part < whole->least)
        part = whole->least;
    if (whole->most && part > whole->most)
        part = whole->most;
    *ret_part = (struct gpu_amount){
        .total = whole->total, .least = whole->least, .most = part, .best = part};
    return true;
}

/* ---- notes ---- */

#define NOTES_DISK "gpupv disk: "

void hyperv_notes_write(const char *marker, const char *disk, char *out)
{
    if (*disk)
        snprintf(out, HYPERV_NOTES_BYTES, "%s\r\n" NOTES_DISK "%s", marker, disk);
    else
        snprintf(out, HYPERV_NOTES_BYTES, "%s", marker);
}

void hyperv_notes_read(const char *notes, char marker[VM_MARKER_BYTES], char disk[FS_PATH_BYTES])
{
    size_t length = strcspn(notes, "\r\n");

    *marker = *disk = 0;
    if (length < VM_MARKER_BYTES) {
        memcpy(marker, notes, length);
        marker[length] = 0;
    }
    notes += length;
    notes += strspn(notes, "\r\n");
    if (strncmp(notes, NOTES_DISK, sizeof NOTES_DISK - 1) != 0)
        return;
    notes += sizeof NOTES_DISK - 1;
    length = strcspn(notes, "\r\n");
    if (length >= FS_PATH_BYTES)
        return;
    memcpy(disk, notes, length);
    disk[length] = 0;
}
