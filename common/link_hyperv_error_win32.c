/* What the codes of this family mean: the same number says different things on TCP. */
#include "common/link_hyperv_io_win32.h"

#include <stddef.h>

struct meaning {
    int code;
    enum err_kind kind;
    enum text_id message, hint;
};

static const struct meaning meanings[] = {
    {WSAEAFNOSUPPORT, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, TEXT_HYPERV_NO_SOCKETS_HINT},
    {WSAENETDOWN, ERR_UNREACHABLE, TEXT_HYPERV_DOWN, TEXT_HYPERV_DOWN_HINT},
    {WSAEACCES, ERR_DENIED, TEXT_HYPERV_DENIED, TEXT_HYPERV_DENIED_HINT},
    {WSAEADDRINUSE, ERR_EXISTS, TEXT_HYPERV_TAKEN, TEXT_HYPERV_TAKEN_HINT},
    {WSAECONNREFUSED, ERR_UNREACHABLE, TEXT_HYPERV_REFUSED, TEXT_HYPERV_SILENT_HINT},
    {ERROR_CONNECTION_REFUSED, ERR_UNREACHABLE, TEXT_HYPERV_REFUSED, TEXT_HYPERV_SILENT_HINT},
    {WSAETIMEDOUT, ERR_TIMEOUT, TEXT_HYPERV_SILENT, TEXT_HYPERV_SILENT_HINT},
    {ERROR_SEM_TIMEOUT, ERR_TIMEOUT, TEXT_HYPERV_SILENT, TEXT_HYPERV_SILENT_HINT},
    {WSAENETUNREACH, ERR_UNREACHABLE, TEXT_HYPERV_GONE, TEXT_HYPERV_GONE_HINT},
    {WSAEHOSTUNREACH, ERR_UNREACHABLE, TEXT_HYPERV_GONE, TEXT_HYPERV_GONE_HINT},
    {WSAEHOSTDOWN, ERR_UNREACHABLE, TEXT_HYPERV_GONE, TEXT_HYPERV_GONE_HINT},
    {WSAEADDRNOTAVAIL, ERR_UNREACHABLE, TEXT_HYPERV_GONE, TEXT_HYPERV_GONE_HINT},
    {ERROR_CONNECTION_UNAVAIL, ERR_UNREACHABLE, TEXT_HYPERV_GONE, TEXT_HYPERV_GONE_HINT},
    {WSAECONNRESET, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {WSAECONNABORTED, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {WSAENETRESET, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {WSAENOTCONN, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {WSAESHUTDOWN, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {ERROR_NETNAME_DELETED, ERR_CLOSED, TEXT_HYPERV_LOST, TEXT_NONE},
    {WSAENOBUFS, ERR_NO_MEMORY, TEXT_OUT_OF_MEMORY, TEXT_NONE},
};

static const struct meaning unknown = {0, ERR_IO, TEXT_HYPERV_FAILED, TEXT_NONE};

bool hv_error(struct err *err, int code, const struct link_guid *about)
{
    const struct meaning *m = &unknown;
    char text[37] = "";

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == code)
            m = &meanings[i];
    if (about)
        link_guid_text(about, text);
    err_set_os(err, ERR_DOMAIN_WIN32, code, m->message, text, NULL);
    if (err)
        err->kind = m->kind;
    return err_hint(err, m->hint);
}
