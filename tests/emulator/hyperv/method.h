/* Methods of classes: one row each in a table per subject. A handler checks what Hyper-V checks
 * before it answers, and hands what takes time to job_submit. */
#ifndef GPUPV_TESTS_HYPERV_METHOD_H
#define GPUPV_TESTS_HYPERV_METHOD_H

#include "store.h"

/* ReturnValue of methods and ErrorCode of jobs. */
enum {
    DONE = 0,
    STARTED = 4096,
    FAILED_CODE = 32768,
    DENIED = 32769,
    UNSUPPORTED = 32770,
    BAD_PARAMETER = 32773,
    IN_USE = 32774,
    BAD_STATE = 32775,
    BAD_TYPE = 32776,
    NO_MEMORY_LEFT = 32778,
    NO_FILE = 32779,
    NO_OBJECT = 32789
};

struct invocation {
    const struct schema_method *method;
    cJSON *target;   /* the instance, NULL for a static method */
    const cJSON *in; /* {name: value} */
    cJSON *out;      /* the same, for ReturnValue see the handler's result */
    HRESULT failed;  /* set by a handler that fails as a call, not with a ReturnValue */
};

struct method_row {
    const char *class, *name;
    DWORD (*handle)(struct invocation *call);
};

/* The tables, each ends with a row without name. */
extern const struct method_row machine_methods[], settings_methods[], security_methods[],
    image_methods[], snapshot_methods[], component_methods[], summary_methods[], job_methods[],
    guardian_methods[];

/* Calls a method: the whole of ExecMethod behind its parameters. path: as the client gave it; in
 * may be NULL. *ret_out is {name: value} with ReturnValue; the caller frees it. */
HRESULT method_call(const char *space,
                    const char *path,
                    const struct schema_method *method,
                    const cJSON *in,
                    cJSON **ret_out);

/* A reference or text among the inputs; NULL when it is not there. */
const char *in_text(const struct invocation *call, const char *name);

/* The row that a reference names, if it is of that class; NULL. */
cJSON *in_row(const struct invocation *call, const char *name, const char *class);

/* An embedded instance of that class; NULL and the reason in the log. The caller frees. */
cJSON *in_instance(const char *text, const char *class);

#endif
