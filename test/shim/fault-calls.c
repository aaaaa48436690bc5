// The calls of the C library that the fault shim stands in front of.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

static const Rule* StrikeFile(int kind, const char* name, int fd, off64_t offset, size_t length) {
  char path[PATH_MAX];
  if (!IsWatched(kind) || !PathOf(fd, path)) return NULL;
  const Call call = {kind, name, offset, length, path, NULL};
  return Strike(&call);
}

static bool Fails(const Rule* rule) {
  if (rule == NULL || rule->action != kErrno) return false;
  errno = (int)rule->value;
  return true;
}

static bool IsSwallowed(const Rule* rule) {
  return rule != NULL && rule->action == kSwallow;
}

static size_t Allowed(const Rule* rule, size_t length) {
  const bool cut = rule != NULL && rule->action == kShort && (size_t)rule->value < length;
  return cut ? (size_t)rule->value : length;
}

static void Flip(const Rule* rule, unsigned char* bytes, off64_t offset, ssize_t length) {
  if (rule == NULL || rule->action != kFlip || rule->at >= offset + length) return;
  bytes[rule->at - offset] ^= (unsigned char)(1u << rule->value);
}

// ---- reading and writing -----------------------------------------------------------------------

// Where a file is that is read or written without an offset.
enum { kAtPosition = -1 };

static ssize_t RealRead(int fd, void* buffer, size_t length, off64_t offset) {
  REAL(ssize_t, pread64, int, void*, size_t, off64_t);
  REAL(ssize_t, read, int, void*, size_t);
  return offset == kAtPosition ? real_read(fd, buffer, length)
                               : real_pread64(fd, buffer, length, offset);
}

static ssize_t RealWrite(int fd, const void* buffer, size_t length, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void*, size_t, off64_t);
  REAL(ssize_t, write, int, const void*, size_t);
  return offset == kAtPosition ? real_write(fd, buffer, length)
                               : real_pwrite64(fd, buffer, length, offset);
}

static off64_t PositionOf(int fd, bool writes) {
  const int saved_errno = errno;
  struct stat facts;
  const bool appends = writes && (fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &facts) == 0;
  const off64_t position = appends ? facts.st_size : lseek64(fd, 0, SEEK_CUR);
  errno = saved_errno;
  return position < 0 ? 0 : position;
}

static ssize_t Moved(int fd, off64_t offset, ssize_t count) {
  if (offset == kAtPosition && count > 0) lseek64(fd, count, SEEK_CUR);
  return count;
}

static bool IsFake(const Rule* rule) {
  return rule != NULL && (rule->action == kWrap || rule->action == kLimbo);
}

