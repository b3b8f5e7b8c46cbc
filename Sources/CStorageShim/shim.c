/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <wchar.h>

const int shim_o_tmpfile = O_TMPFILE;
const int shim_o_path = O_PATH;

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

int shim_status(int fd, const char *name, int how, struct shim_status *out) {
  struct statx s;
  int flags = (how & SHIM_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) | (*name ? 0 : AT_EMPTY_PATH) | AT_NO_AUTOMOUNT;
  if (how & SHIM_CACHED) flags |= AT_STATX_DONT_SYNC;
  if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &s) != 0) return -1;
  memset(out, 0, sizeof *out);
  out->mode = s.stx_mode;
  out->uid = s.stx_uid;
  out->gid = s.stx_gid;
  out->nlink = s.stx_nlink;
  out->dev_major = s.stx_dev_major;
  out->dev_minor = s.stx_dev_minor;
  out->rdev_major = s.stx_rdev_major;
  out->rdev_minor = s.stx_rdev_minor;
  out->size = s.stx_size;
  out->blocks = s.stx_blocks;
  out->inode = s.stx_ino;
  out->atime = s.stx_atime.tv_sec;
  out->atime_nsec = s.stx_atime.tv_nsec;
  out->mtime = s.stx_mtime.tv_sec;
  out->mtime_nsec = s.stx_mtime.tv_nsec;
  out->ctime = s.stx_ctime.tv_sec;
  out->ctime_nsec = s.stx_ctime.tv_nsec;
  out->btime = s.stx_btime.tv_sec;
  out->btime_nsec = s.stx_btime.tv_nsec;
  out->has_btime = (s.stx_mask & STATX_BTIME) != 0;
#ifdef STATX_ATTR_MOUNT_ROOT
  out->is_mount_root = s.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT
                           ? (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0
                           : -1;
#else
  out->is_mount_root = -1;
#endif
  out->mount = s.stx_mask & STATX_MNT_ID ? s.stx_mnt_id : 0;
  return 0;
}

int shim_open_beneath(int fd, const char *name, int flags, mode_t mode) {
  struct open_how how = {
      .flags = (unsigned)flags,
      .mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  return (int)syscall(SYS_openat2, fd, name, &how, sizeof how);
}

int shim_open_without_links(const char *path, int flags) {
  struct open_how how = {.flags = (unsigned)flags, .resolve = RESOLVE_NO_SYMLINKS};
  return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

int shim_open(int fd, const char *name, int flags, mode_t mode) { return openat(fd, name, flags, mode); }

int shim_rename(int from, const char *name, int to, const char *new_name, int exclusive) {
  return renameat2(from, name, to, new_name, exclusive ? RENAME_NOREPLACE : 0);
}

int shim_link_descriptor(int fd, int to, const char *name) {
  /* Needs privilege, but no /proc. */
  if (linkat(fd, "", to, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT && errno != EINVAL && errno != EPERM) return -1;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return linkat(AT_FDCWD, path, to, name, AT_SYMLINK_FOLLOW);
}

int shim_clone(int to, int from) { return ioctl(to, FICLONE, from); }

int shim_punch_hole(int fd, int64_t offset, int64_t length) {
  return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

int shim_probe_lease(int fd, int exclusive) {
  if (fcntl(fd, F_SETLEASE, exclusive ? F_WRLCK : F_RDLCK) != 0) return -1;
  return fcntl(fd, F_SETLEASE, F_UNLCK);
}

int shim_set_lease(int fd, int held) { return fcntl(fd, F_SETLEASE, held ? F_RDLCK : F_UNLCK); }

int shim_lease_is_breaking(int fd) {
  int now = fcntl(fd, F_GETLEASE);
  return now < 0 ? -1 : now == F_UNLCK;
}

int shim_byte_is_locked(int fd, off_t offset) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return -1;
  return lock.l_type != F_UNLCK;
}

int shim_lock_byte(int fd, off_t offset, int exclusive) {
  short type = exclusive ? F_WRLCK : F_RDLCK;
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

int shim_unlock_byte(int fd, off_t offset) {
  struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
  return fcntl(fd, F_OFD_SETLK, &lock);
}

int shim_get_inode_flags(int fd, unsigned int *flags) { return ioctl(fd, FS_IOC_GETFLAGS, flags); }

int shim_set_inode_flags(int fd, unsigned int flags) { return ioctl(fd, FS_IOC_SETFLAGS, &flags); }

unsigned int shim_nocow_flag(void) { return FS_NOCOW_FL; }

int shim_file_system_magic(int fd, uint64_t *magic) {
  struct statfs s;
  if (fstatfs(fd, &s) != 0) return -1;
  *magic = (uint64_t)s.f_type;
  return 0;
}

int shim_refresh_loop_size(int fd) { return ioctl(fd, LOOP_SET_CAPACITY, 0); }

int64_t shim_seek_data(int fd, int64_t offset) { return lseek(fd, offset, SEEK_DATA); }

int64_t shim_seek_hole(int fd, int64_t offset) { return lseek(fd, offset, SEEK_HOLE); }

int shim_start_writeback(int fd, int64_t offset, int64_t count) {
  return sync_file_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

int shim_terminal_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : -1;
}

int shim_get_label(int fd, char *label, size_t size) {
  return (int)fgetxattr(fd, "security.selinux", label, size);
}

int shim_set_label(int fd, const char *label, size_t size) {
  return fsetxattr(fd, "security.selinux", label, size, 0);
}

int shim_get_attribute(int fd, const char *name, void *value, size_t size) {
  ssize_t length = fgetxattr(fd, name, value, size);
  if (length >= 0 || errno != EBADF) return (int)length;
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return (int)getxattr(path, name, value, size);
}

int shim_set_attribute(int fd, const char *name, const void *value, size_t size) {
  return fsetxattr(fd, name, value, size, 0);
}

int shim_window_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : -1;
}

int shim_character_columns(uint32_t character) { return wcwidth((wchar_t)character); }

int shim_memory_file(const char *name) {
  int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && fchmod(fd, 0400) != 0) {
    int number = errno;
    close(fd);
    errno = number;
    return -1;
  }
  return fd;
}

int shim_seal_memory_file(int fd) {
  return fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}
