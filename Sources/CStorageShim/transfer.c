/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "transfer_shim.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

int64_t shim_copy_range(int from, int64_t from_offset, int to, int64_t to_offset, int64_t count) {
  off_t in = from_offset, out = to_offset;
  return copy_file_range(from, &in, to, &out, (size_t)count, 0);
}

int shim_fill_holes(int fd, int64_t count) {
  return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, count);
}

int shim_zero_range(int fd, int64_t offset, int64_t count) {
  return fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, count);
}

int shim_zero_device(int fd, int64_t offset, int64_t count) {
  uint64_t range[2] = {(uint64_t)offset, (uint64_t)count};
  return ioctl(fd, BLKZEROOUT, range);
}

int shim_set_pipe_size(int fd, int size) { return fcntl(fd, F_SETPIPE_SZ, size); }

int shim_appends(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : (flags & O_APPEND) != 0;
}
