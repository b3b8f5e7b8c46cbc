/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fdisk_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(each)                                                                          \
  each(new_context) each(unref_context) each(assign_device_by_fd) each(deassign_device)          \
  each(set_ask) each(ask_get_type) each(ask_print_get_mesg) each(has_label) each(get_label)      \
  each(label_get_name) each(get_disklabel_id) each(get_first_lba) each(get_last_lba)             \
  each(get_partitions) each(table_get_nents) each(table_get_partition) each(unref_table)         \
  each(partition_get_partno) each(partition_get_start) each(partition_get_size)                  \
  each(partition_is_container) each(partition_is_nested) each(partition_get_type)                \
  each(partition_get_uuid) each(parttype_get_string) each(parttype_get_code)                     \
  each(create_disklabel) each(new_partition) each(unref_partition) each(partition_set_partno)    \
  each(partition_set_start) each(partition_set_size) each(partition_size_explicit)               \
  each(partition_set_type) each(partition_set_uuid) each(label_parse_parttype)                   \
  each(unref_parttype) each(add_partition) each(delete_partition) each(set_partition)            \
  each(write_disklabel) each(label_has_code_parttypes) each(enable_wipe)

#define DECLARE(name) static __typeof__(fdisk_##name) *f_##name;
FUNCTIONS(DECLARE)

struct shim_fdisk {
  struct fdisk_context *context;
  char *identifier;
  char message[256];
};

int shim_fdisk_load(char *problem, size_t size) {
  static int loaded;
  if (loaded) return 0;
  void *library = dlopen("libfdisk.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    snprintf(problem, size, "%s", why ? why : "");
    return -1;
  }
#define PLACE(name) {"fdisk_" #name, (void **)&f_##name},
  const struct { const char *name; void **place; } functions[] = {FUNCTIONS(PLACE)};
  for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
    *functions[index].place = dlsym(library, functions[index].name);
    if (*functions[index].place) continue;
    snprintf(problem, size, "libfdisk.so.1 lacks %s", functions[index].name);
    return -1;
  }
  loaded = 1;
  return 0;
}

/* Keeps the last thing that libfdisk says, and answers none of its questions. */
static int on_ask(struct fdisk_context *context, struct fdisk_ask *ask, void *data) {
  (void)context;
  struct shim_fdisk *disk = data;
  switch (f_ask_get_type(ask)) {
    case FDISK_ASKTYPE_WARN:
    case FDISK_ASKTYPE_WARNX: {
      const char *text = f_ask_print_get_mesg(ask);
      snprintf(disk->message, sizeof disk->message, "%s", text ? text : "");
      return 0;
    }
    case FDISK_ASKTYPE_INFO: return 0;
    default: return -EINVAL;
  }
}

struct shim_fdisk *shim_fdisk_open(int fd, const char *path, int read_only) {
  struct shim_fdisk *disk = calloc(1, sizeof *disk);
  if (!disk) return NULL;
  disk->context = f_new_context();
  if (!disk->context) {
    free(disk);
    errno = ENOMEM;
    return NULL;
  }
  f_set_ask(disk->context, on_ask, disk);
  int result = f_assign_device_by_fd(disk->context, fd, path, read_only);
  if (result < 0) {
    f_unref_context(disk->context);
    free(disk);
    errno = -result;
    return NULL;
  }
  return disk;
}

void shim_fdisk_close(struct shim_fdisk *disk) {
  f_deassign_device(disk->context, 1);
  f_unref_context(disk->context);
  free(disk->identifier);
  free(disk);
}

const char *shim_fdisk_label(struct shim_fdisk *disk) {
  if (!f_has_label(disk->context)) return NULL;
  return f_label_get_name(f_get_label(disk->context, NULL));
}

const char *shim_fdisk_identifier(struct shim_fdisk *disk) {
  free(disk->identifier);
  disk->identifier = NULL;
  if (!f_has_label(disk->context) || f_get_disklabel_id(disk->context, &disk->identifier) != 0)
    return NULL;
  return disk->identifier;
}

uint64_t shim_fdisk_first_sector(struct shim_fdisk *disk) { return f_get_first_lba(disk->context); }
uint64_t shim_fdisk_last_sector(struct shim_fdisk *disk) { return f_get_last_lba(disk->context); }
const char *shim_fdisk_message(struct shim_fdisk *disk) { return disk->message; }

int shim_fdisk_partitions(struct shim_fdisk *disk, shim_fdisk_found found, void *context) {
  if (!f_has_label(disk->context)) return 0;
  struct fdisk_table *table = NULL;
  int result = f_get_partitions(disk->context, &table);
  if (result < 0) return result;
  int has_codes = f_label_has_code_parttypes(f_get_label(disk->context, NULL));
  for (size_t index = 0; index < f_table_get_nents(table); index++) {
    struct fdisk_partition *entry = f_table_get_partition(table, index);
    struct shim_fdisk_partition partition = {
        .number = (int)f_partition_get_partno(entry) + 1,
        .start = f_partition_get_start(entry),
        .size = f_partition_get_size(entry),
        .is_container = f_partition_is_container(entry),
        .is_nested = f_partition_is_nested(entry),
    };
    struct fdisk_parttype *type = f_partition_get_type(entry);
    if (type && has_codes) {
      snprintf(partition.type, sizeof partition.type, "%x", f_parttype_get_code(type));
    } else if (type && f_parttype_get_string(type)) {
      snprintf(partition.type, sizeof partition.type, "%s", f_parttype_get_string(type));
    }
    const char *uuid = f_partition_get_uuid(entry);
    if (uuid) snprintf(partition.uuid, sizeof partition.uuid, "%s", uuid);
    found(context, &partition);
  }
  f_unref_table(table);
  return 0;
}

int shim_fdisk_create_label(struct shim_fdisk *disk, const char *name) {
  return f_create_disklabel(disk->context, name);
}

int shim_fdisk_add(struct shim_fdisk *disk, const struct shim_fdisk_partition *wanted) {
  struct fdisk_partition *partition = f_new_partition();
  if (!partition) return -ENOMEM;
  struct fdisk_label *label = f_get_label(disk->context, NULL);
  struct fdisk_parttype *type = label ? f_label_parse_parttype(label, wanted->type) : NULL;
  int result = type ? 0 : -EINVAL;
  if (result == 0) result = f_partition_set_type(partition, type);
  if (result == 0) result = f_partition_set_partno(partition, (size_t)wanted->number - 1);
  if (result == 0) result = f_partition_set_start(partition, wanted->start);
  if (result == 0) result = f_partition_set_size(partition, wanted->size);
  if (result == 0) result = f_partition_size_explicit(partition, 1);
  if (result == 0 && *wanted->uuid) result = f_partition_set_uuid(partition, wanted->uuid);
  if (result == 0) result = f_add_partition(disk->context, partition, NULL);
  if (type) f_unref_parttype(type);
  f_unref_partition(partition);
  return result;
}

int shim_fdisk_remove(struct shim_fdisk *disk, int number) {
  return f_delete_partition(disk->context, (size_t)number - 1);
}

int shim_fdisk_resize(struct shim_fdisk *disk, int number, uint64_t size) {
  struct fdisk_partition *change = f_new_partition();
  if (!change) return -ENOMEM;
  int result = f_partition_set_size(change, size);
  if (result == 0) result = f_partition_size_explicit(change, 1);
  if (result == 0) result = f_set_partition(disk->context, (size_t)number - 1, change);
  f_unref_partition(change);
  return result;
}

int shim_fdisk_write(struct shim_fdisk *disk) { return f_write_disklabel(disk->context); }
