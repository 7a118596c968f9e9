/* The render endpoints of Windows audio: whether VB-Cable's is there and the default one. */
#ifndef GPUPV_WINDOWS_AUDIO_WIN32_H
#define GPUPV_WINDOWS_AUDIO_WIN32_H

#include "common/err.h"

/* system_ops.audio. */
bool audio_cable(bool make_default, bool *ret_present, bool *ret_default, struct err *err);

#endif
