// The ioctls of linux/fs.h and the sysfs files behind a DeviceInfo.

#include "device_info.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>

#include "file_descriptor.h"

// Linux 5.15; headers older than the running kernel do not have it.
#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

namespace piburn {
namespace {

/** Serves every file system known, where the kernel does not tell what one needs. */
constexpr uint32_t kSafeFileBlockBytes = 4096;

Status ReadBlockInfo(int fd, dev_t number, DeviceInfo* info);
void ReadFileInfo(int fd, uint64_t size_bytes, DeviceInfo* info);
uint32_t DirectBlockBytes(int fd);
QueueInfo ReadQueueInfo(const std::string& disk);
std::optional<std::string> BusOf(const std::string& disk);
std::optional<bool> ReadSysfsFlag(const std::string& path);
std::optional<uint64_t> ReadSysfsNumber(const std::string& path);

}  // namespace

Status ReadDeviceInfo(int fd, DeviceInfo* info) {
  struct stat facts;
  if (fstat(fd, &facts) != 0) return Failed("fstat", errno);
  if (S_ISBLK(facts.st_mode)) return ReadBlockInfo(fd, facts.st_rdev, info);
  if (!S_ISREG(facts.st_mode)) return Failed("fstat", EINVAL);
  ReadFileInfo(fd, static_cast<uint64_t>(facts.st_size), info);
  return Ok();
}

namespace {

Status ReadBlockInfo(int fd, dev_t number, DeviceInfo* info) {
  uint64_t size_bytes = 0;
  int logical_bytes = 0;
  unsigned int physical_bytes = 0;
  int read_only = 0;
  if (ioctl(fd, BLKGETSIZE64, &size_bytes) != 0) return Failed("ioctl(BLKGETSIZE64)", errno);
  if (ioctl(fd, BLKSSZGET, &logical_bytes) != 0) return Failed("ioctl(BLKSSZGET)", errno);
  if (ioctl(fd, BLKPBSZGET, &physical_bytes) != 0) return Failed("ioctl(BLKPBSZGET)", errno);
  if (ioctl(fd, BLKROGET, &read_only) != 0) return Failed("ioctl(BLKROGET)", errno);
  if (logical_bytes < 512) return Failed("ioctl(BLKSSZGET)", EINVAL);

  info->is_block = true;
  info->size_bytes = size_bytes;
  info->logical_block_bytes = static_cast<uint32_t>(logical_bytes);
  info->physical_block_bytes = physical_bytes;
  info->read_only = read_only != 0;
  info->device_number = std::to_string(major(number)) + ":" + std::to_string(minor(number));

  uint64_t sequence = 0;
  if (ioctl(fd, BLKGETDISKSEQ, &sequence) == 0) info->disk_sequence = sequence;

  // The link leads to the device's own folder; a partition's ".." is that of its disk.
  const std::string folder = "/sys/dev/block/" + *info->device_number;
  const bool is_partition = access((folder + "/partition").c_str(), F_OK) == 0;
  const std::string disk = is_partition ? folder + "/.." : folder;
  info->removable = ReadSysfsFlag(disk + "/removable");
  info->rotational = ReadSysfsFlag(disk + "/queue/rotational");
  info->queue = ReadQueueInfo(disk);
  return Ok();
}

void ReadFileInfo(int fd, uint64_t size_bytes, DeviceInfo* info) {
  const std::string self = "/proc/self/fd/" + std::to_string(fd);
  info->size_bytes = size_bytes;
  info->logical_block_bytes = DirectBlockBytes(fd);
  info->physical_block_bytes = info->logical_block_bytes;
  info->read_only = access(self.c_str(), W_OK) != 0;
}

/** What statx(2) calls stx_dio_offset_align (Linux 6.1), or a size that is always enough. */
uint32_t DirectBlockBytes(int fd) {
#ifdef STATX_DIOALIGN
  struct statx facts;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) == 0 &&
      (facts.stx_mask & STATX_DIOALIGN) != 0 && facts.stx_dio_offset_align >= 512) {
    return facts.stx_dio_offset_align;
  }
#else
  static_cast<void>(fd);
#endif
  return kSafeFileBlockBytes;
}

/** `disk` is its folder in sysfs. Documentation/ABI/stable/sysfs-block of the kernel names the
 * files. */
QueueInfo ReadQueueInfo(const std::string& disk) {
  QueueInfo queue;
  queue.bus = BusOf(disk);
  queue.kernel_request_bytes = ReadSysfsNumber(disk + "/queue/max_sectors_kb");
  if (queue.kernel_request_bytes) *queue.kernel_request_bytes *= 1024;
  queue.kernel_requests = ReadSysfsNumber(disk + "/queue/nr_requests");
  queue.device_requests = ReadSysfsNumber(disk + "/device/queue_depth");
  queue.optimal_bytes = ReadSysfsNumber(disk + "/queue/optimal_io_size");
  return queue;
}

/** Told by the folders on the way to the device, the nearest first: a USB host is a PCI device
 * itself. */
std::optional<std::string> BusOf(const std::string& disk) {
  char resolved[PATH_MAX];
  if (realpath(disk.c_str(), resolved) == nullptr) return std::nullopt;
  const std::string path(resolved);
  static constexpr const char* kSigns[][2] = {
      {"/virtual/block/loop", "loop"}, {"/mmc_host/", "mmc"}, {"/nvme/", "nvme"}, {"/usb", "usb"}};
  for (const auto& [sign, bus] : kSigns) {
    if (path.find(sign) != std::string::npos) return bus;
  }
  return std::nullopt;
}

std::optional<bool> ReadSysfsFlag(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char flag = 0;
  if (!file.is_open() || read(file.get(), &flag, 1) != 1) return std::nullopt;
  return flag == '1';
}

/** A positive number of at most 12 digits, so that it stays exact in JavaScript, times 1024 too;
 * none for anything else. */
std::optional<uint64_t> ReadSysfsNumber(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[32];
  const ssize_t length = file.is_open() ? read(file.get(), text, sizeof text) : 0;
  uint64_t number = 0;
  ssize_t digits = 0;
  for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
    number = number * 10 + static_cast<uint64_t>(text[digits] - '0');
  }
  const bool ends = digits < length && text[digits] == '\n';
  if (!ends || digits > 12 || number == 0) return std::nullopt;
  return number;
}

}  // namespace
}  // namespace piburn
