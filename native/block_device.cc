// Writing, reading back and flushing; how a device comes to be open is in block_device_open.cc.

#include "block_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "mapping.h"

namespace piburn {
namespace {

/** Largest single write of zeros. */
constexpr size_t kZeroBytes = size_t{4} << 20;
/** Where no caller gives a request size: big enough to be fast, small enough for cheap readers. */
constexpr size_t kDefaultRequestBytes = size_t{1} << 20;

template <typename T>
T RoundDown(T value, T grain) {
  return value - value % grain;
}

template <typename T>
T RoundUp(T value, T grain) {
  return RoundDown<T>(value + grain - 1, grain);
}

const Mapping& Zeros();
bool MappingIsToBlame(const Status& status);

}  // namespace

Status BlockDevice::WriteFromImage(ImageFile& image, uint64_t offset, uint64_t length,
                                   size_t request) {
  if (const Status status = CheckOffset("pwrite", offset, length); !status.ok()) return status;
  if (const Status status = image.Holds(offset, length); !status.ok()) return status;

  const uint64_t whole = RoundDown<uint64_t>(length, info_.logical_block_bytes);
  uint64_t done = 0;
  while (done < whole) {
    const ImageFile::Window window = image.Map(offset + done, whole - done);
    if (window.size == 0) break;
    const Status status = WriteAll(window.data, window.size, offset + done, request);
    if (MappingIsToBlame(status)) break;
    if (!status.ok()) return status;
    done += window.size;
  }
  // Here are the tail, which has to be padded, and whatever the mapping could not give.
  return CopyFromImage(image, offset + done, length - done, request);
}

/** By pread, whose errno says that it is the image which cannot be read. */
Status BlockDevice::CopyFromImage(const ImageFile& image, uint64_t offset, uint64_t length,
                                  size_t request) {
  for (uint64_t done = 0; done < length;) {
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(length - done, buffer_->size()));
    const Status read = image.ReadAll(buffer_->data(), offset + done, wanted);
    if (!read.ok()) return read;
    const size_t padded = PadBuffer(wanted);
    const Status written = WriteAll(buffer_->data(), padded, offset + done, request);
    if (!written.ok()) return written;
    done += wanted;
  }
  return Ok();
}

Status BlockDevice::WriteBuffer(uint64_t offset, size_t length, size_t request) {
  if (const Status status = CheckOffset("pwrite", offset, length); !status.ok()) return status;
  if (length > buffer_->size()) return FailedAt("pwrite", EINVAL, offset, length);
  return WriteAll(buffer_->data(), PadBuffer(length), offset, request);
}

Status BlockDevice::WriteZeros(uint64_t offset, uint64_t length, size_t request) {
  if (const Status status = CheckOffset("pwrite", offset, length); !status.ok()) return status;
  const Mapping& zeros = Zeros();
  if (zeros.size() == 0) return Failed("mmap", ENOMEM);
  const uint64_t padded = RoundUp<uint64_t>(length, info_.logical_block_bytes);
  for (uint64_t done = 0; done < padded;) {
    const size_t step = static_cast<size_t>(std::min<uint64_t>(padded - done, zeros.size()));
    const Status status = WriteAll(zeros.data(), step, offset + done, request);
    if (!status.ok()) return status;
    done += step;
  }
  return Ok();
}

