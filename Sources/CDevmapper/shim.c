/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "devmapper_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <libdevmapper.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

static __typeof__(dm_task_create) *task_create;
static __typeof__(dm_task_destroy) *task_destroy;
static __typeof__(dm_task_run) *task_run;
static __typeof__(dm_task_set_name) *task_set_name;
static __typeof__(dm_task_no_open_count) *task_no_open_count;
static __typeof__(dm_task_get_names) *task_get_names;
static __typeof__(dm_task_get_info) *task_get_info;
static __typeof__(dm_task_get_uuid) *task_get_uuid;
static __typeof__(dm_get_next_target) *get_next_target;
static __typeof__(dm_log_with_errno_init) *log_init;

/* The first thing that the library had to complain about since the last call; it would print it otherwise. */
static char complaint[512];

static void note(int level, const char *file, int line, int number, const char *format, ...) {
  (void)file;
  (void)line;
  (void)number;
  if ((level & 7) > 3 || *complaint) return;
  va_list values;
  va_start(values, format);
  vsnprintf(complaint, sizeof complaint, format, values);
  va_end(values);
}

int shim_dm_load(char *problem, size_t size) {
  if (log_init) return 0;
  void *library = dlopen("libdevmapper.so.1.02.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"dm_task_create", (void **)&task_create},
      {"dm_task_destroy", (void **)&task_destroy},
      {"dm_task_run", (void **)&task_run},
      {"dm_task_set_name", (void **)&task_set_name},
      {"dm_task_no_open_count", (void **)&task_no_open_count},
      {"dm_task_get_names", (void **)&task_get_names},
      {"dm_task_get_info", (void **)&task_get_info},
      {"dm_task_get_uuid", (void **)&task_get_uuid},
      {"dm_get_next_target", (void **)&get_next_target},
      {"dm_log_with_errno_init", (void **)&log_init},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libdevmapper.so.1.02.1 lacks %s", functions[index].name);
    log_init = NULL;
    return -1;
  }
  log_init(note);
  return 0;
}

/* Runs a query about one map, or about all where `name` is NULL. */
static struct dm_task *run(int type, const char *name) {
  struct dm_task *task = task_create(type);
  if (!task) return NULL;
  if ((name && !task_set_name(task, name)) || !task_no_open_count(task) || !task_run(task)) {
    int number = errno;
    task_destroy(task);
    errno = number;
    return NULL;
  }
  return task;
}

static int fail(char *problem, size_t size) {
  snprintf(problem, size, "%s", *complaint ? complaint : strerror(errno));
  return -1;
}

int shim_dm_targets(shim_dm_target found, void *context, char *problem, size_t size) {
  *complaint = 0;
  struct dm_task *list = run(DM_DEVICE_LIST, NULL);
  if (!list) return fail(problem, size);
  struct dm_names *names = task_get_names(list);
  if (!names) {
    task_destroy(list);
    return fail(problem, size);
  }
  /* An empty list is one entry without a device. */
  while (names->dev) {
    struct dm_task *status = run(DM_DEVICE_STATUS, names->name);
    struct dm_info info;
    /* A map that went since it was listed is no failure. */
    if (status && task_get_info(status, &info) && info.exists) {
      void *next = NULL;
      do {
        uint64_t start, length;
        char *type = NULL, *parameters = NULL;
        next = get_next_target(status, next, &start, &length, &type, &parameters);
        if (type) {
          const char *uuid = task_get_uuid(status);
          found(
              context, names->name, uuid ? uuid : "", info.major, info.minor, length, type,
              parameters ? parameters : "");
        }
      } while (next);
    }
    if (status) task_destroy(status);
    if (!names->next) break;
    names = (struct dm_names *)((char *)names + names->next);
  }
  task_destroy(list);
  return 0;
}
