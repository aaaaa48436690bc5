// pread, and one moving window of mmap.

#include "image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace piburn {
namespace {

/** A multiple of every page size; small enough for sixteen cards at once on a 32-bit Pi. */
constexpr uint64_t kWindowBytes = uint64_t{4} << 20;

Status OfImage(Status status) {
  status.subject = Subject::kImage;
  return status;
}

}  // namespace

Status ImageFile::Open(const char* path) {
  // O_NONBLOCK: the name of a FIFO must not make us wait for a writer.
  FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.is_open()) return OfImage(Failed("open", errno));
  struct stat facts;
  if (fstat(file.get(), &facts) != 0) return OfImage(Failed("fstat", errno));
  if (!S_ISREG(facts.st_mode)) return OfImage(Failed("open", EINVAL));
  file_ = std::move(file);
  return Ok();
}

void ImageFile::Close() {
  file_.Close();
  mapping_ = Mapping();
}

Status ImageFile::Size(uint64_t* size_bytes) const {
  struct stat facts;
  if (fstat(file_.get(), &facts) != 0) return OfImage(Failed("fstat", errno));
  *size_bytes = static_cast<uint64_t>(facts.st_size);
  return Ok();
}

Status ImageFile::Holds(uint64_t offset, uint64_t length) const {
  uint64_t size_bytes = 0;
  if (const Status status = Size(&size_bytes); !status.ok()) return status;
  if (offset > size_bytes || length > size_bytes - offset) {
    return OfImage(FailedAt("pread", EIO, offset, length));
  }
  return Ok();
}

ImageFile::Window ImageFile::Map(uint64_t offset, uint64_t length) {
  const uint64_t start = offset - offset % kWindowBytes;
  if (mapping_.size() == 0 || mapping_offset_ != start) {
    mapping_ = Mapping();  // the old one first: two windows need not fit
    mapping_ = Mapping::OfFile(file_.get(), start, kWindowBytes);
    mapping_offset_ = start;
  }
  if (mapping_.size() == 0) return {};

  const size_t skip = static_cast<size_t>(offset - start);
  const size_t size = static_cast<size_t>(std::min<uint64_t>(length, kWindowBytes - skip));
  // Page faults read ahead too little; this asks for the whole range at once.
  posix_fadvise(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                POSIX_FADV_WILLNEED);
  return {mapping_.data() + skip, size};
}

Status ImageFile::Read(std::byte* into, uint64_t offset, size_t length, size_t* got) const {
  *got = 0;
  while (*got < length) {
    const size_t wanted = length - *got;
    const ssize_t count =
        pread(file_.get(), into + *got, wanted, static_cast<off_t>(offset + *got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return OfImage(FailedAt("pread", errno, offset + *got, wanted));
    if (count == 0) break;
    *got += static_cast<size_t>(count);
  }
  return Ok();
}

Status ImageFile::ReadAll(std::byte* into, uint64_t offset, size_t length) const {
  size_t got = 0;
  if (const Status status = Read(into, offset, length, &got); !status.ok()) return status;
  return got == length ? Ok() : OfImage(FailedAt("pread", EIO, offset + got, length - got));
}

}  // namespace piburn
