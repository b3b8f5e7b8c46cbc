/* SPDX-License-Identifier: Apache-2.0
 * A command in two processes: one that works, and the one that was started, which sees to it that the server that
 * the work depends on still answers. */
#define _GNU_SOURCE
#include "storage_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fill(sigset_t *set) {
  static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
  sigemptyset(set);
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(set, signals[i]);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A process that shares memory of its own with nobody and all descriptors with its parent. A copy of them would be
 * closed with it, and to close a file of a server is to send it what was written. */
static pid_t fork_sharing_files(void) {
  pid_t parent = getpid();
  pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
  }
  return child;
}

pid_t shim_fork_worker(void) {
  sigset_t watched, before;
  fill(&watched);
  /* Blocked before there is a worker, so that none of its messages comes too early. */
  sigprocmask(SIG_BLOCK, &watched, &before);
  pid_t worker = fork_sharing_files();
  /* The other one hears of all signals, also of those to the whole group, and passes them on. */
  if (worker == 0) shim_heed_signals_of(getppid());
  if (worker <= 0) sigprocmask(SIG_SETMASK, &before, NULL);
  return worker;
}

/* A process that ends when the folder was asked, whatever was answered. */
static pid_t ask(const char *folder) {
  pid_t asker = fork_sharing_files();
  if (asker != 0) return asker;
  shim_ask_folder(folder);
  _exit(0);
}

/* Hears of signals as before. */
static void leave(const sigset_t *watched) {
  sigset_t messages;
  sigemptyset(&messages);
  sigaddset(&messages, SIGUSR1);
  sigaddset(&messages, SIGUSR2);
  struct timespec none = {0};
  while (sigtimedwait(&messages, NULL, &none) > 0) continue;
  sigprocmask(SIG_UNBLOCK, watched, NULL);
}

int shim_watch_worker(pid_t worker, const char *folder, double interval, double limit, int *status) {
  sigset_t watched;
  fill(&watched);
  int isAsking = 1, silent = 0;
  pid_t asker = 0;
  double asked = 0, next = now() + interval;
  for (;;) {
    if (waitpid(worker, status, WNOHANG) != 0) {
      if (asker > 0) kill(asker, SIGKILL);
      return 1;
    }
    if (asker > 0 && waitpid(asker, NULL, WNOHANG) != 0) {
      asker = 0;
      next = now() + interval;
    }
    if (isAsking && asker > 0 && now() - asked >= limit) {
      kill(asker, SIGKILL);
      leave(&watched);
      return silent;
    }
    if (isAsking && asker == 0 && now() >= next) {
      asker = ask(folder);
      asked = now();
      if (asker < 0) {
        asker = 0;
        next = asked + interval;
      }
    }
    double wait = asker > 0 ? asked + limit - now() : next - now();
    if (!isAsking) wait = 3600;
    if (wait < 0.01) wait = 0.01;
    struct timespec time = {.tv_sec = (time_t)wait, .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
    siginfo_t signal;
    switch (sigtimedwait(&watched, &signal, &time)) {
      case SIGINT:
      case SIGTERM:
      case SIGHUP: kill(worker, signal.si_signo); break;
      case SIGUSR1: isAsking = 0; break;
      case SIGUSR2:
        if (!isAsking && asker == 0) next = now() + interval;
        if (!isAsking) asked = now();
        isAsking = 1;
        silent = -1;
        break;
      default: break;
    }
  }
}

/* The mount that a file was opened in; -1 where no such file is open. Asking the file itself would not do: CIFS then asks
 * the server, whatever statx(2) is told. Source: proc(5), fdinfo. */
static int mount_of(int number) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", number);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = 0;
  const char *found = strstr(text, "mnt_id:");
  return found ? atoi(found + strlen("mnt_id:")) : -1;
}

/* Whether a mount is of the device. Source: proc(5), mountinfo. */
static int is_of_device(int mount, unsigned major, unsigned minor) {
  FILE *file = fopen("/proc/self/mountinfo", "re");
  if (!file) return 0;
  char *line = NULL;
  size_t room = 0;
  int is_found = 0, id;
  unsigned first, second;
  while (!is_found && getline(&line, &room, file) > 0)
    is_found = sscanf(line, "%d %*d %u:%u", &id, &first, &second) == 3 && id == mount && first == major && second == minor;
  free(line);
  fclose(file);
  return is_found;
}

void shim_abandon_worker(pid_t worker, unsigned major, unsigned minor) {
  enum { MANY = 4096 }; /* more than are ever open */
  const struct timespec pause = {.tv_nsec = 5000000};
  pid_t own = getpid();
  kill(worker, SIGKILL);
  /* Whoever is the last to have a file of the server waits for it when that is closed. This is to be neither this
   * process nor, with all that is open besides, the worker. So a third, once this one has ended, closes the rest. */
  if (syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0) != 0) return;
  while (getppid() == own) nanosleep(&pause, NULL);
  for (int number = 0; number < MANY; number++) {
    int mount = mount_of(number);
    if (mount >= 0 && !is_of_device(mount, major, minor)) close(number);
  }
  _exit(0);
}

void shim_tell_watcher(pid_t watcher, int isAsking) { kill(watcher, isAsking ? SIGUSR2 : SIGUSR1); }
