/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Only async-signal-safe calls after fork(2). */
static void become(
    const char *path, char *const argv[], char *const envp[], const int *io, int io_count,
    const int *kept, int kept_count, int ruleset, pid_t parent) {
  /* Ends with its parent, so that nothing goes on writing when that is killed. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(077);
  int moved[4];
  for (int number = 0; number < io_count; number++)
    if ((moved[number] = fcntl(io[number], F_DUPFD_CLOEXEC, io_count)) < 0) _exit(127);
  for (int number = 0; number < io_count; number++)
    if (dup2(moved[number], number) < 0) _exit(127);
  syscall(SYS_close_range, io_count, ~0U, CLOSE_RANGE_CLOEXEC);
  for (int index = 0; index < kept_count; index++) fcntl(kept[index], F_SETFD, 0);
  if (shim_obey(ruleset) != 0) _exit(127);
  execve(path, argv, envp);
  _exit(errno == ENOENT ? 127 : 126);
}

int shim_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

pid_t shim_spawn(
    const char *path, char *const argv[], char *const envp[], const int io[3], const int *kept,
    int kept_count, int ruleset, int leads_group) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    if (leads_group) setpgid(0, 0);
    become(path, argv, envp, io, 3, kept, kept_count, ruleset, parent);
  }
  return child;
}

pid_t shim_spawn_driver(
    const char *path, char *const argv[], char *const envp[], const int io[4]) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    become(path, argv, envp, io, 4, NULL, 0, -1, parent);
  }
  return child;
}
