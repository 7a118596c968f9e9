/*
 * The agent's life: first aid, files, engine, loop, and an orderly end. Whatever cannot be read at
 * the start (profile, key, journal) costs only itself: the agent goes on, changes nothing it is not
 * sure of, and says what is wrong.
 */
#include "guest/agent_state.h"

#include "common/log.h"
#include "common/secure.h"
#include "common/version.h"

#include <stdlib.h>
#include <string.h>

bool agent_path(const struct agent *agent, const char *name, char *out, struct err *err)
{
    return fs_join(out, agent->options.folder, name, err);
}

/* ---- what lies on the disk ---- */

static void load_profile(struct agent *agent)
{
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    profile_init(&agent->profile);
    if (agent_path(agent, AGENT_PROFILE_FILE, path, &err) &&
        profile_load(path, &agent->profile, &err))
        return;
    profile_init(&agent->profile);
    agent->profile.mode = PROFILE_OBSERVE; /* nobody said what is wanted */
    if (err.kind == ERR_NOT_FOUND)
        log_write(LOG_INFO, "agent", "no profile yet: observing only");
    else
        log_err(LOG_ERROR, "agent", "profile unusable, observing only", &err);
    agent->profile_damaged = err;
}

void agent_take_key(struct agent *agent, const struct key_file *key)
{
    bool was_cloned = agent->cloned;

    agent->key = *key;
    agent->key_loaded = true;
    agent->cloned = agent->vm_id[0] && strcmp(agent->vm_id, key->vm) != 0;
    if (agent->cloned && !was_cloned)
        log_write(LOG_WARN,
                  "agent",
                  "this machine is %s, the key is of %s: a clone",
                  agent->vm_id,
                  key->vm);
    uv_mutex_lock(&agent->mailbox_lock);
    agent->generation_count = key->count;
    for (size_t i = 0; i < key->count; i++)
        agent->generations[i] = key->entries[i].generation;
    uv_mutex_unlock(&agent->mailbox_lock);
}

static void load_key(struct agent *agent)
{
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct key_file key;

    pairing_sweep(agent->options.folder, clock_system());
    if (agent_path(agent, AGENT_KEY_FILE, path, &err) &&
        key_load(path, &key_seal_plain, &key, &err)) {
        agent_take_key(agent, &key);
        key_wipe(&key);
    } else if (agent->options.listens) {
        log_err(LOG_WARN, "agent", "without a key only a pairing code lets a host in", &err);
    }
}

/* Windows writes the id in upper case, with or without braces; what is no id says nothing. */
static void take_vm_id(struct agent *agent, const char *text)
{
    struct link_guid guid;

    if (link_guid_parse(text, &guid))
        link_guid_text(&guid, agent->vm_id);
}

/* Asks Windows who it is. */
static void identify(struct agent *agent)
{
    struct system_port *system = agent->machine->system;
    struct system_state state;
    struct err err = ERR_INIT;
    uint8_t random[16];

    if (uv_random(NULL, NULL, random, sizeof random, 0, NULL) == 0)
        for (size_t i = 0; i < sizeof random; i++)
            snprintf(agent->instance + 2 * i, 3, "%02x", random[i]);
    if (!system->ops->query(system, &state, &err)) {
        log_err(LOG_WARN, "agent", "system", &err);
        return;
    }
    text_copy(agent->boot_id, sizeof agent->boot_id, state.boot_id);
    take_vm_id(agent, state.vm_id);
}

/* ---- sessions ---- */

/* A host that was told a one-time code. */
static bool find_pairing(struct agent *agent, const char *identity, uint8_t *ret_secret)
{
    struct err err = ERR_INIT;

    if (pairing_secret(
            agent->options.folder, identity, agent->vm_id, clock_system(), ret_secret, &err))
        return true;
    if (err.kind == ERR_NOT_FOUND)
        log_err(LOG_INFO, "agent", "pairing", &err);
    else
        log_err(LOG_WARN, "agent", "pairing", &err);
    return false;
}

/* A command on this machine, let in by the door. */
static bool is_local(const char *identity)
{
    return strcmp(identity, LOCAL_DOOR_IDENTITY) == 0;
}

