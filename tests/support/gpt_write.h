/*
 * Writes partition tables, for tests only: the protective MBR, the table and its copy at the end of
 * the disk, as sgdisk accepts them. On Windows the system writes them.
 */
#ifndef GPUPV_TESTS_GPT_WRITE_H
#define GPUPV_TESTS_GPT_WRITE_H

#include "host/image/gpt.h"
#include "tests/support/vhdx_write.h"

/* Writes to a plain file that is as long as the disk. */
bool gpt_write_raw(const char *path, const struct gpt *gpt, struct err *err);

/* Writes into a disk that is open for writing. */
bool gpt_write_vhdx(struct vhdx_writer *writer, const struct gpt *gpt, struct err *err);

#endif
