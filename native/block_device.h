// A card, or a regular file that stands in for one: opened for direct I/O, written, read back,
// flushed. It knows Linux calls, not burning, and no JavaScript. Every call blocks until all is
// done or an errno says why not; a device belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "aligned_buffer.h"
#include "device_info.h"
#include "file_descriptor.h"
#include "image_file.h"
#include "status.h"

namespace piburn {

struct OpenRequest {
  bool write = false;
  bool create = false;     // a new regular file; EEXIST when there is something
  bool exclusive = false;  // EBUSY when somebody else has it
  bool direct = true;      // where the file system can
  size_t buffer_bytes = 0;
};

/**
 * Offsets are multiples of the logical block (EINVAL otherwise). Lengths need not be: what is
 * missing to a whole block is written as zeros, and read but not counted. `request` bounds a single
 * pwrite or pread.
 */
class BlockDevice {
 public:
  Status Open(const char* path, const OpenRequest& request);
  void Close() { file_.Close(); }

  bool is_open() const { return file_.is_open(); }
  const DeviceInfo& info() const { return info_; }
  /** Outlives the descriptor; JavaScript may hold it longer than this object lives. */
  const std::shared_ptr<AlignedBuffer>& buffer() const { return buffer_; }

  /** From the image's pages without a copy where possible, otherwise through the buffer. */
  Status WriteFromImage(ImageFile& image, uint64_t offset, uint64_t length, size_t request);
  Status WriteBuffer(uint64_t offset, size_t length, size_t request);
  Status WriteZeros(uint64_t offset, uint64_t length, size_t request);

  /** From the medium, not from a cache. `got` is less than `length` only at the end. */
  Status Read(uint64_t offset, size_t length, size_t request, size_t* got);

  Status Flush();
  Status Truncate(uint64_t size_bytes);

  /** Makes zeros. A file keeps its size and, where it can, gives up the room on disk. */
  Status Punch(uint64_t offset, uint64_t length);

  /** `done` is false where the device has no such command. */
  Status Discard(uint64_t offset, uint64_t length, bool* done);

  /** `done` is false where the kernel cannot now, or not for this caller. */
  Status RereadPartitions(bool* done);

 private:
  Status OpenFile(const char* path, const OpenRequest& request);
  Status LockFile();
  void GoDirect(bool writable);
  bool ProbeDirect(bool writable);
  Status CopyFromImage(const ImageFile& image, uint64_t offset, uint64_t length, size_t request);
  Status WriteAll(const std::byte* data, size_t length, uint64_t offset, size_t request);
  Status ZeroInsideFile(uint64_t offset, uint64_t length);
  Status CheckOffset(const char* call, uint64_t offset, uint64_t length) const;
  size_t PadBuffer(size_t length);
  size_t StepBytes(size_t request) const;
  void DropCache(uint64_t offset, uint64_t length);

  FileDescriptor file_;
  DeviceInfo info_;
  std::shared_ptr<AlignedBuffer> buffer_;
};

}  // namespace piburn
