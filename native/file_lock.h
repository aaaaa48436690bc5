// An advisory lock on a file made for that purpose. It is an open file description lock (fcntl(2),
// F_OFD_SETLK): unlike flock(2), a change of mode is one step, and a change that is refused leaves
// the old mode in force.
#pragma once

#include "file_descriptor.h"
#include "status.h"

namespace piburn {

enum class LockMode { kShared, kExclusive };

class FileLock {
 public:
  /** Makes the file (0600) when it is missing. EAGAIN when another holder is in the way. */
  Status Open(const char* path, LockMode mode);

  /** EAGAIN when another holder is in the way; the old mode then stays. */
  Status Change(LockMode mode);

  /** The file stays: if it were deleted, two holders could lock two files of one name. */
  void Close() { file_.Close(); }
  bool is_open() const { return file_.is_open(); }

 private:
  FileDescriptor file_;
};

}  // namespace piburn
