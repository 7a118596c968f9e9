/* Setting, rendering and transporting errors. */
#include "common/err.h"

#include <cjson/cJSON.h>
#include <uv.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HRESULT_FACILITY_WIN32 0x8007

static const char *const kind_names[ERR_KINDS] = {
    [ERR_NONE] = "none",           [ERR_FAILED] = "failed",
    [ERR_BAD_INPUT] = "bad_input", [ERR_TOO_LARGE] = "too_large",
    [ERR_USAGE] = "usage",         [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",       [ERR_BUSY] = "busy",
    [ERR_CONFLICT] = "conflict",   [ERR_DENIED] = "denied",
    [ERR_AUTH] = "auth",           [ERR_UNREACHABLE] = "unreachable",
    [ERR_TIMEOUT] = "timeout",     [ERR_CLOSED] = "closed",
    [ERR_CANCELLED] = "cancelled", [ERR_UNSUPPORTED] = "unsupported",
    [ERR_UNSAFE] = "unsafe",       [ERR_NO_MEMORY] = "no_memory",
    [ERR_NO_SPACE] = "no_space",   [ERR_IO] = "io",
};

static const char *const domain_names[ERR_DOMAINS] = {
    [ERR_DOMAIN_GPUPV] = "gpupv",
    [ERR_DOMAIN_UV] = "uv",
    [ERR_DOMAIN_ERRNO] = "errno",
    [ERR_DOMAIN_WIN32] = "win32",
    [ERR_DOMAIN_HRESULT] = "hresult",
    [ERR_DOMAIN_CONFIGRET] = "configret",
    [ERR_DOMAIN_TLS] = "tls",
};

struct code_kind {
    int32_t code;
    enum err_kind kind;
};

static const struct code_kind errno_kinds[] = {
    {ENOENT, ERR_NOT_FOUND},
    {ENOTDIR, ERR_NOT_FOUND},
    {EEXIST, ERR_EXISTS},
    {ENOTEMPTY, ERR_EXISTS},
    {EACCES, ERR_DENIED},
    {EPERM, ERR_DENIED},
    {EROFS, ERR_DENIED},
    {EBUSY, ERR_BUSY},
    {EAGAIN, ERR_BUSY},
    {ETXTBSY, ERR_BUSY},
    {ENOMEM, ERR_NO_MEMORY},
    {ENOSPC, ERR_NO_SPACE},
    {EFBIG, ERR_TOO_LARGE},
    {ENAMETOOLONG, ERR_TOO_LARGE},
    {EINVAL, ERR_BAD_INPUT},
    {ELOOP, ERR_UNSAFE},
    {EIO, ERR_IO},
    {EPIPE, ERR_CLOSED},
    {ECONNRESET, ERR_CLOSED},
    {ECONNABORTED, ERR_CLOSED},
    {ECONNREFUSED, ERR_UNREACHABLE},
    {EHOSTUNREACH, ERR_UNREACHABLE},
    {ENETUNREACH, ERR_UNREACHABLE},
    {ETIMEDOUT, ERR_TIMEOUT},
    {EADDRINUSE, ERR_EXISTS},
    {ENOTSUP, ERR_UNSUPPORTED},
    {ENOSYS, ERR_UNSUPPORTED},
};

static const struct code_kind uv_kinds[] = {
    {UV_ENOENT, ERR_NOT_FOUND},
    {UV_ENOTDIR, ERR_NOT_FOUND},
    {UV_EEXIST, ERR_EXISTS},
    {UV_ENOTEMPTY, ERR_EXISTS},
    {UV_EADDRINUSE, ERR_EXISTS},
    {UV_EACCES, ERR_DENIED},
    {UV_EPERM, ERR_DENIED},
    {UV_EROFS, ERR_DENIED},
    {UV_EBUSY, ERR_BUSY},
    {UV_EAGAIN, ERR_BUSY},
    {UV_ENOMEM, ERR_NO_MEMORY},
    {UV_ENOSPC, ERR_NO_SPACE},
    {UV_EFBIG, ERR_TOO_LARGE},
    {UV_ENAMETOOLONG, ERR_TOO_LARGE},
    {UV_EINVAL, ERR_BAD_INPUT},
    {UV_ELOOP, ERR_UNSAFE},
    {UV_EIO, ERR_IO},
    {UV_EOF, ERR_CLOSED},
    {UV_EPIPE, ERR_CLOSED},
    {UV_ECONNRESET, ERR_CLOSED},
    {UV_ECONNABORTED, ERR_CLOSED},
    {UV_ECONNREFUSED, ERR_UNREACHABLE},
    {UV_EHOSTUNREACH, ERR_UNREACHABLE},
    {UV_ENETUNREACH, ERR_UNREACHABLE},
    {UV_ETIMEDOUT, ERR_TIMEOUT},
    {UV_ECANCELED, ERR_CANCELLED},
    {UV_ENOTSUP, ERR_UNSUPPORTED},
    {UV_ENOSYS, ERR_UNSUPPORTED},
};

/* Win32 and Winsock numbers, spelled out because this file is portable (winerror.h). */
static const struct code_kind win32_kinds[] = {
    {2, ERR_NOT_FOUND},       /* ERROR_FILE_NOT_FOUND */
    {3, ERR_NOT_FOUND},       /* ERROR_PATH_NOT_FOUND */
    {5, ERR_DENIED},          /* ERROR_ACCESS_DENIED */
    {8, ERR_NO_MEMORY},       /* ERROR_NOT_ENOUGH_MEMORY */
    {14, ERR_NO_MEMORY},      /* ERROR_OUTOFMEMORY */
    {29, ERR_IO},             /* ERROR_WRITE_FAULT */
    {30, ERR_IO},             /* ERROR_READ_FAULT */
    {32, ERR_BUSY},           /* ERROR_SHARING_VIOLATION */
    {33, ERR_BUSY},           /* ERROR_LOCK_VIOLATION */
    {39, ERR_NO_SPACE},       /* ERROR_HANDLE_DISK_FULL */
    {50, ERR_UNSUPPORTED},    /* ERROR_NOT_SUPPORTED */
    {80, ERR_EXISTS},         /* ERROR_FILE_EXISTS */
    {87, ERR_BAD_INPUT},      /* ERROR_INVALID_PARAMETER */
    {109, ERR_CLOSED},        /* ERROR_BROKEN_PIPE */
    {112, ERR_NO_SPACE},      /* ERROR_DISK_FULL */
    {120, ERR_UNSUPPORTED},   /* ERROR_CALL_NOT_IMPLEMENTED */
    {121, ERR_TIMEOUT},       /* ERROR_SEM_TIMEOUT */
    {123, ERR_BAD_INPUT},     /* ERROR_INVALID_NAME */
    {145, ERR_EXISTS},        /* ERROR_DIR_NOT_EMPTY */
    {170, ERR_BUSY},          /* ERROR_BUSY */
    {183, ERR_EXISTS},        /* ERROR_ALREADY_EXISTS */
    {206, ERR_TOO_LARGE},     /* ERROR_FILENAME_EXCED_RANGE */
    {223, ERR_TOO_LARGE},     /* ERROR_FILE_TOO_LARGE */
    {258, ERR_TIMEOUT},       /* WAIT_TIMEOUT */
    {740, ERR_DENIED},        /* ERROR_ELEVATION_REQUIRED */
    {995, ERR_CANCELLED},     /* ERROR_OPERATION_ABORTED */
    {1060, ERR_NOT_FOUND},    /* ERROR_SERVICE_DOES_NOT_EXIST */
    {1117, ERR_IO},           /* ERROR_IO_DEVICE */
    {1168, ERR_NOT_FOUND},    /* ERROR_NOT_FOUND */
    {1223, ERR_CANCELLED},    /* ERROR_CANCELLED */
    {1225, ERR_UNREACHABLE},  /* ERROR_CONNECTION_REFUSED */
    {1231, ERR_UNREACHABLE},  /* ERROR_NETWORK_UNREACHABLE */
    {1232, ERR_UNREACHABLE},  /* ERROR_HOST_UNREACHABLE */
    {1236, ERR_CLOSED},       /* ERROR_CONNECTION_ABORTED */
    {1314, ERR_DENIED},       /* ERROR_PRIVILEGE_NOT_HELD */
    {1460, ERR_TIMEOUT},      /* ERROR_TIMEOUT */
    {10013, ERR_DENIED},      /* WSAEACCES */
    {10047, ERR_UNSUPPORTED}, /* WSAEAFNOSUPPORT */
    {10048, ERR_EXISTS},      /* WSAEADDRINUSE */
    {10053, ERR_CLOSED},      /* WSAECONNABORTED */
    {10054, ERR_CLOSED},      /* WSAECONNRESET */
    {10060, ERR_TIMEOUT},     /* WSAETIMEDOUT */
    {10061, ERR_UNREACHABLE}, /* WSAECONNREFUSED */
    {10065, ERR_UNREACHABLE}, /* WSAEHOSTUNREACH */
    /* setupapi.h */
    {(int32_t)0xE0000205, ERR_NOT_FOUND},   /* ERROR_INVALID_DEVINST_NAME */
    {(int32_t)0xE000020B, ERR_NOT_FOUND},   /* ERROR_NO_SUCH_DEVINST */
    {(int32_t)0xE0000231, ERR_UNSUPPORTED}, /* ERROR_NOT_DISABLEABLE */
    {(int32_t)0xE0000235, ERR_UNSUPPORTED}, /* ERROR_IN_WOW64 */
};

static const struct code_kind hresult_kinds[] = {
    {(int32_t)0x80004001, ERR_UNSUPPORTED}, /* E_NOTIMPL */
    {(int32_t)0x80004004, ERR_CANCELLED},   /* E_ABORT */
    {(int32_t)0x80041002, ERR_NOT_FOUND},   /* WBEM_E_NOT_FOUND */
    {(int32_t)0x80041003, ERR_DENIED},      /* WBEM_E_ACCESS_DENIED */
    {(int32_t)0x80041006, ERR_NO_MEMORY},   /* WBEM_E_OUT_OF_MEMORY */
    {(int32_t)0x80041008, ERR_BAD_INPUT},   /* WBEM_E_INVALID_PARAMETER */
    {(int32_t)0x8004100E, ERR_UNSUPPORTED}, /* WBEM_E_INVALID_NAMESPACE */
    {(int32_t)0x80041010, ERR_UNSUPPORTED}, /* WBEM_E_INVALID_CLASS */
    {(int32_t)0x80041019, ERR_EXISTS},      /* WBEM_E_ALREADY_EXISTS */
};

/* cfgmgr32.h */
static const struct code_kind configret_kinds[] = {
    {0x02, ERR_NO_MEMORY},   /* CR_OUT_OF_MEMORY */
    {0x05, ERR_NOT_FOUND},   /* CR_INVALID_DEVNODE */
    {0x0D, ERR_NOT_FOUND},   /* CR_NO_SUCH_DEVNODE */
    {0x17, ERR_DENIED},      /* CR_REMOVE_VETOED */
    {0x1E, ERR_NOT_FOUND},   /* CR_INVALID_DEVICE_ID */
    {0x25, ERR_NOT_FOUND},   /* CR_NO_SUCH_VALUE */
    {0x28, ERR_UNSUPPORTED}, /* CR_NOT_DISABLEABLE */
    {0x2C, ERR_UNSUPPORTED}, /* CR_CALL_NOT_IMPLEMENTED */
    {0x33, ERR_DENIED},      /* CR_ACCESS_DENIED */
};

/* mbedtls/ssl.h: what a wrong or missing key looks like from either side. */
static const struct code_kind tls_kinds[] = {
    {-0x7780, ERR_AUTH},      /* MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE */
    {-0x7180, ERR_AUTH},      /* MBEDTLS_ERR_SSL_INVALID_MAC */
    {-0x6C80, ERR_AUTH},      /* MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY */
    {-0x7880, ERR_CLOSED},    /* MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY */
    {-0x7280, ERR_CLOSED},    /* MBEDTLS_ERR_SSL_CONN_EOF */
    {-0x7F00, ERR_NO_MEMORY}, /* MBEDTLS_ERR_SSL_ALLOC_FAILED */
    {-0x6800, ERR_TIMEOUT},   /* MBEDTLS_ERR_SSL_TIMEOUT */
};

#define KINDS_OF(table) .rows = (table), .count = sizeof(table) / sizeof((table)[0])

static const struct {
    const struct code_kind *rows;
    size_t count;
} domain_kinds[ERR_DOMAINS] = {
    [ERR_DOMAIN_UV] = {KINDS_OF(uv_kinds)},
    [ERR_DOMAIN_ERRNO] = {KINDS_OF(errno_kinds)},
    [ERR_DOMAIN_WIN32] = {KINDS_OF(win32_kinds)},
    [ERR_DOMAIN_HRESULT] = {KINDS_OF(hresult_kinds)},
    [ERR_DOMAIN_CONFIGRET] = {KINDS_OF(configret_kinds)},
    [ERR_DOMAIN_TLS] = {KINDS_OF(tls_kinds)},
};

static enum err_kind kind_of(enum err_domain domain, int32_t code)
{
    size_t i;

    if (domain == ERR_DOMAIN_HRESULT && (uint32_t)code >> 16 == HRESULT_FACILITY_WIN32)
        return kind_of(ERR_DOMAIN_WIN32, code & 0xFFFF);
    for (i = 0; i < domain_kinds[domain].count; i++) {
        if (domain_kinds[domain].rows[i].code == code)
            return domain_kinds[domain].rows[i].kind;
    }
    return ERR_FAILED;
}

static void set_message(struct err *err, enum err_kind kind, enum text_id message, va_list list)
{
    struct err made = ERR_INIT;
    const char *arg;

    made.kind = kind;
    made.message = message;
    while (made.arg_count < ERR_ARGS && (arg = va_arg(list, const char *)) != NULL)
        text_copy(made.args[made.arg_count++], ERR_ARG_BYTES, arg);
    *err = made;
}

bool err_set(struct err *err, enum err_kind kind, enum text_id message, ...)
{
    va_list list;

    if (!err)
        return false;
    va_start(list, message);
    set_message(err, kind, message, list);
    va_end(list);
    return false;
}

bool err_set_os(struct err *err, enum err_domain domain, int32_t code, enum text_id message, ...)
{
    va_list list;

    if (!err)
        return false;
    va_start(list, message);
    set_message(err, kind_of(domain, code), message, list);
    va_end(list);
    err->domain = domain;
    err->code = code;
    return false;
}

bool err_no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, TEXT_OUT_OF_MEMORY, NULL);
}

