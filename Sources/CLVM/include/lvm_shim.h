/* SPDX-License-Identifier: Apache-2.0
 * liblvm2cmd, loaded at the first use: only commands on pools of volume groups need it, and it brings libudev,
 * libsystemd and others with it. */
#ifndef LVM_SHIM_H
#define LVM_SHIM_H

#include <stddef.h>

/* One line that a command prints; level as in lvm2cmd.h: 2 fatal, 3 error, 4 output or warning. */
typedef void (*shim_lvm_line)(void *context, int level, const char *text, size_t size);

/* Loads the library and initialises it. Without `udev` the library makes the nodes in /dev itself and waits for
 * nobody. Returns 0; 1 where the library cannot be loaded, with the loader's words in `problem`; 2 where it
 * cannot be initialised. */
int shim_lvm_load(int udev, char *problem, size_t size);
/* Runs one command, words separated by blanks. Returns 1 for success, else a number of lvm2cmd.h. */
int shim_lvm_run(const char *command, shim_lvm_line line, void *context);

/* Reads how a thin pool's device does, in the words of the kernel's Documentation/admin-guide/device-mapper/
 * thin-provisioning.rst ("Status" of "thin-pool"). `name` is device mapper's. Returns 0, -1 where there is no such
 * device, or an errno. By ioctl: libdevmapper has one log for a whole process, which is LVM's. */
int shim_thin_pool_status(const char *name, char *status, size_t size);
/* Sends a thin pool's device a message (the same page). Returns 0, or an errno. */
int shim_thin_pool_message(const char *name, const char *message);

#endif