Status BlockDevice::WriteAll(const std::byte* data, size_t length, uint64_t offset,
                             size_t request) {
  const size_t step = StepBytes(request);
  // What O_DIRECT has written of a block that it has not finished is written again.
  const size_t grain = info_.direct ? info_.logical_block_bytes : 1;
  for (size_t done = 0; done < length;) {
    const size_t wanted = std::min(step, length - done);
    const ssize_t count =
        pwrite(file_.get(), data + done, wanted, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailedAt("pwrite", errno, offset + done, wanted);
    const size_t finished = RoundDown(static_cast<size_t>(count), grain);
    if (finished == 0) return FailedAt("pwrite", EIO, offset + done, wanted);
    done += finished;
  }
  return Ok();
}

Status BlockDevice::Read(uint64_t offset, size_t length, size_t request, size_t* got) {
  *got = 0;
  if (const Status status = CheckOffset("pread", offset, length); !status.ok()) return status;
  if (length > buffer_->size()) return FailedAt("pread", EINVAL, offset, length);
  if (!info_.direct) DropCache(offset, length);

  const size_t step = StepBytes(request);
  const size_t padded = RoundUp<size_t>(length, info_.logical_block_bytes);
  size_t done = 0;
  while (done < padded) {
    const size_t wanted = std::min(step, padded - done);
    const ssize_t count =
        pread(file_.get(), buffer_->data() + done, wanted, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FailedAt("pread", errno, offset + done, wanted);
    done += static_cast<size_t>(count);
    // Part of a block is the end of a file; O_DIRECT could not go on from there anyway.
    if (count == 0 || done % info_.logical_block_bytes != 0) break;
  }
  *got = std::min(done, length);
  return Ok();
}

Status BlockDevice::Flush() {
  int result;
  do {
    result = fdatasync(file_.get());
  } while (result != 0 && errno == EINTR);
  if (result != 0) return Failed("fdatasync", errno);
  if (!info_.direct) posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
  return Ok();
}

Status BlockDevice::Truncate(uint64_t size_bytes) {
  if (ftruncate(file_.get(), static_cast<off_t>(size_bytes)) == 0) return Ok();
  return Failed("ftruncate", errno);
}

Status BlockDevice::Punch(uint64_t offset, uint64_t length) {
  if (const Status status = CheckOffset("fallocate", offset, length); !status.ok()) return status;
  if (length == 0) return Ok();
  if (info_.is_block) return WriteZeros(offset, length, kDefaultRequestBytes);
  const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (fallocate(file_.get(), mode, static_cast<off_t>(offset), static_cast<off_t>(length)) == 0) {
    return Ok();
  }
  if (errno != EOPNOTSUPP && errno != ENOSYS) {
    return FailedAt("fallocate", errno, offset, length);
  }
  return ZeroInsideFile(offset, length);
}

/** What a hole would read as, where the file system has no holes. */
Status BlockDevice::ZeroInsideFile(uint64_t offset, uint64_t length) {
  struct stat facts;
  if (fstat(file_.get(), &facts) != 0) return Failed("fstat", errno);
  const uint64_t size_bytes = static_cast<uint64_t>(facts.st_size);
  if (offset >= size_bytes) return Ok();
  const uint64_t inside = std::min(length, size_bytes - offset);
  const Status status = WriteZeros(offset, inside, kDefaultRequestBytes);
  if (!status.ok()) return status;
  // The padding of the last block must not make the file longer.
  return inside % info_.logical_block_bytes == 0 ? Ok() : Truncate(size_bytes);
}

Status BlockDevice::Discard(uint64_t offset, uint64_t length, bool* done) {
  *done = false;
  if (!info_.is_block) return Ok();
  uint64_t range[2] = {offset, length};
  if (ioctl(file_.get(), BLKDISCARD, range) == 0) {
    *done = true;
    return Ok();
  }
  // EREMOTEIO: the reader rejects the command although it announces it.
  const bool unsupported = errno == EOPNOTSUPP || errno == ENOTTY || errno == EREMOTEIO;
  return unsupported ? Ok() : FailedAt("ioctl(BLKDISCARD)", errno, offset, length);
}

Status BlockDevice::RereadPartitions(bool* done) {
  *done = false;
  if (!info_.is_block) return Ok();
  if (ioctl(file_.get(), BLKRRPART) == 0) {
    *done = true;
    return Ok();
  }
  // EINVAL: a device without partitions. EACCES: allowed to write the card, but not to
  // administrate.
  const bool expected = errno == EBUSY || errno == EINVAL || errno == EACCES || errno == EPERM;
  return expected ? Ok() : Failed("ioctl(BLKRRPART)", errno);
}

Status BlockDevice::CheckOffset(const char* call, uint64_t offset, uint64_t length) const {
  const bool aligned = offset % info_.logical_block_bytes == 0;
  return aligned ? Ok() : FailedAt(call, EINVAL, offset, length);
}

/** Zeros the buffer from `length` to the end of that block, so that nothing stale is written. */
size_t BlockDevice::PadBuffer(size_t length) {
  const size_t padded = RoundUp<size_t>(length, info_.logical_block_bytes);
  std::memset(buffer_->data() + length, 0, padded - length);
  return padded;
}

/** Whole blocks, at least one. */
size_t BlockDevice::StepBytes(size_t request) const {
  const size_t block = info_.logical_block_bytes;
  return std::max(block, RoundDown(request, block));
}

/** Drops clean pages, and whole ones only, so the range grows to whole pages. */
void BlockDevice::DropCache(uint64_t offset, uint64_t length) {
  const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t start = RoundDown(offset, page);
  const uint64_t end = RoundUp(offset + length, page);
  posix_fadvise(file_.get(), static_cast<off_t>(start), static_cast<off_t>(end - start),
                POSIX_FADV_DONTNEED);
}

namespace {

/** Shared and never unmapped: a worker may still write from it while the process exits. */
const Mapping& Zeros() {
  static const Mapping* const zeros = new Mapping(Mapping::OfZeros(kZeroBytes));
  return *zeros;
}

/** EFAULT: a page cannot be read. EINVAL: the device wants another alignment in memory. */
bool MappingIsToBlame(const Status& status) {
  return status.error == EFAULT || status.error == EINVAL;
}

}  // namespace
}  // namespace piburn