bool err_hint(struct err *err, enum text_id hint)
{
    if (err)
        err->hint = hint;
    return false;
}

bool err_context(struct err *err, enum text_id context, const char *arg)
{
    if (err && err->context == TEXT_NONE) {
        err->context = context;
        text_copy(err->context_arg, sizeof err->context_arg, arg ? arg : "");
    }
    return false;
}

void err_clear(struct err *err)
{
    static const struct err none = ERR_INIT;

    if (err)
        *err = none;
}

bool err_is_set(const struct err *err)
{
    return err && err->kind != ERR_NONE;
}

/* Fills the sentence id with err's arguments, made safe, into out. */
static void render(const struct err *err, enum text_id id, enum text_lang lang, char *out, size_t n)
{
    char safe[ERR_ARGS][ERR_ARG_BYTES];
    const char *args[ERR_ARGS];
    size_t i;

    for (i = 0; i < err->arg_count && i < ERR_ARGS; i++)
        args[i] = text_safe(safe[i], sizeof safe[i], err->args[i]);
    text_format(out, n, lang, id, args, i);
}

const char *err_message(const struct err *err, enum text_lang lang, char *out, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return "";
    out[0] = '\0';
    if (!err_is_set(err))
        return out;
    if (err->context != TEXT_NONE) {
        char safe[ERR_ARG_BYTES];
        const char *arg = text_safe(safe, sizeof safe, err->context_arg);

        text_format(out, size, lang, err->context, &arg, 1);
        used = strlen(out);
        text_copy(out + used, size - used, lang == TEXT_ZH ? "：" : ": ");
        used += strlen(out + used);
    }
    render(err, err->message, lang, out + used, size - used);
    used += strlen(out + used);
    if (err->domain != ERR_DOMAIN_GPUPV) {
        char code[64];

        snprintf(code,
                 sizeof code,
                 err->domain == ERR_DOMAIN_HRESULT ? " (%s 0x%08X)" : " (%s %d)",
                 err_domain_name(err->domain),
                 (int)err->code);
        text_copy(out + used, size - used, code);
    }
    return out;
}

