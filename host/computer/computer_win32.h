/*
 * What the halves of the Windows computer share: registry values, and the questions that need
 * functions of their own. Private to host/computer/.
 */
#ifndef GPUPV_COMPUTER_WIN32_H
#define GPUPV_COMPUTER_WIN32_H

#include "host/computer/computer.h"

#include <windows.h>

/* A number below HKEY_LOCAL_MACHINE in the 64-bit view; false when it is not there. */
bool computer_number(const wchar_t *key, const wchar_t *name, DWORD *ret_value);

/* A text; "" when it is not there. Returns out. */
const char *computer_text(const wchar_t *key, const wchar_t *name, char *out, size_t size);

/* True when the key is there. */
bool computer_has_key(const wchar_t *key);

/* How a service is. */
enum service_life computer_service(const wchar_t *name);

/* The processor and the hypervisor, memory and power. */
void computer_read_machine(struct computer_facts *facts);

/* The state of an optional feature, as dismapi.dll has it; needs rights, else unknown. Slow. */
enum feature_state computer_feature(const wchar_t *name);

/* The launch type of the default entry in the boot configuration; needs rights, else unknown. */
enum launch_type computer_launch(void);

#endif
