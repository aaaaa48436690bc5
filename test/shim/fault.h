// What the parts of the fault shim share: a call, the rules, and what strikes whom. fault.c says
// what it can do.

#ifndef PIBURN_TEST_FAULT_H
#define PIBURN_TEST_FAULT_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { kRead = 1, kWrite = 2, kFlush = 4, kOtherChange = 8, kScsi = 16 };
enum { kOpen = 32, kIoctl = 64, kMap = 128 };
enum { kChange = kWrite | kFlush | kOtherChange, kMedium = kRead | kWrite };
enum { kAlignmentBytes = 4096 };

typedef enum {
  kNothing,
  kFlip,
  kErrno,
  kShort,
  kSleep,
  kHang,
  kKill,
  kPowercut,
  kLog,
  kRecord,
  kWrap,
  kLimbo,
  kSense,
  kSwallow,
  kCache
} Action;

typedef struct {
  int calls;
  /** A part of the path; all of it, where it is not NULL. */
  const char* path;
  const char* file;
  /** The name of the call, or of the request of an ioctl; empty: any. */
  const char* name;
  off64_t at;
  off64_t from;
  long first_call;
  long times;
  /** One call in so many, by chance; 1: each. */
  long odds;
  Action action;
  long long value;
  long sector;
  atomic_long seen;
  atomic_long struck;
} Rule;

/** A call that is about to be made. */
typedef struct {
  int kind;
  const char* name;
  off64_t offset;
  size_t length;
  const char* path;
  /** What would be written. */
  const void* data;
} Call;

/** The function of the same name that the program would have called. */
#define REAL(result, name, ...)              \
  static result (*real_##name)(__VA_ARGS__); \
  if (real_##name == NULL) *(void**)&real_##name = dlsym(RTLD_NEXT, #name)

/** Ends the program: a fault that never happens proves nothing. */
void Refuse(const char* word);

/** Whether a rule is about such calls at all. */
bool IsWatched(int kinds);

/** Sleeps, kills and notes as the rules say; returns the first rule that changes how the call ends.
 */
const Rule* Strike(const Call* call);

/** Whether a rule puts this file behind a cache that forgets when power is lost. */
bool IsCached(const char* path);

/** The path of an open file; false when it has none. `path` has PATH_MAX bytes. */
bool PathOf(int fd, char* path);

/** A number that looks random, the same for the same seed and counter. */
unsigned long long Chance(unsigned long long seed, unsigned long long counter);

/** Holds the cache: between this and CacheUnlock no other thread changes a cached file or cuts the
 * power. */
void CacheLock(void);
void CacheUnlock(void);

/** Notes what a write is about to put over the old bytes; `data` NULL: zeros. Under the lock. */
void CacheNote(int fd, off64_t offset, size_t length, const void* data, const char* path);

/** What was written to this file so far stays. Under the lock. */
void CacheFlush(int fd);

/** Takes back a part of what was not flushed, by the seed, in sectors of so many bytes; takes the
 * lock for ever. */
void PowerCut(unsigned long long seed, size_t sector_bytes);

#endif
