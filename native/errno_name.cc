// What block devices, file systems and our own calls are known to answer.

#include "errno_name.h"

#include <errno.h>

namespace piburn {
namespace {

struct Row {
  int error;
  const char* name;
};

constexpr Row kNames[] = {
    {E2BIG, "E2BIG"},
    {EACCES, "EACCES"},
    {EAGAIN, "EAGAIN"},
    {EBADF, "EBADF"},
    {EBADMSG, "EBADMSG"},
    {EBUSY, "EBUSY"},
    {EDQUOT, "EDQUOT"},
    {EEXIST, "EEXIST"},
    {EFAULT, "EFAULT"},
    {EFBIG, "EFBIG"},
    {EILSEQ, "EILSEQ"},
    {EINTR, "EINTR"},
    {EINVAL, "EINVAL"},
    {EIO, "EIO"},
    {EISDIR, "EISDIR"},
    {ELOOP, "ELOOP"},
    {EMEDIUMTYPE, "EMEDIUMTYPE"},
    {EMFILE, "EMFILE"},
    {ENAMETOOLONG, "ENAMETOOLONG"},
    {ENFILE, "ENFILE"},
    {ENODATA, "ENODATA"},
    {ENODEV, "ENODEV"},
    {ENOENT, "ENOENT"},
    {ENOLCK, "ENOLCK"},
    {ENOLINK, "ENOLINK"},
    {ENOMEDIUM, "ENOMEDIUM"},
    {ENOMEM, "ENOMEM"},
    {ENOSPC, "ENOSPC"},
    {ENOSYS, "ENOSYS"},
    {ENOTBLK, "ENOTBLK"},
    {ENOTDIR, "ENOTDIR"},
    {ENOTTY, "ENOTTY"},
    {ENXIO, "ENXIO"},
    {EOPNOTSUPP, "EOPNOTSUPP"},
    {EOVERFLOW, "EOVERFLOW"},
    {EPERM, "EPERM"},
    {EPIPE, "EPIPE"},
    {EREMOTEIO, "EREMOTEIO"},
    {EROFS, "EROFS"},
    {ESHUTDOWN, "ESHUTDOWN"},
    {ESPIPE, "ESPIPE"},
    {ESTALE, "ESTALE"},
    {ETIMEDOUT, "ETIMEDOUT"},
    {ETXTBSY, "ETXTBSY"},
    {EUCLEAN, "EUCLEAN"},
};

}  // namespace

const char* ErrnoName(int error) {
  for (const Row& row : kNames) {
    if (row.error == error) return row.name;
  }
  return nullptr;
}

}  // namespace piburn
