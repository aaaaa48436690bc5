// The decoded image, opened for reading: whole bytes by pread, or a window of it mapped so that
// pwrite can take the pages without a copy. One window at a time, because a 32-bit Pi has only 3 GB
// of addresses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "file_descriptor.h"
#include "mapping.h"
#include "status.h"

namespace piburn {

class ImageFile {
 public:
  struct Window {
    const std::byte* data = nullptr;
    size_t size = 0;  // 0: it cannot be mapped
  };

  /** EINVAL for what is no regular file. */
  Status Open(const char* path);
  void Close();
  bool is_open() const { return file_.is_open(); }

  /** The size now: a spool may still grow. */
  Status Size(uint64_t* size_bytes) const;

  /** An EIO of the image when it has no such bytes (any more). */
  Status Holds(uint64_t offset, uint64_t length) const;

  /** At most `length` bytes from `offset`, valid until the next call; only for the kernel to read.
   */
  Window Map(uint64_t offset, uint64_t length);

  /** Reads until `length` bytes or the end of the file; `got` says which. */
  Status Read(std::byte* into, uint64_t offset, size_t length, size_t* got) const;

  /** As Read(), but an early end is an EIO of the image. */
  Status ReadAll(std::byte* into, uint64_t offset, size_t length) const;

 private:
  FileDescriptor file_;
  Mapping mapping_;
  uint64_t mapping_offset_ = 0;
};

}  // namespace piburn