static bool find_secret(const char *identity, uint8_t ret_secret[SESSION_SECRET_BYTES], void *user)
{
    struct agent *agent = user;
    const struct key_entry *entry = key_by_identity(&agent->key, identity);
    char vm[KEY_VM_BYTES];

    if (pair_identity_vm(identity, vm))
        return find_pairing(agent, identity, ret_secret);
    if (is_local(identity)) {
        memcpy(ret_secret, agent->door.secret, SESSION_SECRET_BYTES);
        return agent->door_open;
    }
    if (!agent->key_loaded || !entry)
        return false;
    memcpy(ret_secret, entry->secret, SESSION_SECRET_BYTES);
    return true;
}

/* A hello under a newer generation ends the older ones; saved here, since the next hello depends on
 * it. */
static void on_hello(const struct session_hello *peer, struct session_hello *own, void *user)
{
    struct agent *agent = user;
    struct key_file key = agent->key;
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    text_copy(own->boot_id, sizeof own->boot_id, agent->boot_id);
    text_copy(own->instance, sizeof own->instance, agent->instance);
    if (is_local(peer->identity))
        return;
    own->cloned = agent->cloned || peer->generation == 0; /* 0: a pairing code, not a key */
    if (key_confirm(&key, peer->generation, false)) {
        if (agent_path(agent, AGENT_KEY_FILE, path, &err) &&
            key_save(path, &key_seal_plain, &key, &err))
            agent_take_key(agent, &key);
        else
            log_err(LOG_ERROR, "agent", "older keys stay", &err);
    }
    key_wipe(&key);
}

static void on_server_error(const struct err *err, void *user);

static void on_listen_timer(uv_timer_t *timer)
{
    struct agent *agent = timer->data;
    struct err err = ERR_INIT;

    if (agent->stopping || !agent->options.listens)
        return;
    if (session_server_listen(agent->server, &agent->options.address, &err)) {
        log_write(LOG_INFO, "agent", "listening");
        agent->told_listen = false;
        return;
    }
    on_server_error(&err, agent);
}

/* The engine goes on healing without a host; the address is tried again. */
static void on_server_error(const struct err *err, void *user)
{
    struct agent *agent = user;

    if (!agent->told_listen)
        log_err(LOG_ERROR, "agent", "cannot listen; trying again", err);
    agent->told_listen = true;
    if (!agent->stopping)
        uv_timer_start(&agent->listen_timer, on_listen_timer, AGENT_LISTEN_RETRY_MS, 0);
}

/* Without it commands on this machine have to wait until the agent ends; hosts do not care. */
static void open_door(struct agent *agent)
{
    const char *folder = agent->options.folder;
    struct err err = ERR_INIT;

    agent->door_open = local_door_make(folder, &agent->door, &err) &&
                       session_server_listen(agent->server, &agent->door.address, &err) &&
                       local_door_tell(folder, &agent->door, &err);
    if (!agent->door_open)
        log_err(LOG_WARN, "agent", "commands on this machine cannot reach the agent", &err);
}

static bool start_server(struct agent *agent, struct err *err)
{
    struct session_server_config config = {.loop = &agent->loop,
                                           .find_secret = find_secret,
                                           .on_hello = on_hello,
                                           .on_error = on_server_error,
                                           .bindings = agent_bindings,
                                           .binding_count = agent_binding_count,
                                           .user = agent};

    if (!session_server_new(&config, &agent->server, err) ||
        !bulk_store_new(&agent->loop, &agent->bulk, err))
        return false;
    session_server_set_bulk(agent->server, bulk_store_adopt, agent->bulk);
    open_door(agent);
    if (agent->options.listens)
        on_listen_timer(&agent->listen_timer);
    return true;
}

/* ---- changes and signals ---- */

static void watcher_main(void *user)
{
    struct agent *agent = user;
    struct system_port *system = agent->machine->system;
    struct err err = ERR_INIT;
    bool changed = false;

    while (!agent->watch_ends && system->ops->wait_change(system, -1, &changed, &err)) {
        if (changed)
            uv_async_send(&agent->change_async);
    }
}

static void on_change_timer(uv_timer_t *timer)
{
    agent_want_pass(timer->data);
}

static void on_change(uv_async_t *async)
{
    struct agent *agent = async->data;

    if (!agent->stopping && !uv_is_active((uv_handle_t *)&agent->change_timer))
        uv_timer_start(&agent->change_timer, on_change_timer, AGENT_CHANGE_MS, 0);
}

