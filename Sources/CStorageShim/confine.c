/* SPDX-License-Identifier: Apache-2.0
 * Keeps a child process to the files that it was given (landlock(7)). */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Later than the headers of Linux 6.1 know. */
#define ACCESS_TRUNCATE (1ULL << 14)
#define NET_ALL 3ULL

struct ruleset {
  uint64_t files;
  uint64_t net;
};

static const uint64_t reading = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;

static int allow(int ruleset, int file, uint64_t access) {
  struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = file};
  return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* What is not there is left out. */
static int allow_path(int ruleset, const char *path) {
  struct stat status;
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return 0;
  int result = fstat(fd, &status);
  if (result == 0)
    result = allow(ruleset, fd, reading | (S_ISDIR(status.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0));
  int number = errno;
  close(fd);
  errno = number;
  return result;
}

/* As far as it was opened for. Files without a place in a file system, in memory or in a pipe, are always allowed. */
static int allow_descriptor(int ruleset, int fd, uint64_t truncating) {
  int mode = fcntl(fd, F_GETFL);
  if (mode < 0) return -1;
  uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE;
  if ((mode & O_ACCMODE) != O_RDONLY) access |= LANDLOCK_ACCESS_FS_WRITE_FILE | truncating;
  if (allow(ruleset, fd, access) == 0 || errno == EBADFD) return 0;
  return -1;
}

int shim_confinement(const char *program, const int *kept, int kept_count) {
  /* Programs, as it may be a script that starts another; libraries, what they configure themselves by, and what the
   * machine is like. */
  static const char *const paths[] = {
      "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32",
      "/usr/local/lib", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/gnutls", "/etc/crypto-policies",
      "/etc/ssl/openssl.cnf", "/proc/sys/crypto", "/sys/block", "/sys/class/block", "/sys/dev", "/sys/devices",
      "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"};
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 0) return -1;
  uint64_t truncating = version >= 3 ? ACCESS_TRUNCATE : 0;
  struct ruleset handled = {.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, .net = NET_ALL};
  if (version >= 2) handled.files |= LANDLOCK_ACCESS_FS_REFER;
  handled.files |= truncating;
  size_t size = version >= 4 ? sizeof handled : sizeof handled.files;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, size, 0);
  if (ruleset < 0) return -1;
  int result = allow_path(ruleset, program);
  for (unsigned i = 0; result == 0 && i < sizeof paths / sizeof *paths; i++) result = allow_path(ruleset, paths[i]);
  for (int i = 0; result == 0 && i < kept_count; i++) result = allow_descriptor(ruleset, kept[i], truncating);
  if (result == 0) return ruleset;
  int number = errno;
  close(ruleset);
  errno = number;
  return -1;
}

int shim_obey(int ruleset) {
  if (ruleset < 0) return 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