// One stretch at a time that does not cross a multiple of what the card really holds.
static ssize_t FakeTransfer(const Rule* rule, int fd, char* to, const char* from, size_t length,
                            off64_t offset) {
  size_t done = 0;
  while (done < length) {
    const off64_t at = offset + (off64_t)done;
    const off64_t inside = at % rule->value;
    const size_t fits = (size_t)(rule->value - inside);
    const size_t step = length - done < fits ? length - done : fits;
    ssize_t count = (ssize_t)step;
    if (rule->action == kLimbo && at >= rule->value) {
      if (to != NULL) memset(to + done, 0, step);
    } else {
      count = to != NULL ? RealRead(fd, to + done, step, inside)
                         : RealWrite(fd, from + done, step, inside);
    }
    if (count < 0) return done > 0 ? (ssize_t)done : count;
    if (count == 0) break;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

static ssize_t Read(int fd, void* buffer, size_t length, off64_t offset) {
  char path[PATH_MAX];
  if (!IsWatched(kRead) || !PathOf(fd, path)) return RealRead(fd, buffer, length, offset);
  const off64_t at = offset == kAtPosition ? PositionOf(fd, false) : offset;
  const Call call = {kRead, "read", at, length, path, NULL};
  const Rule* const rule = Strike(&call);
  if (Fails(rule)) return -1;
  if (IsFake(rule)) return Moved(fd, offset, FakeTransfer(rule, fd, buffer, NULL, length, at));
  const ssize_t got = RealRead(fd, buffer, Allowed(rule, length), offset);
  Flip(rule, buffer, at, got);
  return got;
}

static ssize_t WriteFlipped(const Rule* rule, int fd, const void* buffer, size_t length,
                            off64_t offset, off64_t at) {
  void* copy = NULL;
  if (posix_memalign(&copy, kAlignmentBytes, length) != 0) Refuse("a write that large");
  memcpy(copy, buffer, length);
  Flip(rule, copy, at, (ssize_t)length);
  const ssize_t count = RealWrite(fd, copy, length, offset);
  free(copy);
  return count;
}

static ssize_t WriteCached(int fd, const void* buffer, size_t length, off64_t offset, off64_t at,
                           const char* path) {
  CacheLock();
  CacheNote(fd, at, length, buffer, path);
  const ssize_t count = RealWrite(fd, buffer, length, offset);
  CacheUnlock();
  return count;
}

static ssize_t Write(int fd, const void* buffer, size_t length, off64_t offset) {
  char path[PATH_MAX];
  if (!IsWatched(kWrite) || !PathOf(fd, path)) return RealWrite(fd, buffer, length, offset);
  const off64_t at = offset == kAtPosition ? PositionOf(fd, true) : offset;
  const Call call = {kWrite, "write", at, length, path, buffer};
  const Rule* const rule = Strike(&call);
  if (Fails(rule)) return -1;
  if (IsFake(rule)) return Moved(fd, offset, FakeTransfer(rule, fd, NULL, buffer, length, at));
  if (IsSwallowed(rule)) return Moved(fd, offset, (ssize_t)length);
  if (rule != NULL && rule->action == kFlip) {
    return WriteFlipped(rule, fd, buffer, length, offset, at);
  }
  const size_t allowed = Allowed(rule, length);
  return IsCached(path) ? WriteCached(fd, buffer, allowed, offset, at, path)
                        : RealWrite(fd, buffer, allowed, offset);
}

ssize_t pread64(int fd, void* buffer, size_t length, off64_t offset) {
  return Read(fd, buffer, length, offset);
}

ssize_t pread(int fd, void* buffer, size_t length, off_t offset) {
  return Read(fd, buffer, length, offset);
}

ssize_t read(int fd, void* buffer, size_t length) {
  return Read(fd, buffer, length, kAtPosition);
}

ssize_t pwrite64(int fd, const void* buffer, size_t length, off64_t offset) {
  return Write(fd, buffer, length, offset);
}

ssize_t pwrite(int fd, const void* buffer, size_t length, off_t offset) {
  return Write(fd, buffer, length, offset);
}

ssize_t write(int fd, const void* buffer, size_t length) {
  return Write(fd, buffer, length, kAtPosition);
}

// ---- flushing and sizes
// --------------------------------------------------------------------------

static int Flush(int fd, const char* name, int (*real)(int)) {
  const Rule* const rule = StrikeFile(kFlush, name, fd, 0, 0);
  if (Fails(rule)) return -1;
  if (IsSwallowed(rule)) return 0;
  if (!IsWatched(kFlush)) return real(fd);
  CacheLock();
  const int result = real(fd);
  if (result == 0) CacheFlush(fd);
  CacheUnlock();
  return result;
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return Flush(fd, "flush", real_fdatasync);
}

int fsync(int fd) {
  REAL(int, fsync, int);
  return Flush(fd, "flush", real_fsync);
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  const Rule* const rule = StrikeFile(kOtherChange, "truncate", fd, length, 0);
  return Fails(rule) ? -1 : real_ftruncate64(fd, length);
}

int ftruncate(int fd, off_t length) {
  return ftruncate64(fd, length);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  REAL(int, fallocate64, int, int, off64_t, off64_t);
  const bool punches = (mode & FALLOC_FL_PUNCH_HOLE) != 0;
  const char* const name = punches ? "punch" : "allocate";
  const Rule* const rule = StrikeFile(kOtherChange, name, fd, offset, (size_t)length);
  if (Fails(rule)) return -1;
  char path[PATH_MAX];
  if (!punches || !IsWatched(kChange) || !PathOf(fd, path) || !IsCached(path)) {
    return real_fallocate64(fd, mode, offset, length);
  }
  CacheLock();
  CacheNote(fd, offset, (size_t)length, NULL, path);
  const int result = real_fallocate64(fd, mode, offset, length);
  CacheUnlock();
  return result;
}

int fallocate(int fd, int mode, off_t offset, off_t length) {
  return fallocate64(fd, mode, offset, length);
}

// ---- names
// ---------------------------------------------------------------------------------------

// Logs need whole paths, and a rule may ask for a part of one.
static const char* Absolute(const char* path, char* into) {
  if (path[0] == '/' || getcwd(into, PATH_MAX / 2) == NULL) return path;
  const size_t length = strlen(into);
  snprintf(into + length, PATH_MAX - length, "/%s", path);
  return into;
}

static const Rule* StrikePath(int kind, const char* name, const char* path) {
  char whole[PATH_MAX];
  if (!IsWatched(kind)) return NULL;
  const Call call = {kind, name, 0, 0, Absolute(path, whole), NULL};
  return Strike(&call);
}

int rename(const char* from, const char* to) {
  REAL(int, rename, const char*, const char*);
  char whole_from[PATH_MAX];
  char whole_to[PATH_MAX];
  char both[2 * PATH_MAX + 2];
  if (!IsWatched(kOtherChange)) return real_rename(from, to);
  snprintf(both, sizeof both, "%s\t%s", Absolute(from, whole_from), Absolute(to, whole_to));
  const Call call = {kOtherChange, "rename", 0, 0, both, NULL};
  return Fails(Strike(&call)) ? -1 : real_rename(from, to);
}

int unlink(const char* path) {
  REAL(int, unlink, const char*);
  return Fails(StrikePath(kOtherChange, "unlink", path)) ? -1 : real_unlink(path);
}

int rmdir(const char* path) {
  REAL(int, rmdir, const char*);
  return Fails(StrikePath(kOtherChange, "rmdir", path)) ? -1 : real_rmdir(path);
}

int mkdir(const char* path, mode_t mode) {
  REAL(int, mkdir, const char*, mode_t);
  return Fails(StrikePath(kOtherChange, "mkdir", path)) ? -1 : real_mkdir(path, mode);
}

// An open that makes a file or empties one is a change as well.
static bool MayOpen(const char* path, int flags) {
  if (Fails(StrikePath(kOpen, "open", path))) return false;
  if (!IsWatched(kOtherChange) || (flags & (O_CREAT | O_TRUNC)) == 0) return true;
  struct stat facts;
  const bool exists = stat(path, &facts) == 0;
  if (exists && (flags & O_TRUNC) == 0) return true;
  if (!exists && (flags & O_CREAT) == 0) return true;
  return !Fails(StrikePath(kOtherChange, exists ? "empty" : "create", path));
}

static mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open64(const char* path, int flags, ...) {
  REAL(int, open64, const char*, int, ...);
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  if (IsWatched(kOpen | kOtherChange) && !MayOpen(path, flags)) return -1;
  return real_open64(path, flags, mode);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return open64(path, flags, mode);
}

// ---- devices and mappings
// ------------------------------------------------------------------------

static const char* BlockRequest(unsigned long request) {
  switch (request) {
    case BLKGETSIZE64:
      return "BLKGETSIZE64";
    case BLKSSZGET:
      return "BLKSSZGET";
    case BLKPBSZGET:
      return "BLKPBSZGET";
    case BLKROGET:
      return "BLKROGET";
    case BLKRRPART:
      return "BLKRRPART";
    case BLKFLSBUF:
      return "BLKFLSBUF";
    case BLKDISCARD:
      return "BLKDISCARD";
    default:
      return NULL;
  }
}

static int SendScsi(int fd, sg_io_hdr_t* command, int (*real)(int, unsigned long, ...)) {
  const Rule* const rule = StrikeFile(kScsi, "scsi", fd, command->cmdp[0], command->cmdp[4]);
  if (Fails(rule)) return -1;
  if (rule == NULL || rule->action != kSense) return real(fd, SG_IO, command);
  command->info = rule->value == 0 ? SG_INFO_OK : SG_INFO_CHECK;
  command->sb_len_wr = rule->value == 0 ? 0 : 18;
  if (rule->value != 0) {
    command->sbp[0] = 0x70;
    command->sbp[2] = (unsigned char)rule->value;
  }
  return 0;
}

int ioctl(int fd, unsigned long request, ...) {
  REAL(int, ioctl, int, unsigned long, ...);
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request == SG_IO) return SendScsi(fd, argument, real_ioctl);
  const char* const name = IsWatched(kIoctl) ? BlockRequest(request) : NULL;
  if (name != NULL && Fails(StrikeFile(kIoctl, name, fd, 0, 0))) return -1;
  return real_ioctl(fd, request, argument);
}

void* mmap64(void* address, size_t length, int protection, int flags, int fd, off64_t offset) {
  REAL(void*, mmap64, void*, size_t, int, int, int, off64_t);
  const Rule* const rule = fd < 0 ? NULL : StrikeFile(kMap, "mmap", fd, offset, length);
  if (Fails(rule)) return MAP_FAILED;
  if (rule == NULL || rule->action != kFlip) {
    return real_mmap64(address, length, protection, flags, fd, offset);
  }
  // A copy of its own, so that the file itself stays as it is.
  const int own = (flags & ~(MAP_SHARED | MAP_SHARED_VALIDATE)) | MAP_PRIVATE;
  unsigned char* const bytes =
      real_mmap64(address, length, protection | PROT_READ | PROT_WRITE, own, fd, offset);
  if (bytes != MAP_FAILED) Flip(rule, bytes, offset, (ssize_t)length);
  return bytes;
}

void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap64(address, length, protection, flags, fd, offset);
}
