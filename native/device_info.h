// What Linux says about an open block device, or about a regular file that stands in for one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "status.h"

namespace piburn {

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
};

/**
 * Fills in everything but `direct`, which is the opener's choice. The block sizes of a file are
 * those that O_DIRECT asks for. EINVAL for what is neither a block device nor a regular file.
 */
Status ReadDeviceInfo(int fd, DeviceInfo* info);

}  // namespace piburn
