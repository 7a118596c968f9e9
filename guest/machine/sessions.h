/*
 * Ports: user sessions, network, and the system as a whole. Blocking; job threads only. Facts:
 * guest.md sections 1.4, 4.1, 6.1, 6.5.
 */
#ifndef GPUPV_MACHINE_SESSIONS_H
#define GPUPV_MACHINE_SESSIONS_H

#include "common/err.h"

#include <stdint.h>

struct session_state {
    bool user_logged_on; /* at the console */
    char user[64];
    int64_t desktop_age_ms; /* since an interactive desktop exists; -1: none */
    int64_t input_idle_ms;  /* since the last input of the session; -1: unknown */
    bool enhanced;          /* the active session is an RDP (enhanced) one */
};

struct sessions_port;

struct sessions_ops {
    /* Reads who is logged on, and where. */
    bool (*query)(struct sessions_port *port, struct session_state *ret_state, struct err *err);
    /* Gives the user's session back to the console after an enhanced session. */
    bool (*to_console)(struct sessions_port *port, struct err *err);
    /* Starts a program in the console user's session, without waiting (Parsec's sign-in window).
     * ERR_CONFLICT when nobody is logged on. */
    bool (*start_program)(struct sessions_port *port, const char *path, struct err *err);
};

struct sessions_port {
    const struct sessions_ops *ops;
};

enum network_trouble {
    NETWORK_OK,
    NETWORK_NO_ADDRESS,    /* no adapter with an address */
    NETWORK_NO_NAMES,      /* names do not resolve */
    NETWORK_PROXY_REFUSED, /* the proxy does not answer */
    NETWORK_PROXY_DENIED,  /* the proxy answers, but not for this target */
    NETWORK_BLOCKED,       /* TCP 443 to Parsec's hosts fails */
    NETWORK_CLOCK_WRONG,   /* TLS cannot work: the clock is off */
    NETWORK_NO_UDP,        /* STUN unanswered: streams may need a relay */
    NETWORK_DOUBLE_NAT,    /* works, but behind two NATs; a warning */
    NETWORK_TROUBLES
};

struct network_proxy {
    bool enabled;
    char address[128];
    uint16_t port;
};

struct network_result {
    enum network_trouble trouble;
    char target[128]; /* the host name or proxy that failed */
};

struct network_port;

struct network_ops {
    /* Names, TCP 443 to the API hosts (through proxy when enabled), one STUN request, time sane;
     * the first trouble wins. */
    bool (*check)(struct network_port *port,
                  const struct network_proxy *proxy,
                  struct network_result *ret_result,
                  struct err *err);
};

struct network_port {
    const struct network_ops *ops;
};

struct system_state {
    bool setup_running, oobe_running; /* HKLM\SYSTEM\Setup */
    bool reboot_pending;
    char boot_id[40]; /* changes with every boot */
    int64_t uptime_ms;
    char computer[32];
    char build[32];     /* "10.0.26100.4946" */
    char vm_id[40];     /* KVP parameter VirtualMachineId, "" when unknown [probe] */
    bool sleep_allowed; /* power plan lets the machine or display sleep */
    bool media_present; /* Media Foundation is there (missing in N editions) */
    bool uac_secure_desktop;
    bool driver_updates; /* Windows Update may replace drivers */
};

enum system_setting { SYSTEM_NO_SLEEP, SYSTEM_MEDIA, SYSTEM_NO_DRIVER_UPDATES };

struct system_port;

struct system_ops {
    /* Reads the settings and states of the machine as a whole. */
    bool (*query)(struct system_port *port, struct system_state *ret_state, struct err *err);
    /* Applies one policy of flow F16. */
    bool (*apply)(struct system_port *port,
                  enum system_setting setting,
                  bool *ret_reboot,
                  struct err *err);
    /* Asks Windows to restart; reason goes to the event log. Returns before it happens. */
    bool (*reboot)(struct system_port *port, const char *reason, struct err *err);
    /* Keeps the password of automatic logon as a secret of Windows, where it is used when the plain
     * value is gone; it is there when this returns true. */
    bool (*keep_password)(struct system_port *port, const char *password, struct err *err);
    /* Publishes the KVP summary (at most 1,000 characters); "" removes it. */
    bool (*publish)(struct system_port *port, const char *text, struct err *err);
    /* The render endpoints: *ret_present tells whether the cable's endpoint exists, *ret_default
     * whether it is the default; make_default sets it first. */
    bool (*audio)(struct system_port *port,
                  bool make_default,
                  bool *ret_present,
                  bool *ret_default,
                  struct err *err);
    /* Blocks until something that checks look at may have changed (devices, services, files,
     * session) or timeout_ms (real time) passed; -1: no timeout. *ret_changed tells which. wake()
     * from another thread ends it. */
    bool (*wait_change)(struct system_port *port,
                        int64_t timeout_ms,
                        bool *ret_changed,
                        struct err *err);
    void (*wake)(struct system_port *port);
};

struct system_port {
    const struct system_ops *ops;
};

#endif
