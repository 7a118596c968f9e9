/* The CM_ functions, which cfgmgr32.dll and setupapi.dll both export. They check their arguments in
 * the order pointers, device, flags, as configuration manager does, then act on the machine under
 * its lock, then log. */
#ifndef GPUPV_TESTS_PNP_CM_H
#define GPUPV_TESTS_PNP_CM_H

#include "machine.h"

/* The node of a DEVINST: CR_INVALID_DEVNODE for a number that nobody was given, CR_NO_SUCH_DEVNODE
 * for a device that is gone, or is a phantom where none will do. */
CONFIGRET cm_find(DEVINST devinst, bool phantom_will_do, struct node *ret_node);

/* Its id for the log. */
const wchar_t *cm_name(DEVINST devinst, wchar_t *buffer);

/* CR_ACCESS_DENIED when the caller may not change devices. */
CONFIGRET cm_may_change(void);

/* Gives bytes back as CM_Get_DevNode_Property and its like do: CR_BUFFER_SMALL with the size that
 * is needed. */
CONFIGRET cm_give(const void *data, ULONG size, void *ret_buffer, ULONG *size_inout);

/* Those that no header of mingw-w64 10 has. */
CONFIGRET WINAPI CM_Get_Device_Interface_PropertyW(LPCWSTR path,
                                                   const DEVPROPKEY *key,
                                                   DEVPROPTYPE *ret_type,
                                                   PBYTE ret_buffer,
                                                   PULONG size_inout,
                                                   ULONG flags);
DWORD WINAPI CM_MapCrToWin32Err(CONFIGRET code, DWORD otherwise);
CONFIGRET WINAPI CM_Register_Notification(PCM_NOTIFY_FILTER filter,
                                          PVOID context,
                                          PCM_NOTIFY_CALLBACK callback,
                                          PHCMNOTIFICATION ret_handle);
CONFIGRET WINAPI CM_Unregister_Notification(HCMNOTIFICATION handle);

#endif
