/* The process of one simulated machine: what the hypervisor and Windows' service manager do around
 * the agent. It boots, starts the agent, restarts it when it dies, obeys requests for power. */
#include "host/hypervisor/sim_state.h"

#include "common/clock.h"
#include "common/log.h"
#include "host/driver/driver_make.h"
#include "host/place.h"
#include "host/process.h"

#include <stdio.h>
#include <string.h>

#define LOCK_WAIT_MS   5000
#define CODE_REBOOT    194
#define CODE_SHUTDOWN  195
#define CODE_POWER_CUT 196
#define CODE_RELEASED  197 /* the agent was taken out of this Windows, which runs on */
#define EXISTS_MS      20000
#define STABLE_MS      60000 /* an agent that ran so long starts the list of delays anew */

/* What the service manager waits before it starts a dead agent again. */
static const int64_t restart_ms[] = {1000, 5000, 60000};

enum machine_end { MACHINE_REBOOT, MACHINE_OFF };

struct machine_process {
    const char *root, *id, *agent;
    char disk[FS_PATH_BYTES], data[FS_PATH_BYTES], log[FS_PATH_BYTES], kvp[FS_PATH_BYTES];
    char listen[LINK_PATH_BYTES + 8], socket[LINK_PATH_BYTES], token[SIM_TOKEN_BYTES];
    struct sim_host host;
    struct sim_vm vm;
    struct sim_run run;
    struct process_child *child;
    unsigned restarts;
};

static bool enter(struct machine_process *m, enum sim_phase phase, struct err *err)
{
    m->run.phase = phase;
    m->run.agent_pid = process_child_id(m->child);
    return sim_run_save(m->root, m->id, &m->run, err);
}

/* The driver package that the host's GPU wants in the guest. */
static void expect_driver(const struct sim_gpu *gpu, char *out, size_t size)
{
    const struct driver_make_gpu made = {gpu->path, gpu->name, gpu->driver};
    char folder[FS_NAME_BYTES];

    snprintf(out, size, "gpu.folder=%s", driver_make_folder(&made, folder));
}

/* Tells the simulated Windows which hardware this boot finds. */
static bool plug_hardware(struct machine_process *m, struct err *err)
{
    char vm[64], version[64], name[GPU_NAME_BYTES + 16], folder[FS_NAME_BYTES + 16];
    const char *args[8] = {"break", vm, "gpu.partition=absent"};
    const struct sim_gpu *gpu = NULL;
    size_t count = 3;
    struct buf out;
    bool ok;

    snprintf(vm, sizeof vm, "vm_id=%s", m->id);
    for (size_t i = 0; i < m->host.gpu_count; i++)
        if (!strcmp(m->host.gpus[i].path, m->vm.gpu))
            gpu = &m->host.gpus[i];
    if (gpu) {
        snprintf(name, sizeof name, "gpu.name=%s", gpu->name);
        snprintf(version, sizeof version, "gpu.version=%s", gpu->driver);
        args[2] = "gpu.partition=attached";
        args[count++] = name;
        args[count++] = version;
        expect_driver(gpu, folder, sizeof folder);
        args[count++] = folder;
    }
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = sim_agent_edit(m->root, m->id, args, &out, err);
    buf_done(&out);
    return ok;
}

/* Ends the agent: politely first when Windows shuts down, at once when the power goes. */
static void end_agent(struct machine_process *m, bool politely)
{
    enum process_event event = PROCESS_TIMEOUT;
    int64_t until = clock_now_ms(clock_system()) + m->host.shutdown_ms;
    int code;

    if (m->child && politely) {
        process_child_ask(m->child);
        do {
            if (!process_child_wait(
                    m->child, until - clock_now_ms(clock_system()), &event, &code, NULL))
                break;
        } while (event == PROCESS_NOTICED);
    }
    process_child_free(m->child);
    m->child = NULL;
    place_socket_remove(m->socket);
}

static bool start_agent(struct machine_process *m, bool boot, struct err *err)
{
    const char *args[] = {m->agent,
                          "run",
                          "--data",
                          m->data,
                          "--simulate",
                          m->disk,
                          "--listen",
                          m->listen,
                          boot ? "--boot" : NULL,
                          NULL};

    process_child_free(m->child);
    m->child = NULL;
    return process_child_start(m->agent, args, m->log, &m->child, err);
}

