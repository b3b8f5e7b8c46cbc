/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "mount_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static __typeof__(mnt_new_context) *new_context;
static __typeof__(mnt_free_context) *free_context;
static __typeof__(mnt_context_set_source) *set_source;
static __typeof__(mnt_context_set_target) *set_target;
static __typeof__(mnt_context_set_fstype) *set_type;
static __typeof__(mnt_context_set_options) *set_options;
static __typeof__(mnt_context_mount) *do_mount;
static __typeof__(mnt_context_umount) *do_umount;
static __typeof__(mnt_context_get_excode) *get_excode;
static __typeof__(mnt_context_syscall_called) *syscall_called;
static __typeof__(mnt_context_get_syscall_errno) *get_syscall_errno;

int shim_mount_load(char *problem, size_t size) {
  if (get_syscall_errno) return 0;
  void *library = dlopen("libmount.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"mnt_new_context", (void **)&new_context},
      {"mnt_free_context", (void **)&free_context},
      {"mnt_context_set_source", (void **)&set_source},
      {"mnt_context_set_target", (void **)&set_target},
      {"mnt_context_set_fstype", (void **)&set_type},
      {"mnt_context_set_options", (void **)&set_options},
      {"mnt_context_mount", (void **)&do_mount},
      {"mnt_context_umount", (void **)&do_umount},
      {"mnt_context_get_excode", (void **)&get_excode},
      {"mnt_context_syscall_called", (void **)&syscall_called},
      {"mnt_context_get_syscall_errno", (void **)&get_syscall_errno},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libmount.so.1 lacks %s", functions[index].name);
    get_syscall_errno = NULL;
    return -1;
  }
  return 0;
}

static void run_out_of_memory(struct shim_mount_outcome *outcome) {
  outcome->status = MNT_EX_SYSERR;
  outcome->number = ENOMEM;
}

/* Takes what a context came to, and ends it. */
static void conclude(
    struct libmnt_context *context, int result, struct shim_mount_outcome *outcome) {
  outcome->status = get_excode(context, result, outcome->message, sizeof outcome->message);
  if (outcome->status != 0 && syscall_called(context)) {
    int number = get_syscall_errno(context);
    outcome->number = number < 0 ? -number : number;
  }
  free_context(context);
}

void shim_mount(
    const char *source, const char *target, const char *type, const char *options,
    struct shim_mount_outcome *outcome) {
  memset(outcome, 0, sizeof *outcome);
  struct libmnt_context *context = new_context();
  if (!context || set_source(context, source) != 0 || set_target(context, target) != 0 ||
      (type && set_type(context, type) != 0) || set_options(context, options) != 0) {
    if (context) free_context(context);
    return run_out_of_memory(outcome);
  }
  conclude(context, do_mount(context), outcome);
}

void shim_unmount(const char *target, struct shim_mount_outcome *outcome) {
  memset(outcome, 0, sizeof *outcome);
  struct libmnt_context *context = new_context();
  if (!context || set_target(context, target) != 0) {
    if (context) free_context(context);
    return run_out_of_memory(outcome);
  }
  conclude(context, do_umount(context), outcome);
}

void shim_unmount_by_force(const char *target, struct shim_mount_outcome *outcome) {
  memset(outcome, 0, sizeof *outcome);
  /* Each try also makes those give up who wait for the server; they take a moment to go. */
  for (int attempt = 0; attempt < 20; attempt++) {
    if (umount2(target, MNT_FORCE | UMOUNT_NOFOLLOW) == 0) return;
    if (errno != EBUSY) break;
    usleep(100000);
  }
  outcome->number = errno;
  outcome->status = MNT_EX_FAIL;
}
