// A file descriptor that closes itself.
#pragma once

#include <unistd.h>

#include <utility>

namespace piburn {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  /** Not repeated after EINTR: by then another thread may have got the same number. */
  void Close() {
    if (is_open()) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace piburn
