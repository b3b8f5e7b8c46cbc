/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "blkid_shim.h"

#include <blkid/blkid.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>

static __typeof__(blkid_new_probe) *new_probe;
static __typeof__(blkid_free_probe) *free_probe;
static __typeof__(blkid_probe_set_device) *set_device;
static __typeof__(blkid_probe_enable_superblocks) *enable_superblocks;
static __typeof__(blkid_probe_set_superblocks_flags) *set_superblocks_flags;
static __typeof__(blkid_probe_enable_partitions) *enable_partitions;
static __typeof__(blkid_do_probe) *do_probe;
static __typeof__(blkid_probe_lookup_value) *lookup_value;

int shim_blkid_load(char *problem, size_t size) {
  if (lookup_value) return 0;
  void *library = dlopen("libblkid.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
  const struct { const char *name; void **place; } functions[] = {
      {"blkid_new_probe", (void **)&new_probe},
      {"blkid_free_probe", (void **)&free_probe},
      {"blkid_probe_set_device", (void **)&set_device},
      {"blkid_probe_enable_superblocks", (void **)&enable_superblocks},
      {"blkid_probe_set_superblocks_flags", (void **)&set_superblocks_flags},
      {"blkid_probe_enable_partitions", (void **)&enable_partitions},
      {"blkid_do_probe", (void **)&do_probe},
      {"blkid_probe_lookup_value", (void **)&lookup_value},
  };
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libblkid.so.1 lacks %s", functions[index].name);
    lookup_value = NULL;
    return -1;
  }
  return 0;
}

int shim_blkid_probe(int fd, shim_signature found, void *context) {
  blkid_probe probe = new_probe();
  if (!probe) {
    errno = ENOMEM;
    return -1;
  }
  errno = 0;
  int result = -1;
  if (set_device(probe, fd, 0, 0) == 0 && enable_superblocks(probe, 1) == 0 &&
      set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE) == 0 &&
      enable_partitions(probe, 1) == 0) {
    /* 0: something was found, ask again; 1: there is nothing more. */
    while ((result = do_probe(probe)) == 0) {
      const char *type = NULL, *usage = NULL;
      if (lookup_value(probe, "TYPE", &type, NULL) == 0) {
        lookup_value(probe, "USAGE", &usage, NULL);
        found(context, usage ? usage : "other", type);
      } else if (lookup_value(probe, "PTTYPE", &type, NULL) == 0) {
        found(context, "partitions", type);
      }
    }
  }
  int number = errno ? errno : EIO;
  free_probe(probe);
  errno = number;
  return result == 1 ? 0 : -1;
}
