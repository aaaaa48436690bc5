// Read-only memory from mmap that unmaps itself. Pages of a file are for the kernel's eyes only: a
// file that shrinks makes touching them SIGBUS in our code, but a plain EFAULT inside pwrite.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace piburn {

class Mapping {
 public:
  Mapping() = default;

  /** `offset` is a multiple of the page size. Empty when the file cannot be mapped. */
  static Mapping OfFile(int fd, uint64_t offset, size_t length) {
    return Mapping(mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset)),
                   length);
  }

  /** Costs addresses but no memory: every page is the kernel's one page of zeros. */
  static Mapping OfZeros(size_t length) {
    return Mapping(mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), length);
  }

  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping() {
    if (data_ != nullptr) munmap(data_, size_);
  }

  const std::byte* data() const { return static_cast<const std::byte*>(data_); }
  size_t size() const { return size_; }

 private:
  Mapping(void* data, size_t length)
      : data_(data == MAP_FAILED ? nullptr : data), size_(data == MAP_FAILED ? 0 : length) {}

  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace piburn