const char *err_hint_text(const struct err *err, enum text_lang lang, char *out, size_t size)
{
    if (size == 0)
        return "";
    out[0] = '\0';
    if (err_is_set(err) && err->hint != TEXT_NONE)
        render(err, err->hint, lang, out, size);
    return out;
}

const char *err_kind_name(enum err_kind kind)
{
    return (unsigned)kind < ERR_KINDS ? kind_names[kind] : kind_names[ERR_FAILED];
}

enum err_kind err_kind_parse(const char *name)
{
    unsigned i;

    for (i = 0; i < ERR_KINDS; i++) {
        if (strcmp(kind_names[i], name) == 0)
            return (enum err_kind)i;
    }
    return ERR_FAILED;
}

const char *err_domain_name(enum err_domain domain)
{
    return (unsigned)domain < ERR_DOMAINS ? domain_names[domain] : domain_names[ERR_DOMAIN_GPUPV];
}

static bool add_args(cJSON *json, const struct err *err)
{
    cJSON *args = cJSON_AddArrayToObject(json, "args");
    size_t i;

    for (i = 0; args && i < err->arg_count && i < ERR_ARGS; i++) {
        cJSON *arg = cJSON_CreateString(err->args[i]);

        if (!arg || !cJSON_AddItemToArray(args, arg)) {
            cJSON_Delete(arg);
            return false;
        }
    }
    return args != NULL;
}

