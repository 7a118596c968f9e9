/* The emulated machine: its lock, its boots, its device nodes, what is told of their changes. All
 * state lies in the registry (registry.h), so that every process of the prefix sees one machine.
 *
 *   machine.c    lock and boot              node.c       a device node, kept in Enum and Live
 *   tree.c       all nodes, relations       enumerate.c  hardware that buses report comes and goes
 *   start.c      start, stop, disable       behaviour.c  what a test wants of a device
 *   event.c      the record of changes      call.c       call log and faults
 *   driver.c     driver store rows, ranks   bind.c       a driver becomes a device's
 *
 * Functions below the line "locked" are called between machine_enter and machine_leave. */
#ifndef GPUPV_TESTS_PNP_MACHINE_H
#define GPUPV_TESTS_PNP_MACHINE_H

#include "pnp_state.h"
#include "registry.h"

#include <cfgmgr32.h>

#define ROOT_NODE L"HTREE\\ROOT\\0"

/* ---- machine.c ---- */

/* Takes the machine's lock, and boots the machine when nobody has since the prefix was. May be
 * nested. */
void machine_enter(void);

/* Gives the lock back; the code that GetLastError tells stays as it is. */
void machine_leave(void);

/* How often the machine was booted since it was seeded. */
DWORD machine_boots(void);

/* Forgets every device that the emulator made, for another seed. */
void machine_reset(void);

/* A value of Settings. */
DWORD machine_setting(const wchar_t *name, DWORD otherwise);

/* ---- call.c ---- */

/* Begins a call: the code that a test wants it to fail with, else 0. */
DWORD call_fault(const char *function);