static void on_control(uv_async_t *async)
{
    struct agent *agent = async->data;
    struct agent_wishes wishes = agent_control_take(agent->options.control);

    if (wishes.stop)
        agent_stop(agent, wishes.exit_code);
    else if (wishes.wake)
        on_change(&agent->change_async);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct agent *agent = signal->data;

    log_write(LOG_INFO, "agent", "signal %d: stopping", number);
    agent_stop(agent, 0);
}

/* ---- the end ---- */

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_handles(struct agent *agent)
{
    close_handle((uv_handle_t *)&agent->pass_timer);
    close_handle((uv_handle_t *)&agent->listen_timer);
    close_handle((uv_handle_t *)&agent->change_timer);
    close_handle((uv_handle_t *)&agent->change_async);
    close_handle((uv_handle_t *)&agent->event_async);
    if (agent->options.control)
        agent_control_detach(agent->options.control);
    close_handle((uv_handle_t *)&agent->control_async);
    for (size_t i = 0; i < AGENT_SIGNALS; i++)
        close_handle((uv_handle_t *)&agent->signals[i]);
}

static void on_bulk_closed(void *user)
{
    struct agent *agent = user;

    agent->bulk = NULL;
    close_handles(agent);
}

static void on_server_closed(void *user)
{
    struct agent *agent = user;

    agent->server = NULL;
    if (agent->bulk)
        bulk_store_close(agent->bulk, on_bulk_closed, agent);
    else
        close_handles(agent);
}

static void on_jobs_closed(void *user)
{
    struct agent *agent = user;

    agent->jobs = NULL;
    if (agent->server)
        session_server_close(agent->server, AGENT_FLUSH_MS, on_server_closed, agent);
    else
        close_handles(agent);
}

static void end_watcher(struct agent *agent)
{
    if (!agent->watching)
        return;
    agent->watch_ends = true;
    agent->machine->system->ops->wake(agent->machine->system);
    uv_thread_join(&agent->watcher);
    agent->watching = false;
}

void agent_stop(struct agent *agent, int exit_code)
{
    if (exit_code)
        agent->exit_code = exit_code;
    if (agent->stopping)
        return;
    agent->stopping = true;
    engine_stop(agent->engine);
    uv_timer_stop(&agent->pass_timer);
    uv_timer_stop(&agent->listen_timer);
    uv_timer_stop(&agent->change_timer);
    job_queue_close(agent->jobs, on_jobs_closed, agent);
}

/* ---- the beginning ---- */

static bool init_loop(struct agent *agent, struct err *err)
{
    static const int numbers[AGENT_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
    int code = uv_loop_init(&agent->loop);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_AGENT_LOOP, NULL);
    uv_timer_init(&agent->loop, &agent->pass_timer);
    uv_timer_init(&agent->loop, &agent->listen_timer);
    uv_timer_init(&agent->loop, &agent->change_timer);
    uv_async_init(&agent->loop, &agent->change_async, on_change);
    uv_async_init(&agent->loop, &agent->event_async, agent_on_mailbox);
    uv_async_init(&agent->loop, &agent->control_async, on_control);
    for (size_t i = 0; i < AGENT_SIGNALS; i++) {
        uv_signal_init(&agent->loop, &agent->signals[i]);
        agent->signals[i].data = agent;
        uv_signal_start(&agent->signals[i], on_signal, numbers[i]);
    }
    agent->pass_timer.data = agent->listen_timer.data = agent->change_timer.data = agent;
    agent->change_async.data = agent->event_async.data = agent->control_async.data = agent;
    return job_queue_new(&agent->loop, &agent->jobs, err);
}

/* What waits for a new boot, and what died while it was put in place, comes before anything else:
 * the GPU needs it. */
static bool open_staged(struct agent *agent, struct err *err)
{
    struct staged_moment moment = {.known = false};
    struct err damage = ERR_INIT;
    bool changed = false;

    if (!staged_open(agent->machine, agent->options.folder, &agent->staged, &damage, err))
        return false;
    if (err_is_set(&damage))
        log_err(LOG_ERROR, "drivers", "notes", &damage);
    text_copy(moment.boot_id, sizeof moment.boot_id, agent->boot_id);
    if (!staged_settle(agent->staged, &moment, &changed, &damage))
        log_err(LOG_ERROR, "drivers", "at the start", &damage);
    else if (changed)
        log_write(LOG_INFO, "drivers", "the host's GPU driver was put in place");
    return true;
}

