// Opening a target: which flags, whose it is, and whether O_DIRECT holds what it promises.

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "block_device.h"

namespace piburn {
namespace {

constexpr uint32_t kBufferedBlockBytes = 512;

bool IsCardLike(mode_t mode) {
  return S_ISBLK(mode) || S_ISREG(mode);
}

}  // namespace

Status BlockDevice::Open(const char* path, const OpenRequest& request) {
  if (const Status status = OpenFile(path, request); !status.ok()) return status;
  if (const Status status = ReadDeviceInfo(file_.get(), &info_); !status.ok()) return status;
  if (request.exclusive && !info_.is_block) {
    if (const Status status = LockFile(); !status.ok()) return status;
  }

  const size_t grain = std::max<size_t>(kBufferAlignmentBytes, info_.logical_block_bytes);
  const size_t buffer_bytes = std::max(request.buffer_bytes, grain) + grain - 1;
  buffer_ = AlignedBuffer::Make(buffer_bytes - buffer_bytes % grain);
  if (buffer_ == nullptr) return Failed("aligned_alloc", ENOMEM);

  if (request.direct) GoDirect(request.write);
  if (!info_.direct && !info_.is_block) {
    info_.logical_block_bytes = kBufferedBlockBytes;
    info_.physical_block_bytes = kBufferedBlockBytes;
  }
  return Ok();
}

Status BlockDevice::OpenFile(const char* path, const OpenRequest& request) {
  int flags = (request.write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
  if (request.create) {
    flags |= O_CREAT | O_EXCL;
  } else {
    // Looked at first, because opening a FIFO would wait for its other end, and some devices act on
    // being opened. Not O_NONBLOCK: that opens a card reader although there is no card in it.
    struct stat facts;
    if (stat(path, &facts) != 0) return Failed("open", errno);
    if (!IsCardLike(facts.st_mode)) return Failed("open", ENOTBLK);
    if (request.exclusive && S_ISBLK(facts.st_mode)) flags |= O_EXCL;
  }
  file_ = FileDescriptor(open(path, flags, 0644));
  return file_.is_open() ? Ok() : Failed("open", errno);
}

/** A file has no O_EXCL of its own; two piburns must not write the same one. */
Status BlockDevice::LockFile() {
  if (flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return Ok();
  return Failed("flock", errno == EWOULDBLOCK ? EBUSY : errno);
}

/**
 * Sets O_DIRECT on the open descriptor, and takes it back where it does not work. Not by open(2):
 * with O_CREAT that leaves the file behind when the file system then says EINVAL.
 */
void BlockDevice::GoDirect(bool writable) {
  const int flags = fcntl(file_.get(), F_GETFL);
  if (flags < 0 || fcntl(file_.get(), F_SETFL, flags | O_DIRECT) != 0) return;
  info_.direct = info_.is_block || ProbeDirect(writable);
  if (!info_.direct) fcntl(file_.get(), F_SETFL, flags);
}

/** Some file systems take the flag and refuse the first transfer; that is EINVAL. */
bool BlockDevice::ProbeDirect(bool writable) {
  const size_t block = info_.logical_block_bytes;
  if (info_.size_bytes == 0 && writable) {
    const bool works = pwrite(file_.get(), buffer_->data(), block, 0) >= 0 || errno != EINVAL;
    return ftruncate(file_.get(), 0) == 0 && works;
  }
  return pread(file_.get(), buffer_->data(), block, 0) >= 0 || errno != EINVAL;
}

}  // namespace piburn
