/* SPDX-License-Identifier: Apache-2.0
 * libfdisk, loaded at the first use: only pools of type disk need it. Everything counts in sectors. */
#ifndef FDISK_SHIM_H
#define FDISK_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* One partition of a table. number counts from 1; type is a GUID or a number in hexadecimal without 0x. */
struct shim_fdisk_partition {
  int number;
  uint64_t start, size;
  int is_container, is_nested;
  char type[64], uuid[64];
};

/* An open disk and what its label says. */
struct shim_fdisk;

typedef void (*shim_fdisk_found)(void *context, const struct shim_fdisk_partition *partition);

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_fdisk_load(char *problem, size_t size);

/* Reads the label of an open disk. Returns NULL with errno. `path` only names it. */
struct shim_fdisk *shim_fdisk_open(int fd, const char *path, int read_only);
void shim_fdisk_close(struct shim_fdisk *disk);

/* The label's name in libfdisk's words (`gpt`, `dos`, `sun`, `bsd`, `sgi`), NULL where there is none. */
const char *shim_fdisk_label(struct shim_fdisk *disk);
/* The label's own identifier, NULL where it has none; valid until the disk is closed. */
const char *shim_fdisk_identifier(struct shim_fdisk *disk);
/* First and last sector that partitions may lie on. */
uint64_t shim_fdisk_first_sector(struct shim_fdisk *disk);
uint64_t shim_fdisk_last_sector(struct shim_fdisk *disk);

/* What libfdisk had to say on the last failure; empty where it said nothing. */
const char *shim_fdisk_message(struct shim_fdisk *disk);

/* The following return 0 or a negative errno. Nothing reaches the disk before shim_fdisk_write. */
int shim_fdisk_partitions(struct shim_fdisk *disk, shim_fdisk_found found, void *context);
int shim_fdisk_create_label(struct shim_fdisk *disk, const char *name);
int shim_fdisk_add(struct shim_fdisk *disk, const struct shim_fdisk_partition *partition);
int shim_fdisk_remove(struct shim_fdisk *disk, int number);
int shim_fdisk_resize(struct shim_fdisk *disk, int number, uint64_t size);
int shim_fdisk_write(struct shim_fdisk *disk);

#endif
