/* SPDX-License-Identifier: Apache-2.0
 * Work in a process of its own, which can be left behind when it never ends. */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* More than async-signal-safe calls are allowed: the process that forks has one thread. */
static void become(
    int (*work)(void *), void *context, int output, int result, const int *kept, int kept_count,
    pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(022);
  int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (empty < 0) empty = open("/", O_PATH | O_CLOEXEC); /* reading fails; the work reads nothing */
  int copy = fcntl(output, F_DUPFD_CLOEXEC, 3);
  if (empty < 0 || copy < 0 || dup2(empty, 0) < 0 || dup2(copy, 1) < 0 || dup2(copy, 2) < 0) _exit(126);
  syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int index = 0; index < kept_count; index++) fcntl(kept[index], F_SETFD, 0);
  clearenv();
  setenv("LC_ALL", "C", 1);
  setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  int value = work(context);
  _exit(write(result, &value, sizeof value) == sizeof value ? 0 : 125);
}

pid_t shim_fork_work(
    int (*work)(void *), void *context, int output, int result, const int *kept, int kept_count) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) become(work, context, output, result, kept, kept_count, parent);
  return child;
}

pid_t shim_fork_command(void) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
  }
  return child;
}

int shim_kill_group(pid_t leader) {
  kill(leader, SIGKILL);
  return kill(-leader, SIGKILL);
}

int shim_ask_folder(const char *path) {
  struct statx status;
  struct statfs facts;
  /* The attributes may be cached for a minute; these are asked for anew. statfs(2) is never cached. */
  if (statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status) != 0) return errno;
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  int number = fstatfs(fd, &facts) == 0 ? 0 : errno;
  close(fd);
  return number;
}
