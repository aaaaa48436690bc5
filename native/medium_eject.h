// Ejects the medium of a SCSI disk, which is what card readers on USB look like: the commands are
// those of eject(1), sent by SG_IO (linux/Documentation/scsi/scsi-generic.rst, <scsi/sg.h>).
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdint>

#include "file_descriptor.h"
#include "status.h"

namespace piburn {

/** What a device answered: `key` is a sense key (SPC-4, 4.5.6); 0 means that it did as it was told.
 */
struct ScsiAnswer {
  uint8_t key = 0;
  bool arrived = false;  // false: the command never came to an answer
};

inline constexpr unsigned int kEjectPatienceMs = 15'000;
inline constexpr uint8_t kSenseNotReady = 0x02;
inline constexpr uint8_t kSenseIllegalRequest = 0x05;

/** Sends a command of six bytes that carries no data; false, with errno set, where SG_IO itself is
 * refused. */
inline bool SendScsi(int fd, uint8_t operation, uint8_t byte4, ScsiAnswer* answer) {
  unsigned char command[6] = {operation, 0, 0, 0, byte4, 0};
  unsigned char sense[32] = {};
  sg_io_hdr_t request = {};
  request.interface_id = 'S';
  request.dxfer_direction = SG_DXFER_NONE;
  request.cmd_len = sizeof command;
  request.cmdp = command;
  request.mx_sb_len = sizeof sense;
  request.sbp = sense;
  request.timeout = kEjectPatienceMs;
  if (ioctl(fd, SG_IO, &request) != 0) return false;
  // Fixed sense data has its key in byte 2, sense data of descriptors (0x72, 0x73) in byte 1.
  const bool of_descriptors = (sense[0] & 0x7e) == 0x72;
  const bool is_good = (request.info & SG_INFO_OK_MASK) == SG_INFO_OK;
  const bool has_sense = request.sb_len_wr > 2;
  answer->arrived = is_good || has_sense;
  answer->key = is_good || !has_sense ? 0 : sense[of_descriptors ? 1 : 2] & 0x0f;
  return true;
}

/** ENOTTY and EINVAL are what drivers without SCSI commands say: MMC slots, loop devices, NVMe. */
inline bool HasNoScsi(int error) {
  return error == ENOTTY || error == EINVAL || error == EOPNOTSUPP;
}

/** `ejected` is false where the device knows no such command. ENOTBLK for what is no block device.
 */
inline Status EjectMedium(const char* path, bool* ejected) {
  *ejected = false;
  struct stat facts;
  if (stat(path, &facts) != 0) return Failed("open", errno);
  if (!S_ISBLK(facts.st_mode)) return Failed("open", ENOTBLK);
  // O_NONBLOCK opens a reader whose card is gone already, and does not look at the medium.
  const FileDescriptor device(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!device.is_open()) return Failed("open", errno);

  // PREVENT ALLOW MEDIUM REMOVAL (SPC-4, 6.18) with prevent 0; a reader without a lock may reject
  // it.
  ScsiAnswer answer;
  if (!SendScsi(device.get(), 0x1e, 0, &answer)) {
    return HasNoScsi(errno) ? Ok() : Failed("ioctl(SG_IO)", errno);
  }
  // START STOP UNIT (SBC-3, 5.25): LOEJ 1, START 0.
  answer = {};
  if (!SendScsi(device.get(), 0x1b, 0x02, &answer)) {
    return HasNoScsi(errno) ? Ok() : Failed("ioctl(SG_IO)", errno);
  }
  if (!answer.arrived) return Failed("ioctl(SG_IO)", ETIMEDOUT);
  if (answer.key == kSenseIllegalRequest) return Ok();
  if (answer.key == kSenseNotReady) return Failed("ioctl(SG_IO)", ENOMEDIUM);
  if (answer.key > 1) return Failed("ioctl(SG_IO)", EIO);  // 1: recovered by itself
  *ejected = true;
  return Ok();
}

}  // namespace piburn
