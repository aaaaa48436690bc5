// fcntl(2) locks that belong to the open file, not to the process.

#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

namespace piburn {
namespace {

Status Lock(int fd, LockMode mode) {
  struct flock whole_file = {};  // l_start and l_len 0: all of it; l_pid 0: the call asks for that
  whole_file.l_type = mode == LockMode::kExclusive ? F_WRLCK : F_RDLCK;
  whole_file.l_whence = SEEK_SET;
  if (fcntl(fd, F_OFD_SETLK, &whole_file) == 0) return Ok();
  return Failed("fcntl(F_OFD_SETLK)", errno == EACCES ? EAGAIN : errno);
}

}  // namespace

Status FileLock::Open(const char* path, LockMode mode) {
  FileDescriptor file(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600));
  if (!file.is_open()) return Failed("open", errno);
  struct stat facts;
  if (fstat(file.get(), &facts) != 0) return Failed("fstat", errno);
  if (!S_ISREG(facts.st_mode)) return Failed("open", EINVAL);
  if (const Status status = Lock(file.get(), mode); !status.ok()) return status;
  file_ = std::move(file);
  return Ok();
}

Status FileLock::Change(LockMode mode) {
  return Lock(file_.get(), mode);
}

}  // namespace piburn
