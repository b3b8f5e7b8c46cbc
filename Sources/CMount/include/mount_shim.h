/* SPDX-License-Identifier: Apache-2.0
 * libmount, loaded at the first use: only pools that are mounted need it. */
#ifndef MOUNT_SHIM_H
#define MOUNT_SHIM_H

#include <stddef.h>

/* What a mount or an unmount came to. */
struct shim_mount_outcome {
  /* The exit status that mount(8) or umount(8) would have; 0 where it is done. That of a helper program such as
   * mount.nfs, where one did it: mnt_context_mount(3) itself calls a failed helper a success. */
  int status;
  /* errno of the system call that failed; 0 where none did. */
  int number;
  /* libmount's own words; empty where it has none. */
  char message[512];
};

/* Loads the library. Returns 0, or -1 with the loader's words in `problem`. */
int shim_mount_load(char *problem, size_t size);
/* Mounts, by a helper program where the type has one. type is NULL for whatever is found on the source. */
void shim_mount(
    const char *source, const char *target, const char *type, const char *options,
    struct shim_mount_outcome *outcome);
/* Unmounts what is on top at the target, by a helper program where the type has one. */
void shim_unmount(const char *target, struct shim_mount_outcome *outcome);
/* umount2(2) with MNT_FORCE: gives up on what a server has not answered, and asks it nothing. */
void shim_unmount_by_force(const char *target, struct shim_mount_outcome *outcome);

#endif
