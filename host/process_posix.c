/* Processes on Linux. The machine process takes its events as blocked signals, so that waiting
 * costs nothing: SIGCHLD is the child's end, SIGTERM, SIGINT and SIGHUP are notices. */
#include "host/process.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KILLED_BASE      128
#define EXEC_FAILED_CODE 127
#define TICK_MS          100

struct process_child {
    pid_t pid;
};

static bool failed(int code, const char *path, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_ERRNO, code, TEXT_HOST_PROCESS_START, path, NULL);
}

static void redirect_to_null(int fd, int flags)
{
    int null = open("/dev/null", flags);

    if (null < 0)
        _exit(EXEC_FAILED_CODE);
    if (null != fd) {
        dup2(null, fd);
        close(null);
    }
}

/* In a new process: runs path, or tells report why not. */
static void become(const char *path, const char *const *args, int report)
{
    char *const *argv = (char *const *)(uintptr_t)args;
    sigset_t none;
    int code;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(path, argv);
    code = errno;
    if (write(report, &code, sizeof code) < 0)
        _exit(EXEC_FAILED_CODE);
    _exit(EXEC_FAILED_CODE);
}

/* Reads what the new process reports; nothing means that the program runs. */
static int read_report(int fd)
{
    int code = 0;
    ssize_t n;

    do
        n = read(fd, &code, sizeof code);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof code ? code : 0;
}

static void detach(const char *path, const char *const *args, int report, int number)
{
    pid_t pid;

    setsid();
    pid = fork();
    if (pid != 0) {
        if (pid > 0 && write(number, &pid, sizeof pid) < 0)
            _exit(EXEC_FAILED_CODE);
        _exit(pid < 0 ? EXEC_FAILED_CODE : 0);
    }
    redirect_to_null(0, O_RDONLY);
    redirect_to_null(1, O_WRONLY);
    redirect_to_null(2, O_WRONLY);
    become(path, args, report);
}

bool process_start_detached(const char *path,
                            const char *const *args,
                            int64_t *ret_pid,
                            struct err *err)
{
    int report[2] = {-1, -1}, number[2] = {-1, -1}, code = 0;
    pid_t middle, pid = 0;
    bool ok = false;

    if (pipe2(report, O_CLOEXEC) != 0 || pipe2(number, O_CLOEXEC) != 0) {
        failed(errno, path, err);
        goto out;
    }
    middle = fork();
    if (middle == 0)
        detach(path, args, report[1], number[1]);
    if (middle < 0) {
        failed(errno, path, err);
        goto out;
    }
    close(report[1]);
    close(number[1]);
    report[1] = number[1] = -1;
    while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
        continue;
    code = read_report(report[0]);
    if (code || read(number[0], &pid, sizeof pid) != (ssize_t)sizeof pid) {
        failed(code ? code : EAGAIN, path, err);
        goto out;
    }
    *ret_pid = pid;
    ok = true;

out:
    for (int i = 0; i < 2; i++) {
        if (report[i] >= 0)
            close(report[i]);
        if (number[i] >= 0)
            close(number[i]);
    }
    return ok;
}

/* Hands on what comes from fd until its end. */
static bool drain(int fd, process_output output, void *user, struct err *err)
{
    char bytes[4096];

    for (;;) {
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        int ready = poll(&poller, 1, TICK_MS);
        ssize_t n = ready > 0 ? read(fd, bytes, sizeof bytes) : -1;

        if (n == 0)
            return true;
        if (ready > 0 && n < 0 && errno != EINTR)
            return err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_HOST_PROCESS_TIMEOUT, NULL);
        if (!output(bytes, n > 0 ? (size_t)n : 0, user, err))
            return false;
    }
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? KILLED_BASE + WTERMSIG(status) : WEXITSTATUS(status);
}

bool process_watch(const char *path,
                   const char *const *args,
                   process_output output,
                   void *user,
                   int *ret_code,
                   struct err *err)
{
    int report[2] = {-1, -1}, printed[2] = {-1, -1}, code, status = 0;
    bool ok = false;
    pid_t pid = -1;

