/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lvm_shim.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The five functions as lvm2cmd.h of LVM 2.03 declares them; declared here so that building needs no header. */
typedef void (*log_function)(int level, const char *file, int line, int dm_errno, const char *message);
static void (*set_log_function)(log_function);
static void *(*initialise)(void);
static void (*set_log_level)(void *, int);
static int (*run)(void *, const char *);

enum { PRINTED = 4 };

static void *handle;
static shim_lvm_line present_line;
static void *present_context;

static void take(int level, const char *file, int line, int dm_errno, const char *message) {
  (void)file;
  (void)line;
  (void)dm_errno;
  if (present_line && level <= PRINTED) present_line(present_context, level, message, strlen(message));
}

int shim_lvm_load(int udev, char *problem, size_t size) {
  if (handle) return 0;
  void *library = dlopen("liblvm2cmd.so.2.03", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return 1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"lvm2_log_fn", (void **)&set_log_function},
      {"lvm2_init", (void **)&initialise},
      {"lvm2_log_level", (void **)&set_log_level},
      {"lvm2_run", (void **)&run},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "liblvm2cmd.so.2.03 lacks %s", functions[index].name);
    return 1;
  }
  /* Read by libdevmapper when it is initialised. */
  if (!udev) setenv("DM_DISABLE_UDEV", "1", 1);
  /* Nothing of this process's own is in another language. */
  setenv("LC_ALL", "C", 1);
  /* Open descriptors of this process are no leak. */
  setenv("LVM_SUPPRESS_FD_WARNINGS", "1", 1);
  /* What one of LVM's commands frees, the next one takes: given back in between, it costs as many page faults. */
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  set_log_function(take);
  handle = initialise();
  if (!handle) {
    snprintf(problem, size, "lvm2_init failed");
    return 2;
  }
  set_log_level(handle, PRINTED);
  return 0;
}

int shim_lvm_run(const char *command, shim_lvm_line line, void *context) {
  present_line = line;
  present_context = context;
  int result = run(handle, command);
  present_line = NULL;
  present_context = NULL;
  return result;
}
