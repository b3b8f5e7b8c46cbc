/* SPDX-License-Identifier: Apache-2.0
 * libblkid, loaded at the first use: only commands that build or start pools on devices need it. */
#ifndef BLKID_SHIM_H
#define BLKID_SHIM_H

#include <stddef.h>

/* One thing that libblkid finds. usage is `filesystem`, `raid`, `crypto`, `other`, or `partitions` for a
 * partition table, whose type is then `gpt`, `dos` and so on. */
typedef void (*shim_signature)(void *context, const char *usage, const char *type);

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_blkid_load(char *problem, size_t size);
/* Calls `found` for everything on the open device or file, also what is hidden below something else.
 * Returns 0, or -1 with errno. */
int shim_blkid_probe(int fd, shim_signature found, void *context);

#endif