/* Acts on a request; true when it ends this boot, *ret_end says how. */
static bool obey(struct machine_process *m, enum machine_end *ret_end, struct err *err)
{
    enum vm_power power = VM_POWER_OFF; /* a bare signal pulls the cord */
    bool asked = sim_request_take(m->root, m->id, &power);
    bool politely = power == VM_POWER_SHUTDOWN || power == VM_POWER_REBOOT;

    if (asked && power == VM_POWER_ON)
        return false;
    if (politely && (m->vm.faults.ignores_stop || m->run.phase == SIM_PHASE_STUCK))
        return false;
    enter(m, SIM_PHASE_STOPPING, err);
    end_agent(m, politely);
    *ret_end = power == VM_POWER_REBOOT || power == VM_POWER_RESET ? MACHINE_REBOOT : MACHINE_OFF;
    return true;
}

/* False when somebody deleted the machine's folder under it. */
static bool still_exists(const struct machine_process *m)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    return sim_path(m->root, m->id, "run.json", path, NULL) && fs_stat(path, &stat, NULL) &&
           stat.kind == FS_FILE;
}

/* Waits for timeout_ms while nothing happens; false on errors. *ret_over: this boot has ended. */
static bool rest(struct machine_process *m,
                 int64_t timeout_ms,
                 bool *ret_over,
                 enum machine_end *ret_end,
                 struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + timeout_ms;
    enum process_event event;
    int code;

    *ret_over = false;
    for (;;) {
        int64_t left = timeout_ms < 0 ? EXISTS_MS : until - clock_now_ms(clock_system());

        if (left <= 0)
            return true;
        if (!process_child_wait(NULL, left, &event, &code, err))
            return false;
        if (timeout_ms < 0 && event == PROCESS_TIMEOUT && !still_exists(m)) {
            *ret_over = true;
            *ret_end = MACHINE_OFF;
            return true;
        }
        if (event == PROCESS_NOTICED && obey(m, ret_end, err)) {
            *ret_over = true;
            return true;
        }
    }
}

/* Milliseconds until the network comes up, -1 when there is nothing to wait for. */
static int64_t network_wait(const struct machine_process *m)
{
    int64_t up_ms = clock_wall_ms(clock_system()) - m->run.since_ms;

    if (!m->vm.network_ms)
        return -1;
    return up_ms < m->vm.network_ms ? m->vm.network_ms - up_ms : 0;
}

/* The switch begins to serve the machine, once and for all. */
static bool plug_network(struct machine_process *m, struct err *err)
{
    static const char *const args[] = {"break", "network=ok", NULL};
    struct sim_vm vm;
    struct buf out;
    bool ok;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = sim_vm_load(m->root, m->id, &vm, err) && sim_agent_edit(m->root, m->id, args, &out, err);
    buf_done(&out);
    if (!ok)
        return false;
    vm.network_ms = m->vm.network_ms = 0;
    return sim_vm_save(m->root, &vm, err);
}

/* How long to wait for the agent at most: until the network is due, or it is time to look whether
 * the machine still exists. */
static int64_t watch_wait(const struct machine_process *m)
{
    int64_t network_ms = network_wait(m);

    return network_ms >= 0 && network_ms < EXISTS_MS ? network_ms : EXISTS_MS;
}

/* Watches the agent until this boot ends. */
static bool supervise(struct machine_process *m, enum machine_end *ret_end, struct err *err)
{
    int64_t started = clock_now_ms(clock_system());
    enum process_event event;
    bool over = false;
    int code = 0;

    while (process_child_wait(m->child, watch_wait(m), &event, &code, err)) {
        size_t last = sizeof restart_ms / sizeof *restart_ms - 1;

        if (event == PROCESS_TIMEOUT && !still_exists(m)) {
            *ret_end = MACHINE_OFF;
            return true;
        }
        if (event == PROCESS_TIMEOUT && network_wait(m) == 0 && !plug_network(m, err))
            return false;
        if (event == PROCESS_NOTICED && obey(m, ret_end, err))
            return true;
        if (event != PROCESS_EXITED)
            continue;
        if (code == CODE_REBOOT || code == CODE_SHUTDOWN || code == CODE_POWER_CUT) {
            end_agent(m, false);
            *ret_end = code == CODE_REBOOT ? MACHINE_REBOOT : MACHINE_OFF;
            return true;
        }
        if (code == CODE_RELEASED) {
            end_agent(m, false);
            return enter(m, SIM_PHASE_RUNNING, err) && rest(m, -1, &over, ret_end, err);
        }
        if (clock_now_ms(clock_system()) - started > STABLE_MS)
            m->restarts = 0;
        if (!rest(m, restart_ms[m->restarts > last ? last : m->restarts], &over, ret_end, err))
            return false;
        if (over)
            return true;
        m->restarts++;
        started = clock_now_ms(clock_system());
        if (!start_agent(m, false, err) || !enter(m, SIM_PHASE_RUNNING, err))
            return false;
    }
    return false;
}

