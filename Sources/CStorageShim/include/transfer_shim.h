/* SPDX-License-Identifier: Apache-2.0
 * System calls that only move content. Every function returns what the call returns, with errno set by it. */
#ifndef TRANSFER_SHIM_H
#define TRANSFER_SHIM_H

#include <stdint.h>

/* copy_file_range(2), which leaves the files' positions alone. */
int64_t shim_copy_range(int from, int64_t from_offset, int to, int64_t to_offset, int64_t count);
/* fallocate(2): blocks for what has none, from the start of the file; nothing that is there changes. */
int shim_fill_holes(int fd, int64_t count);

/* fallocate(2) with FALLOC_FL_ZERO_RANGE: zeroes that keep their blocks; the size stays. */
int shim_zero_range(int fd, int64_t offset, int64_t count);
/* ioctl BLKZEROOUT of <linux/fs.h>: the kernel writes zeroes where the device cannot make them. */
int shim_zero_device(int fd, int64_t offset, int64_t count);
/* fcntl(2) F_SETPIPE_SZ. */
int shim_set_pipe_size(int fd, int size);
/* Whether the file was opened with O_APPEND: 1, 0, or -1. */
int shim_appends(int fd);

#endif
