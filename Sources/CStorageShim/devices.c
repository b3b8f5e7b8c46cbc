/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <linux/blkpg.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int shim_block_device_size(int fd, uint64_t *size) { return ioctl(fd, BLKGETSIZE64, size); }

int shim_block_sector_sizes(int fd, int *logical, unsigned *physical) {
  if (ioctl(fd, BLKSSZGET, logical) != 0) return -1;
  return ioctl(fd, BLKPBSZGET, physical);
}

int shim_block_is_read_only(int fd, int *read_only) { return ioctl(fd, BLKROGET, read_only); }

int shim_block_discard(int fd, uint64_t start, uint64_t length) {
  uint64_t range[2] = {start, length};
  return ioctl(fd, BLKDISCARD, range);
}

int shim_zvol_name(int fd, char name[257]) {
  memset(name, 0, 257);
  return ioctl(fd, _IOR(0x12, 125, char[256]), name);
}

int shim_block_flush(int fd) { return ioctl(fd, BLKFLSBUF, 0); }

int shim_flock(int fd, int exclusive) { return flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB); }

int shim_make_block_node(int folder, const char *name, mode_t mode, unsigned major, unsigned minor) {
  return mknodat(folder, name, S_IFBLK | mode, makedev(major, minor));
}

static int change_partition(int fd, int operation, int number, int64_t start, int64_t length) {
  struct blkpg_partition partition;
  memset(&partition, 0, sizeof partition);
  partition.pno = number;
  partition.start = start;
  partition.length = length;
  struct blkpg_ioctl_arg argument = {
      .op = operation, .flags = 0, .datalen = sizeof partition, .data = &partition};
  return ioctl(fd, BLKPG, &argument);
}

int shim_partition_add(int fd, int number, int64_t start, int64_t length) {
  return change_partition(fd, BLKPG_ADD_PARTITION, number, start, length);
}

int shim_partition_remove(int fd, int number) {
  return change_partition(fd, BLKPG_DEL_PARTITION, number, 0, 0);
}

int shim_partition_resize(int fd, int number, int64_t start, int64_t length) {
  return change_partition(fd, BLKPG_RESIZE_PARTITION, number, start, length);
}
