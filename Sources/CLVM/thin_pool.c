/* SPDX-License-Identifier: Apache-2.0 */
#include "lvm_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A request about one device, with what it carries or brings back behind it. */
struct request {
  struct dm_ioctl head;
  char data[4096];
};

static int run(unsigned long call, struct request *request, const char *name) {
  if (strlen(name) >= sizeof request->head.name) return ENAMETOOLONG;
  request->head.version[0] = DM_VERSION_MAJOR;
  request->head.data_size = sizeof *request;
  request->head.data_start = sizeof request->head;
  strcpy(request->head.name, name);
  int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
  if (control < 0) return errno;
  int number = ioctl(control, call, &request->head) == 0 ? 0 : errno;
  close(control);
  return number;
}

int shim_thin_pool_status(const char *name, char *status, size_t size) {
  struct request request = {0};
  int number = run(DM_TABLE_STATUS, &request, name);
  if (number) return number == ENXIO ? -1 : number;
  if (request.head.flags & DM_BUFFER_FULL_FLAG || request.head.target_count != 1) return EINVAL;
  struct dm_target_spec target;
  memcpy(&target, request.data, sizeof target);
  if (strncmp(target.target_type, "thin-pool", sizeof target.target_type) != 0) return EINVAL;
  request.data[sizeof request.data - 1] = 0;
  snprintf(status, size, "%s", request.data + sizeof target);
  return 0;
}

int shim_thin_pool_message(const char *name, const char *message) {
  struct request request = {0};
  struct dm_target_msg sector = {0};
  if (strlen(message) >= sizeof request.data - sizeof sector) return EMSGSIZE;
  memcpy(request.data, &sector, sizeof sector);
  strcpy(request.data + sizeof sector, message);
  return run(DM_TARGET_MSG, &request, name);
}