/* A Windows without our agent just runs. */
static bool agent_installed(const struct machine_process *m)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    return fs_join(path, m->data, "key.json", NULL) && fs_stat(path, &stat, NULL) &&
           stat.kind == FS_FILE;
}

static bool run_without_agent(struct machine_process *m, struct err *err)
{
    static const char *const args[] = {"boot", NULL};
    struct buf out;
    bool ok;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = sim_agent_edit(m->root, m->id, args, &out, err);
    buf_done(&out);
    return ok;
}

/* One boot from power to its end. */
static bool boot(struct machine_process *m, enum machine_end *ret_end, struct err *err)
{
    bool over = false, stuck;

    if (!sim_host_load(m->root, &m->host, err) || !sim_vm_load(m->root, m->id, &m->vm, err))
        return false;
    fs_remove(m->kvp, NULL); /* of the last boot */
    m->restarts = 0;
    m->run.since_ms = clock_wall_ms(clock_system());
    stuck = m->vm.faults.stuck || (m->vm.faults.stuck_with_gpu && *m->vm.gpu);
    if (!enter(m, stuck ? SIM_PHASE_STUCK : SIM_PHASE_STARTING, err))
        return false;
    if (!stuck && !plug_hardware(m, err))
        return false;
    if (!rest(m, stuck ? -1 : (int64_t)m->host.boot_ms, &over, ret_end, err) || over)
        return over;
    if (m->host.hyperv) /* its agent runs on another machine and comes up there */
        return enter(m, SIM_PHASE_RUNNING, err) && rest(m, -1, &over, ret_end, err);
    if (!agent_installed(m)) {
        if (!run_without_agent(m, err) || !enter(m, SIM_PHASE_RUNNING, err))
            return false;
        return rest(m, -1, &over, ret_end, err);
    }
    return start_agent(m, true, err) && enter(m, SIM_PHASE_RUNNING, err) &&
           supervise(m, ret_end, err);
}

static bool prepare(struct machine_process *m, struct err *err)
{
    sim_token(m->root, m->id, m->token);
    if (!process_serve(m->token, err) || !sim_path(m->root, m->id, "disk", m->disk, err) ||
        !fs_join(m->data, m->disk, "agent", err) || !fs_join(m->kvp, m->disk, "kvp.txt", err) ||
        !sim_path(m->root, m->id, "agent-console.log", m->log, err) ||
        !place_socket(m->token, m->socket, err))
        return false;
    snprintf(m->listen, sizeof m->listen, "uv:%s", m->socket);
    m->run.pid = process_self();
    return true;
}

bool sim_machine_run(const char *root, const char *id, const char *agent, struct err *err)
{
    struct machine_process m = {.root = root, .id = id, .agent = agent};
    enum machine_end end = MACHINE_REBOOT;
    char path[FS_PATH_BYTES], log[FS_PATH_BYTES];
    struct fs_lock *lock = NULL;
    enum vm_power stale;
    bool ok;

    if (!sim_path(root, id, "run.lock", path, err) || !sim_path(root, id, "machine.log", log, err))
        return false;
    if (!sim_vm_exists(root, id))
        return true;
    if (!prepare(&m, err) || !fs_lock(path, LOCK_WAIT_MS, &lock, err))
        return false;
    /* whoever removes a machine holds the lock: it may be gone by now, and nothing of it comes back
     */
    if (!sim_vm_exists(root, id)) {
        fs_unlock(lock);
        return sim_vm_sweep(root, id, err);
    }
    log_open(log, NULL);
    sim_request_take(root, id, &stale); /* of an earlier run */
    do
        ok = boot(&m, &end, err);
    while (ok && end == MACHINE_REBOOT);
    end_agent(&m, false);
    if (sim_path(root, id, "run.json", path, NULL))
        fs_remove(path, NULL);
    fs_unlock(lock);
    return ok;
}
