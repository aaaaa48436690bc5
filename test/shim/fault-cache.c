// A cache that forgets: what is written to a file goes through at once, so that it can be read, but
// it is remembered with what was there before. A flush makes it last. When the power is cut,
// everything since the last flush is taken back, and some of it put there again, sector by sector,
// in another order. Sizes and names are not held back.

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

enum { kPendingMax = 4096, kPendingBytesMax = 256 << 20 };

typedef struct {
  dev_t device;
  ino_t inode;
  char* path;
  off64_t offset;
  size_t length;
  /** What was there; shorter where the file ended. */
  unsigned char* old_bytes;
  size_t old_length;
  unsigned char* new_bytes;
} Pending;

static Pending pending[kPendingMax];
static size_t pending_count;
static size_t pending_bytes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void CacheLock(void) {
  pthread_mutex_lock(&lock);
}

void CacheUnlock(void) {
  pthread_mutex_unlock(&lock);
}

// Past O_DIRECT, with which the program may have opened the file.
static int Reopen(const char* path, int flags) {
  REAL(int, open, const char*, int, ...);
  const int fd = real_open(path, flags | O_CLOEXEC);
  if (fd < 0) Refuse("a cached file that cannot be opened once more");
  return fd;
}

void CacheNote(int fd, off64_t offset, size_t length, const void* data, const char* path) {
  REAL(ssize_t, pread64, int, void*, size_t, off64_t);
  struct stat facts;
  pending_bytes += length;
  if (pending_count == kPendingMax || pending_bytes > kPendingBytesMax || fstat(fd, &facts) != 0) {
    Refuse("more in a cache than it holds");
  }
  Pending* const entry = &pending[pending_count++];
  *entry = (Pending){.device = facts.st_dev, .inode = facts.st_ino, .path = strdup(path)};
  entry->offset = offset;
  entry->length = length;
  entry->old_bytes = malloc(length + 1);
  entry->new_bytes = calloc(1, length + 1);
  if (data != NULL) memcpy(entry->new_bytes, data, length);
  const int reader = Reopen(path, O_RDONLY);
  const ssize_t got = real_pread64(reader, entry->old_bytes, length, offset);
  close(reader);
  if (got < 0) Refuse("a cached file that cannot be read");
  entry->old_length = (size_t)got;
}

static void Forget(Pending* entry) {
  pending_bytes -= entry->length;
  free(entry->path);
  free(entry->old_bytes);
  free(entry->new_bytes);
}

void CacheFlush(int fd) {
  struct stat facts;
  if (pending_count == 0 || fstat(fd, &facts) != 0) return;
  size_t kept = 0;
  for (size_t i = 0; i < pending_count; i++) {
    if (pending[i].device == facts.st_dev && pending[i].inode == facts.st_ino) {
      Forget(&pending[i]);
    } else {
      pending[kept++] = pending[i];
    }
  }
  pending_count = kept;
}

static void Put(const char* path, const void* bytes, size_t length, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void*, size_t, off64_t);
  REAL(int, fsync, int);
  if (length == 0) return;
  const int writer = Reopen(path, O_WRONLY);
  if (real_pwrite64(writer, bytes, length, offset) != (ssize_t)length) Refuse("taking back");
  real_fsync(writer);
  close(writer);
}

static void TakeBack(void) {
  for (size_t i = pending_count; i-- > 0;) {
    const Pending* const entry = &pending[i];
    Put(entry->path, entry->old_bytes, entry->old_length, entry->offset);
  }
}

// Half of the sectors of half of the writes, the writes in another order.
static void PutSome(unsigned long long seed, size_t sector_bytes) {
  size_t order[kPendingMax];
  for (size_t i = 0; i < pending_count; i++) order[i] = i;
  for (size_t i = pending_count; i-- > 1;) {
    const size_t other = Chance(seed, i) % (i + 1);
    const size_t moved = order[i];
    order[i] = order[other];
    order[other] = moved;
  }
  unsigned long long counter = kPendingMax;
  for (size_t i = 0; i < pending_count; i++) {
    const Pending* const entry = &pending[order[i]];
    const unsigned long long fate = Chance(seed, counter++) % 4;  // none, all, or some of it
    for (size_t at = 0; at < entry->length; at += sector_bytes) {
      const size_t left = entry->length - at;
      const bool arrives = fate == 1 || (fate >= 2 && Chance(seed, counter++) % 2 == 0);
      if (!arrives) continue;
      Put(entry->path, entry->new_bytes + at, left < sector_bytes ? left : sector_bytes,
          entry->offset + (off64_t)at);
    }
  }
}

void PowerCut(unsigned long long seed, size_t sector_bytes) {
  CacheLock();
  TakeBack();
  if (seed != 0) PutSome(seed, sector_bytes);
}
