// What Linux says about an open block device, or about a regular file that stands in for one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "status.h"

namespace piburn {

/** What sysfs says of the way to a disk: how much the kernel sends it at once. */
struct QueueInfo {
  std::optional<std::string> bus;                // "usb", "mmc", "nvme", "loop"
  std::optional<uint64_t> kernel_request_bytes;  // queue/max_sectors_kb
  std::optional<uint64_t> kernel_requests;       // queue/nr_requests
  std::optional<uint64_t> device_requests;       // device/queue_depth, of SCSI disks
  std::optional<uint64_t> optimal_bytes;         // queue/optimal_io_size; none where it is 0
};

struct DeviceInfo {
  bool is_block = false;
  uint64_t size_bytes = 0;
  uint32_t logical_block_bytes = 0;
  uint32_t physical_block_bytes = 0;
  bool read_only = false;
  bool direct = false;
  std::optional<bool> removable;
  std::optional<bool> rotational;
  std::optional<std::string> device_number;  // "MAJOR:MINOR"
  std::optional<uint64_t> disk_sequence;
  QueueInfo queue;
};

/**
 * Fills in everything but `direct`, which is the opener's choice. The block sizes of a file are
 * those that O_DIRECT asks for. EINVAL for what is neither a block device nor a regular file.
 */
Status ReadDeviceInfo(int fd, DeviceInfo* info);

}  // namespace piburn
