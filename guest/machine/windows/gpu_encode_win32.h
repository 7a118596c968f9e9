/*
 * Whether a video encoder opens on the paravirtualised adapter, asked before anybody connects. The
 * drivers of a vendor are loaded by a process of its own (this executable with the argument
 * GPU_ENCODE_ARGUMENT), so that one that crashes or hangs takes nothing with it; the process runs
 * in the console session, where Parsec's does. Facts: guest.md sections 1.5 and 5. Blocking, at
 * most GPU_ENCODE_MS; job threads only.
 */
#ifndef GPUPV_MACHINE_GPU_ENCODE_WIN32_H
#define GPUPV_MACHINE_GPU_ENCODE_WIN32_H

#include "guest/machine/machine.h"

#define GPU_ENCODE_ARGUMENT MACHINE_ENCODE_PROBE
#define GPU_ENCODE_MS       20000

#define GPU_ENCODE_OK      0
#define GPU_ENCODE_FAILED  (-15000) /* the encoder does not open */
#define GPU_ENCODE_LIBRARY (-15101) /* its library is missing or does not load */

/* Starts the process and waits for it. ERR_UNSUPPORTED when nothing can be told: no adapter, an
 * encoder that cannot be asked, all sessions taken. */
bool gpu_encode_run(int32_t *ret_status, struct err *err);

#endif