/* Ends a call: logs it and returns the code. */
CONFIGRET call_cr(CONFIGRET code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a function that answers TRUE or FALSE; sets the code as the last error unless it is
 * 0. */
BOOL call_bool(DWORD code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- locked ---- */

struct node {
    wchar_t id[PNP_ID_MAX];
    bool present; /* false: a phantom */
    bool started;
    DWORD problem; /* CM_PROB_* */
    DWORD starts;
    bool need_restart; /* something takes effect at the next boot */
};

/* ---- node.c ---- */

/* The node of that instance id. false: unknown. The root of the tree is a node. */
bool node_load(const wchar_t *id, struct node *ret_node);

/* Writes what changes while the machine runs. */
void node_save(const struct node *node);

/* Path of its key below Enum; of its driver's key below Class, empty without a driver. */
void node_path(const struct node *node, wchar_t *ret_path);
void node_driver_path(const struct node *node, wchar_t *ret_path);
void path_of_device_parameters(const struct node *node, wchar_t *ret_path);

/* Forgets the node: key, driver key, interfaces. */
void node_delete(const struct node *node);

/* A text value of its key. */
void node_text(const struct node *node, const wchar_t *value, wchar_t *ret_text, size_t max);

/* A list value of its key. */
void node_list(const struct node *node, const wchar_t *value, wchar_t *ret_list);

/* CONFIGFLAG_* of its key. */
DWORD node_config_flags(const struct node *node);
void node_set_config_flags(const struct node *node, DWORD set, DWORD clear);

/* DN_* bits as CM_Get_DevNode_Status tells them. */
DWORD node_status(const struct node *node);

/* Whether it is enumerated by the root bus. */
bool node_is_root_enumerated(const struct node *node);

/* Its number as a DEVINST, the same in every process until the next boot. */
DEVINST node_devinst(const struct node *node);

/* The id that goes with a DEVINST. false: nobody was told that number. */
bool devinst_id(DEVINST devinst, wchar_t *ret_id);

/* The node that goes with a DEVINST. false: none, or it was removed. */
bool devinst_node(DEVINST devinst, struct node *ret_node);

/* ---- tree.c ---- */

struct tree {
    struct node *items;
    size_t count;
};

/* All nodes but the root, parents before children; tree_done frees. */
void tree_load(struct tree *ret_tree);
void tree_done(struct tree *tree);

/* Id of the parent, ROOT_NODE when nothing else is known. */
void node_parent(const struct node *node, wchar_t *ret_id);

/* Whether node lies below that one, or is it. */
bool node_is_below(const struct node *node, const wchar_t *ancestor);

/* ---- behaviour.c ---- */

/* A number, text or list that Behaviour has for the device or for one of its hardware ids. */
DWORD behaviour_number(const struct node *node, const wchar_t *name, DWORD otherwise);
bool behaviour_text(const struct node *node, const wchar_t *name, wchar_t *ret_text, size_t max);
bool behaviour_list(const struct node *node, const wchar_t *name, wchar_t *ret_list);

/* The problem that this start ends with, 0 for none. Counts the start. */
DWORD behaviour_start_problem(const struct node *node);

/* Counts a boot. */
void behaviour_boot(void);

/* ---- start.c ---- */

/* Starts a present node that is not started; whatever prevents it becomes its problem. Children
 * that buses report come with it. */
void node_start(struct node *node);

/* Ends it and its children, with that problem. */
void node_stop(struct node *node, DWORD problem);

/* It comes: enumerated, given the best driver when it has none, started. */
void node_arrive(struct node *node);

/* It goes: stopped, no longer present. */
void node_leave(struct node *node);

struct veto {
    PNP_VETO_TYPE type;
    wchar_t name[PNP_ID_MAX];
};

/* Whether somebody objects to the node's stopping; value is VetoDisable or VetoRemove. */
bool node_vetoed(const struct node *node, const wchar_t *value, struct veto *ret_veto);

/* The results are CONFIGRET codes, CR_NEED_RESTART when it takes effect at the next boot. */
CONFIGRET node_disable(struct node *node, bool persist, struct veto *ret_veto);
CONFIGRET node_enable(struct node *node);
CONFIGRET node_restart(struct node *node, struct veto *ret_veto);

/* Prepares it for removal: stopped until it is enumerated again, or, with no_restart, until the
 * next boot or CM_Setup_DevNode. */
void node_hold(struct node *node, bool no_restart);

/* Starts one that is held, unless it shall stay so. */
void node_release(struct node *node);

/* Removes the device with its key. CR_NEED_RESTART: the next boot does. */
CONFIGRET node_remove(struct node *node, struct veto *ret_veto);

/* ---- enumerate.c ---- */

/* Asks all buses below that node (root: everywhere) what is there. retry: devices without a driver
 * get another chance too. */
void enumerate(const wchar_t *ancestor, bool retry);

/* Makes the key of an instance from its Hardware entry. */
void hardware_write(const wchar_t *id);

/* ---- interface.c ---- */

enum { INTERFACE_CHARS = 300 };

/* Classes of the interfaces that the node has while it is started: a list of GUID texts. */
void interface_classes(const struct node *node, wchar_t *ret_list);

/* The path that CreateFile gets. */
void interface_path(const struct node *node, const wchar_t *guid, wchar_t *ret_path);

/* Takes a path apart. false: it is none. */
bool interface_parse(const wchar_t *path, wchar_t *ret_instance, wchar_t *ret_guid);

/* Registers the node's interfaces and tells that they are there, or that they are gone. */
void interface_announce(const struct node *node, bool enabled);

/* Whether the node ever had an interface of that class. */
bool interface_registered(const struct node *node, const wchar_t *guid);

/* Forgets them. */
void interface_forget(const struct node *node);

/* ---- event.c ---- */

enum event_kind {
    EVENT_INTERFACE_ARRIVAL = 'A',
    EVENT_INTERFACE_REMOVAL = 'R',
    EVENT_ENUMERATED = 'E',
    EVENT_STARTED = 'S',
    EVENT_REMOVED = 'X',
    EVENT_CHANGED = 'C' /* told to nobody but pnp_wait */
};

/* Records a change. text: interface path or instance id. */
void event_add(enum event_kind kind, const wchar_t *text);

/* The number of the last event. */
DWORD event_last(void);

/* The event of that number. false: too old or not yet there. */
bool event_get(DWORD number, enum event_kind *ret_kind, wchar_t *ret_text, size_t max);

/* A key that changes with every event, to be watched; the caller closes it. Unlocked too. */
HKEY event_key(void);

/* ---- driver.c ---- */

struct driver {
    wchar_t inf[64];      /* published */
    wchar_t original[64]; /* as it came */
    wchar_t device_class[64];
    wchar_t class_guid[40];
    wchar_t version[32];
    wchar_t date[16]; /* mm/dd/yyyy */
    wchar_t provider[PNP_TEXT_MAX];
    wchar_t manufacturer[PNP_TEXT_MAX];
    wchar_t description[PNP_TEXT_MAX];
    wchar_t service[64];
    wchar_t folder[128];              /* in FileRepository */
    wchar_t section[64];              /* install section */
    wchar_t hardware_ids[LIST_CHARS]; /* those it serves */
};

enum { RANK_NONE = 0x7fffffff };

/* The row of a published INF. false: not in the store. */
bool driver_load(const wchar_t *inf, struct driver *ret_driver);
void driver_save(const struct driver *driver);

/* How well it serves the node: 0 best, RANK_NONE not at all. */
DWORD driver_rank(const struct driver *driver, const struct node *node);

/* Whether a is the better driver for the node than b; equal ones are not. */
bool driver_better(const struct driver *a, const struct driver *b, const struct node *node);

/* The best of the store. false: none serves it. */
bool driver_best(const struct node *node, struct driver *ret_driver);

/* "0.45.0.0" as a number. */
uint64_t driver_version(const wchar_t *text);

/* ---- bind.c ---- */

/* Makes driver the node's and starts it with that. ret_reboot: it takes effect at the next boot. */
void node_bind(struct node *node, const struct driver *driver, bool *ret_reboot);

/* Writes the setup classes that every Windows has. */
void classes_write(void);

/* The driver it has. false: none. */
bool node_driver(const struct node *node, struct driver *ret_driver);

#endif