    if (pipe2(report, O_CLOEXEC) != 0 || pipe2(printed, O_CLOEXEC) != 0) {
        failed(errno, path, err);
        goto out;
    }
    pid = fork();
    if (pid == 0) {
        redirect_to_null(0, O_RDONLY);
        dup2(printed[1], 1);
        dup2(printed[1], 2);
        become(path, args, report[1]);
    }
    if (pid < 0) {
        failed(errno, path, err);
        goto out;
    }
    close(report[1]);
    close(printed[1]);
    report[1] = printed[1] = -1;
    code = read_report(report[0]);
    ok = code ? failed(code, path, err) : drain(printed[0], output, user, err);

out:
    if (pid > 0) {
        if (!ok)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    for (int i = 0; i < 2; i++) {
        if (report[i] >= 0)
            close(report[i]);
        if (printed[i] >= 0)
            close(printed[i]);
    }
    if (ok)
        *ret_code = exit_code(status);
    return ok;
}

int64_t process_self(void)
{
    return getpid();
}

static void served_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGCHLD);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGHUP);
}

bool process_serve(const char *token, struct err *err)
{
    sigset_t set;

    served_signals(&set);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return failed(errno, token, err);
    return true;
}

bool process_notice(int64_t pid, const char *token, struct err *err)
{
    if (pid <= 1 || (kill((pid_t)pid, SIGTERM) != 0 && errno != ESRCH))
        return err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_HOST_PROCESS_END, token, NULL);
    return true;
}

bool process_kill(int64_t pid, struct err *err)
{
    if (pid <= 1 || (kill((pid_t)pid, SIGKILL) != 0 && errno != ESRCH))
        return err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_HOST_PROCESS_END, TEXT_NUM(pid), NULL);
    return true;
}

bool process_child_start(const char *path,
                         const char *const *args,
                         const char *log_path,
                         struct process_child **ret_child,
                         struct err *err)
{
    struct process_child *child = calloc(1, sizeof *child);
    pid_t parent = getpid();
    int report[2], log, code;

    if (!child)
        return err_no_memory(err);
    log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || pipe2(report, O_CLOEXEC) != 0) {
        code = errno;
        if (log >= 0)
            close(log);
        free(child);
        return failed(code, log_path, err);
    }
    child->pid = fork();
    if (child->pid == 0) {
        /* the parent may have died before the wish was known */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
            _exit(EXEC_FAILED_CODE);
        redirect_to_null(0, O_RDONLY);
        dup2(log, 1);
        dup2(log, 2);
        become(path, args, report[1]);
    }
    code = child->pid < 0 ? errno : 0;
    close(log);
    close(report[1]);
    if (!code)
        code = read_report(report[0]);
    close(report[0]);
    if (code) {
        if (child->pid > 0)
            waitpid(child->pid, NULL, 0);
        free(child);
        return failed(code, path, err);
    }
    *ret_child = child;
    return true;
}

static bool take_exit(struct process_child *child, int *ret_code)
{
    int status = 0;

    if (!child || !child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    *ret_code = exit_code(status);
    return true;
}

bool process_child_wait(struct process_child *child,
                        int64_t timeout_ms,
                        enum process_event *ret_event,
                        int *ret_code,
                        struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + timeout_ms;
    sigset_t set;

    served_signals(&set);
    for (;;) {
        int64_t left = timeout_ms < 0 ? -1 : until - clock_now_ms(clock_system());
        struct timespec wait;
        int number;

        if (take_exit(child, ret_code)) {
            *ret_event = PROCESS_EXITED;
            return true;
        }
        if (timeout_ms >= 0 && left <= 0) {
            *ret_event = PROCESS_TIMEOUT;
            return true;
        }
        wait.tv_sec = (time_t)(left / 1000);
        wait.tv_nsec = (long)(left % 1000) * 1000000;
        number = sigtimedwait(&set, NULL, timeout_ms < 0 ? NULL : &wait);
        if (number < 0 && errno != EAGAIN && errno != EINTR)
            return failed(errno, "sigtimedwait", err);
        if (number == SIGTERM || number == SIGINT || number == SIGHUP) {
            *ret_event = PROCESS_NOTICED;
            return true;
        }
    }
}

int64_t process_child_id(const struct process_child *child)
{
    return child ? child->pid : 0;
}

void process_child_ask(struct process_child *child)
{
    if (child && child->pid)
        kill(child->pid, SIGTERM);
}

void process_child_free(struct process_child *child)
{
    if (!child)
        return;
    if (child->pid) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    free(child);
}