struct cJSON *err_to_json(const struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    bool ok = json && cJSON_AddStringToObject(json, "kind", err_kind_name(err->kind)) &&
              cJSON_AddStringToObject(json, "id", text_row(err->message)->name) &&
              add_args(json, err);

    if (ok && err->hint != TEXT_NONE)
        ok = cJSON_AddStringToObject(json, "hint", text_row(err->hint)->name);
    if (ok && err->context != TEXT_NONE)
        ok = cJSON_AddStringToObject(json, "context", text_row(err->context)->name) &&
             cJSON_AddStringToObject(json, "context_arg", err->context_arg);
    if (ok && err->domain != ERR_DOMAIN_GPUPV)
        ok = cJSON_AddStringToObject(json, "domain", err_domain_name(err->domain)) &&
             cJSON_AddNumberToObject(json, "code", err->code);
    if (!ok) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

/* The string field key, "" when it is absent or of another type. */
static const char *string_or_empty(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsString(item) && item->valuestring ? item->valuestring : "";
}

static void args_from_json(struct err *err, const cJSON *args)
{
    const cJSON *arg;

    if (!cJSON_IsArray(args))
        return;
    for (arg = args->child; arg && err->arg_count < ERR_ARGS; arg = arg->next)
        text_copy(err->args[err->arg_count++],
                  ERR_ARG_BYTES,
                  cJSON_IsString(arg) && arg->valuestring ? arg->valuestring : "");
}

static void code_from_json(struct err *err, const cJSON *json)
{
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(json, "code");
    const char *domain = string_or_empty(json, "domain");
    unsigned i;

    for (i = 0; i < ERR_DOMAINS; i++) {
        if (strcmp(domain_names[i], domain) == 0)
            err->domain = (enum err_domain)i;
    }
    if (err->domain != ERR_DOMAIN_GPUPV && cJSON_IsNumber(code) && code->valuedouble >= INT32_MIN &&
        code->valuedouble <= INT32_MAX)
        err->code = (int32_t)code->valuedouble;
}

void err_from_json(struct err *ret_err, const struct cJSON *json)
{
    const char *id = string_or_empty(json, "id");
    const char *context = string_or_empty(json, "context");

    err_clear(ret_err);
    ret_err->kind = err_kind_parse(string_or_empty(json, "kind"));
    if (ret_err->kind == ERR_NONE)
        ret_err->kind = ERR_FAILED;
    ret_err->message = text_by_name(id);
    if (ret_err->message == TEXT_NONE) {
        ret_err->message = TEXT_REMOTE_ERROR;
        text_copy(ret_err->args[ret_err->arg_count++], ERR_ARG_BYTES, id);
    } else {
        args_from_json(ret_err, cJSON_GetObjectItemCaseSensitive(json, "args"));
        ret_err->hint = text_by_name(string_or_empty(json, "hint"));
    }
    ret_err->context = text_by_name(context);
    if (ret_err->context != TEXT_NONE)
        text_copy(ret_err->context_arg, ERR_ARG_BYTES, string_or_empty(json, "context_arg"));
    code_from_json(ret_err, json);
}
