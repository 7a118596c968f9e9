/*
 * Windows Management through COM, in our terms: UTF-8, whole results, methods with their jobs.
 * A connection may be used by several threads at once. Objects are snapshots: what was changed is
 * fetched again. Readers answer false when a property is missing, null or of another kind, and
 * leave "" or 0; writers ask the object which type it wants. Facts: Microsoft's WMI documentation
 * (Connecting to a namespace; Numbers; IWbemObjectTextSrc).
 */
#ifndef GPUPV_HYPERVISOR_WMI_WIN32_H
#define GPUPV_HYPERVISOR_WMI_WIN32_H

#include "common/buf.h"
#include "common/err.h"
#include "host/hypervisor/wmi_text.h"

#define WMI_TEXT_BYTES   ((size_t)4 << 20) /* of an instance as text, or a text property */
#define WMI_JOB_MS       180000
#define WMI_VIRTUAL      "ROOT\\virtualization\\v2"
#define WMI_WINDOWS      "ROOT\\cimv2"
#define WMI_GUARDIANS    "ROOT\\Microsoft\\Windows\\Hgs"
#define WMI_NO_NAMESPACE ((int32_t)0x8004100eu)

struct IWbemClassObject;
struct IEnumWbemClassObject;
struct wmi;

/* What a query found. */
struct wmi_rows {
    struct IWbemClassObject **items;
    size_t count, room;
};

/* Connects to a namespace of this computer; close with wmi_close. */
bool wmi_open(const char *name_space, struct wmi **ret_wmi, struct err *err);

/* NULL is fine. */
void wmi_close(struct wmi *wmi);

/* Runs a WQL query; free the rows with wmi_rows_done, also after a failure. */
bool wmi_query(struct wmi *wmi, const char *wql, struct wmi_rows *ret_rows, struct err *err);

/* SELECT * FROM type WHERE property = value; LIKE value% for wmi_select_like. */
bool wmi_select(struct wmi *wmi,
                const char *type,
                const char *property,
                const char *value,
                struct wmi_rows *ret_rows,
                struct err *err);
bool wmi_select_like(struct wmi *wmi,
                     const char *type,
                     const char *property,
                     const char *value,
                     struct wmi_rows *ret_rows,
                     struct err *err);

/* What stands behind an association of the object at path; result NULL: any class. */
bool wmi_associators(struct wmi *wmi,
                     const char *path,
                     const char *association,
                     const char *result,
                     struct wmi_rows *ret_rows,
                     struct err *err);

/* Frees rows and the objects in them. */
void wmi_rows_done(struct wmi_rows *rows);

/* Fetches the object, or class, at path; ERR_NOT_FOUND. Free with wmi_object_free. */
bool wmi_get(struct wmi *wmi, const char *path, struct IWbemClassObject **ret, struct err *err);

/* A new instance of a class, not stored anywhere. */
bool wmi_spawn(struct wmi *wmi, const char *type, struct IWbemClassObject **ret, struct err *err);

/* NULL is fine. */
void wmi_object_free(struct IWbemClassObject *object);

/* Takes one row out of rows, which keep the others; NULL when there is none. */
struct IWbemClassObject *wmi_rows_take(struct wmi_rows *rows, size_t index);

/* Begins to be told of events; the caller releases with wmi_events_close. */
bool wmi_events_open(struct wmi *wmi,
                     const char *wql,
                     struct IEnumWbemClassObject **ret_events,
                     struct err *err);

/* Waits for an event; *ret_happened tells whether one came. */
bool wmi_events_wait(struct IEnumWbemClassObject *events,
                     int64_t timeout_ms,
                     bool *ret_happened,
                     struct err *err);

/* NULL is fine. */
void wmi_events_close(struct IEnumWbemClassObject *events);

/* ---- properties (wmi_object_win32.c) ---- */

/* Reads text, or the first of several; cut when too long. */
bool wmi_text(struct IWbemClassObject *object, const char *name, char *out, size_t size);

/* Reads any number or boolean, or the first of several. */
bool wmi_number(struct IWbemClassObject *object, const char *name, uint64_t *ret_number);

/* Calls visit for each text of an array until it returns false. */
bool wmi_texts(struct IWbemClassObject *object,
               const char *name,
               bool (*visit)(const char *text, void *user),
               void *user);

/* Appends the bytes of an array of uint8. */
bool wmi_bytes(struct IWbemClassObject *object, const char *name, struct buf *out);

/* The embedded objects of an array, or one; wmi_rows_done. */
bool wmi_objects(struct IWbemClassObject *object, const char *name, struct wmi_rows *ret_rows);

/* The object's own path. */
bool wmi_path(struct IWbemClassObject *object, char out[WMI_PATH_BYTES], struct err *err);

/* Set one property. */
bool wmi_put_text(struct IWbemClassObject *object,
                  const char *name,
                  const char *text,
                  struct err *err);
bool wmi_put_number(struct IWbemClassObject *object,
                    const char *name,
                    uint64_t number,
                    struct err *err);
bool wmi_put_texts(struct IWbemClassObject *object,
                   const char *name,
                   const char *const *texts,
                   size_t count,
                   struct err *err);
bool wmi_put_numbers(struct IWbemClassObject *object,
                     const char *name,
                     const uint32_t *numbers,
                     size_t count,
                     struct err *err);
bool wmi_put_bytes(struct IWbemClassObject *object,
                   const char *name,
                   const struct buf *bytes,
                   struct err *err);
bool wmi_put_object(struct IWbemClassObject *object,
                    const char *name,
                    struct IWbemClassObject *value,
                    struct err *err);

/* Appends the object as CIM-XML: what "embedded instance" parameters take. */
bool wmi_embed(struct IWbemClassObject *object, struct buf *out, struct err *err);

/* Sets a parameter to the object as CIM-XML; wmi_put_embedded_list: to an array of it alone. */
bool wmi_put_embedded(struct IWbemClassObject *params,
                      const char *name,
                      struct IWbemClassObject *object,
                      struct err *err);
bool wmi_put_embedded_list(struct IWbemClassObject *params,
                           const char *name,
                           struct IWbemClassObject *object,
                           struct err *err);

/* ---- methods (wmi_call_win32.c) ---- */

/* One call of a method; in is filled in between begin and run. */
struct wmi_call {
    struct wmi *wmi;
    const char *method;
    char path[WMI_PATH_BYTES];
    char job[WMI_PATH_BYTES]; /* "" when it was done at once */
    struct IWbemClassObject *in, *out;
    uint32_t code; /* ReturnValue, or ErrorCode of the job */
    int64_t timeout_ms;
    bool plain; /* a class with codes of its own: only 0 is fine, and there are no jobs */
};

/* Prepares the call of a method of the object, or for a static one the class, at path. */
bool wmi_call_begin(struct wmi_call *call,
                    struct wmi *wmi,
                    const char *type,
                    const char *path,
                    const char *method,
                    struct err *err);

/* Calls, and waits for the job. A state that is only just changing is tried again for a moment. */
bool wmi_call_run(struct wmi_call *call, struct err *err);

/* Frees what the call holds; after a failed begin, too. */
void wmi_call_done(struct wmi_call *call);

#endif
