// Zeroed memory at an address that O_DIRECT accepts.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace piburn {

/** What any known device or file system needs of an address; also the grain of buffer sizes. */
inline constexpr size_t kBufferAlignmentBytes = 4096;

class AlignedBuffer {
 public:
  /** `size` is a multiple of kBufferAlignmentBytes. Null when there is no memory. */
  static std::shared_ptr<AlignedBuffer> Make(size_t size) {
    void* const memory = std::aligned_alloc(kBufferAlignmentBytes, size);
    if (memory == nullptr) return nullptr;
    std::memset(memory, 0, size);
    return std::shared_ptr<AlignedBuffer>(new AlignedBuffer(static_cast<std::byte*>(memory), size));
  }

  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  ~AlignedBuffer() { std::free(data_); }

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  AlignedBuffer(std::byte* data, size_t size) : data_(data), size_(size) {}

  std::byte* const data_;
  const size_t size_;
};

}  // namespace piburn