static bool open_engine(struct agent *agent, struct err *err)
{
    struct engine_setup setup = {
        .machine = agent->machine, .on_event = agent_on_event, .user = agent};
    struct err damage = ERR_INIT;
    char journal[FS_PATH_BYTES];

    if (!parsec_open(agent->machine, agent->options.folder, clock_system(), &agent->parsec, err))
        return false;
    if (err_is_set(&agent->parsec->damage))
        log_err(LOG_ERROR, "agent", "memory of Parsec", &agent->parsec->damage);
    setup.parsec = agent->parsec;
    if (!agent_path(agent, AGENT_JOURNAL_FILE, journal, err))
        return false;
    setup.journal_path = journal;
    if (!engine_open(&setup, &agent->engine, &damage, err))
        return false;
    if (err_is_set(&damage))
        log_err(LOG_ERROR, "agent", "journal", &damage);
    return true;
}

static void run_loop(struct agent *agent)
{
    agent->watching =
        uv_thread_create(&agent->watcher, watcher_main, agent) == 0; /* else the timer serves */
    agent_want_pass(agent);
    if (agent->options.control)
        agent_control_attach(agent->options.control, &agent->control_async);
    uv_run(&agent->loop, UV_RUN_DEFAULT);
    end_watcher(agent);
    if (agent->door_open)
        local_door_forget(agent->options.folder);
}

/* Nobody is left in front of a black screen when the agent goes. */
static void give_console(struct agent *agent)
{
    struct err err = ERR_INIT;

    if (agent->engine && !engine_give_console(agent->engine, &err))
        log_err(LOG_WARN, "agent", "giving the console back", &err);
}

static void agent_done(struct agent *agent)
{
    engine_free(agent->engine);
    staged_close(agent->staged);
    buf_done(&agent->driver_list);
    buf_done(&agent->driver_commit);
    parsec_close(agent->parsec);
    key_wipe(&agent->key);
    secure_wipe(&agent->door, sizeof agent->door);
    uv_mutex_destroy(&agent->mailbox_lock);
    free(agent);
}

/* Closes what init_loop opened when the agent cannot start. */
static void abandon_loop(struct agent *agent)
{
    agent->stopping = true;
    if (agent->jobs)
        job_queue_close(agent->jobs, on_jobs_closed, agent);
    else
        close_handles(agent);
    uv_run(&agent->loop, UV_RUN_DEFAULT);
}

static bool agent_work(struct agent *agent, struct err *err)
{
    struct fs_lock *lock = NULL;
    char path[FS_PATH_BYTES];
    bool ok = false, loop = false;

    if (!fs_make_dirs(agent->options.folder, FS_PRIVATE, err) ||
        !agent_path(agent, AGENT_LOCK_FILE, path, err) || !fs_lock(path, 0, &lock, err))
        goto out;
    load_profile(agent);
    identify(agent);
    load_key(agent);
    loop = init_loop(agent, err);
    if (!loop || !open_staged(agent, err) || !open_engine(agent, err) ||
        !start_server(agent, err)) {
        if (loop)
            abandon_loop(agent);
        goto out;
    }
    log_write(LOG_INFO, "agent", "gpupv-agent %s, boot %s", version_text(), agent->boot_id);
    run_loop(agent);
    give_console(agent);
    log_write(LOG_INFO, "agent", "stopped (%d)", agent->exit_code);
    ok = true;

out:
    if (loop)
        uv_loop_close(&agent->loop);
    fs_unlock(lock);
    return ok;
}

bool agent_run(const struct agent_options *options, int *ret_exit, struct err *err)
{
    struct agent *agent = calloc(1, sizeof *agent);
    struct err aid = ERR_INIT;
    bool ok;

    if (engine_first_aid(options->machine, &aid))
        log_write(LOG_WARN, "agent", "no display was active: Hyper-V Video enabled");
    if (err_is_set(&aid))
        log_err(LOG_ERROR, "agent", "first aid", &aid);
    if (!agent)
        return err_no_memory(err);
    agent->options = *options;
    agent->machine = options->machine;
    buf_init(&agent->driver_list, STAGED_LIST_BYTES);
    buf_init(&agent->driver_commit, STAGED_LIST_BYTES);
    uv_mutex_init(&agent->mailbox_lock);
    agent_publish(agent, NULL);
    ok = agent_work(agent, err);
    if (ok)
        *ret_exit = agent->exit_code;
    agent_done(agent);
    return ok;
}
