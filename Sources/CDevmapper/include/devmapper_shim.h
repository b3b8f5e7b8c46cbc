/* SPDX-License-Identifier: Apache-2.0
 * The few calls of libdevmapper that are used, loaded when first needed. */
#ifndef DEVMAPPER_SHIM_H
#define DEVMAPPER_SHIM_H

#include <stddef.h>
#include <stdint.h>

/* Loads libdevmapper. Returns 0, or -1 with the reason in `problem`. */
int shim_dm_load(char *problem, size_t size);

/* One target of a map; what it points to ends with the call. */
typedef void (*shim_dm_target)(
    void *context, const char *name, const char *uuid, uint32_t major, uint32_t minor, uint64_t sectors,
    const char *type, const char *status);

/* Calls `found` for each target of each map, in the kernel's order, with what dmsetup(8) prints as its status.
 * Needs a successful shim_dm_load. Returns 0, or -1 with the reason in `problem`. */
int shim_dm_targets(shim_dm_target found, void *context, char *problem, size_t size);

#endif
