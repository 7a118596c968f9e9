/* What the parts of the WMI layer share; needs windows.h before it. */
#ifndef GPUPV_HYPERVISOR_WMI_INSIDE_WIN32_H
#define GPUPV_HYPERVISOR_WMI_INSIDE_WIN32_H

#include "host/hypervisor/wmi_win32.h"

#include <wbemcli.h>

struct wmi {
    IWbemServices *services;
};

/* UTF-8 as a BSTR; free with SysFreeString. NULL: malformed, or no memory. */
BSTR wmi_bstr(const char *text);

/* Appends a BSTR as UTF-8. */
bool wmi_put_bstr(struct buf *out, BSTR text);

/* Sets the error of a call of WMI; what names it. Returns false. */
bool wmi_fail(HRESULT result, enum text_id text, const char *what, struct err *err);

#endif
