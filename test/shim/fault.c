// Faults on demand. Loaded by LD_PRELOAD it stands between a program and its files, so that a test
// can have a card that lies, breaks, hangs or loses power. What happens is told by the environment:
//
// PIBURN_FAULTS      rules, separated by `;`. Each is a few words, separated by blanks:
//   which calls      read (pread), write (pwrite, write), flush (fdatasync, fsync), change (write,
//                    flush, ftruncate, fallocate and rename, whose path is the new one), medium
//                    (read and write), or scsi (SG_IO, whose OFFSET and LENGTH in the log are the
//                    bytes 0 and 4 of the command)
//   path=TEXT        only files whose path contains TEXT
//   at=BYTE          only calls that cover this byte of the file
//   from=BYTE        only calls that reach beyond this byte of the file
//   call=N           not before the N-th such call of this process, counted from 1
//   times=N          at most N times; for ever when left out
//   what happens     one of: flip=BIT  bit 0 to 7 of byte `at` is wrong, in the file or in what
//                                      was read
//                            errno=NAME  the call fails: EIO, ENOSPC, ENODEV, EINTR, EPERM
//                            short=N  not more than N bytes are transferred
//                            sleep=MS  the call takes so much longer
//                            kill  SIGKILL to this process, before the call
//                            log  nothing
//                            wrap=BYTES   (medium) every offset counts modulo BYTES, a multiple of
//                                         the block: a fake card that holds no more than that
//                            limbo=BYTES  (medium) what lies beyond BYTES is not written and reads
//                                         as zeros
//                            sense=KEY    (scsi) the device answers with this sense key; 0: done
// PIBURN_FAULTS_LOG  a file that gets a line for each rule that strikes: CALL OFFSET LENGTH PATH
//
// A rule that cannot be understood ends the program: a fault that never happens proves nothing.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <scsi/sg.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { kRead = 1, kWrite = 2, kFlush = 4, kOtherChange = 8, kScsi = 16 };
enum { kChange = kWrite | kFlush | kOtherChange, kMedium = kRead | kWrite };
enum { kRulesMax = 16, kAlignmentBytes = 4096 };
typedef enum { kNothing, kFlip, kErrno, kShort, kSleep, kKill, kLog, kWrap, kLimbo, kSense } Action;

typedef struct {
  int calls;
  const char* path;
  off64_t at;
  off64_t from;
  long first_call;
  long times;
  Action action;
  long long value;
  atomic_long seen;
  atomic_long struck;
} Rule;

static Rule rules[kRulesMax];
static int rule_count;
static int log_fd = -1;

#define REAL(result, name, ...)              \
  static result (*real_##name)(__VA_ARGS__); \
  if (real_##name == NULL) *(void**)&real_##name = dlsym(RTLD_NEXT, #name)

// ---- rules from the environment --------------------------------------------------------------

static void Refuse(const char* word) {
  fprintf(stderr, "fault shim: cannot understand '%s'\n", word);
  _exit(99);
}

static long long NumberOf(const char* text) {
  char* end;
  const long long number = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || number < 0) Refuse(text);
  return number;
}

static int ErrnoOf(const char* name) {
  static const struct {
    const char* name;
    int value;
  } known[] = {
      {"EIO", EIO}, {"ENOSPC", ENOSPC}, {"ENODEV", ENODEV}, {"EINTR", EINTR}, {"EPERM", EPERM}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].name, name) == 0) return known[i].value;
  }
  Refuse(name);
  return 0;
}

static int CallsOf(const char* word) {
  if (strcmp(word, "read") == 0) return kRead;
  if (strcmp(word, "write") == 0) return kWrite;
  if (strcmp(word, "flush") == 0) return kFlush;
  if (strcmp(word, "change") == 0) return kChange;
  if (strcmp(word, "medium") == 0) return kMedium;
  if (strcmp(word, "scsi") == 0) return kScsi;
  Refuse(word);
  return 0;
}

static void Act(Rule* rule, Action action, long long value) {
  rule->action = action;
  rule->value = value;
}

static void AddWord(Rule* rule, const char* word) {
  const char* value = strchr(word, '=');
  const size_t name = value == NULL ? strlen(word) : (size_t)(value - word);
  const char* text = value == NULL ? "" : value + 1;
#define IS(known) (name == strlen(known) && strncmp(word, known, name) == 0)
  if (IS("path")) {
    rule->path = text;
  } else if (IS("at")) {
    rule->at = NumberOf(text);
  } else if (IS("from")) {
    rule->from = NumberOf(text);
  } else if (IS("call")) {
    rule->first_call = NumberOf(text);
  } else if (IS("times")) {
    rule->times = NumberOf(text);
  } else if (IS("flip")) {
    Act(rule, kFlip, NumberOf(text));
  } else if (IS("errno")) {
    Act(rule, kErrno, ErrnoOf(text));
  } else if (IS("short")) {
    Act(rule, kShort, NumberOf(text));
  } else if (IS("sleep")) {
    Act(rule, kSleep, NumberOf(text));
  } else if (IS("kill")) {
    Act(rule, kKill, 0);
  } else if (IS("log")) {
    Act(rule, kLog, 0);
  } else if (IS("wrap")) {
    Act(rule, kWrap, NumberOf(text));
  } else if (IS("limbo")) {
    Act(rule, kLimbo, NumberOf(text));
  } else if (IS("sense")) {
    Act(rule, kSense, NumberOf(text));
  } else {
    rule->calls = CallsOf(word);
  }
#undef IS
}

static void AddRule(char* text) {
  if (rule_count == kRulesMax) Refuse(text);
  Rule* rule = &rules[rule_count];
  *rule = (Rule){.path = "", .at = -1, .from = -1, .first_call = 1, .times = LONG_MAX};
  char* rest;
  for (char* word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    AddWord(rule, word);
  }
  if (rule->calls == 0 || rule->action == kNothing) Refuse("a rule without a call or an action");
  const bool is_fake = rule->action == kWrap || rule->action == kLimbo;
  if (is_fake && (rule->calls != kMedium || rule->value == 0)) Refuse("a fake that is no medium");
  if ((rule->action == kSense) && rule->calls != kScsi) Refuse("sense without scsi");
  if (rule->action == kFlip && (rule->at < 0 || rule->value > 7)) Refuse("flip without a byte");
  rule_count++;
}

__attribute__((constructor)) static void ReadRules(void) {
  const char* const text = getenv("PIBURN_FAULTS");
  if (text == NULL) return;
  char* rest;
  char* const copy = strdup(text);
  for (char* rule = strtok_r(copy, ";", &rest); rule != NULL; rule = strtok_r(NULL, ";", &rest)) {
    AddRule(rule);
  }
  const char* const log = getenv("PIBURN_FAULTS_LOG");
  if (log != NULL) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

// ---- what strikes a call ---------------------------------------------------------------------

static void Note(int call, off64_t offset, size_t length, const char* path) {
  REAL(ssize_t, write, int, const void*, size_t);
  if (log_fd < 0) return;
  const char* const name = call == kRead    ? "read"
                           : call == kWrite ? "write"
                           : call == kFlush ? "flush"
                           : call == kScsi  ? "scsi"
                                            : "other";
  char line[PATH_MAX + 64];
  const int size =
      snprintf(line, sizeof line, "%s %lld %zu %s\n", name, (long long)offset, length, path);
  if (real_write(log_fd, line, (size_t)size) != size) Refuse("a log that cannot be written");
}

static void Sleep(long long ms) {
  struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static bool Matches(Rule* rule, int call, off64_t offset, size_t length, const char* path) {
  if ((rule->calls & call) == 0 || strstr(path, rule->path) == NULL) return false;
  const off64_t end = offset + (off64_t)length;
  if (rule->at >= 0 && (rule->at < offset || rule->at >= end)) return false;
  if (rule->from >= 0 && end <= rule->from) return false;
  if (atomic_fetch_add(&rule->seen, 1) + 1 < rule->first_call) return false;
  return atomic_fetch_add(&rule->struck, 1) < rule->times;
}

// Sleeps, kills and notes as the rules say; returns the first rule that changes how the call ends.
static const Rule* Strike(int call, off64_t offset, size_t length, const char* path) {
  const Rule* found = NULL;
  for (int i = 0; i < rule_count; i++) {
    Rule* const rule = &rules[i];
    if (!Matches(rule, call, offset, length, path)) continue;
    Note(call, offset, length, path);
    if (rule->action == kSleep) {
      Sleep(rule->value);
    } else if (rule->action == kKill) {
      kill(getpid(), SIGKILL);
      pause();
    } else if (rule->action != kLog && found == NULL) {
      found = rule;
    }
  }
  return found;
}

static const Rule* StrikeFile(int call, int fd, off64_t offset, size_t length) {
  if (rule_count == 0) return NULL;
  const int saved_errno = errno;
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  path[size < 0 ? 0 : size] = '\0';
  const Rule* const rule = size < 0 ? NULL : Strike(call, offset, length, path);
  errno = saved_errno;
  return rule;
}

static bool Fails(const Rule* rule) {
  if (rule == NULL || rule->action != kErrno) return false;
  errno = (int)rule->value;
  return true;
}

static size_t Allowed(const Rule* rule, size_t length) {
  const bool cut = rule != NULL && rule->action == kShort && (size_t)rule->value < length;
  return cut ? (size_t)rule->value : length;
}

static void Flip(const Rule* rule, unsigned char* bytes, off64_t offset, ssize_t length) {
  if (rule == NULL || rule->action != kFlip || rule->at >= offset + length) return;
  bytes[rule->at - offset] ^= (unsigned char)(1u << rule->value);
}

// ---- fake cards -------------------------------------------------------------------------------

typedef ssize_t (*ReadCall)(int, void*, size_t, off64_t);
typedef ssize_t (*WriteCall)(int, const void*, size_t, off64_t);

static bool IsFake(const Rule* rule) {
  return rule != NULL && (rule->action == kWrap || rule->action == kLimbo);
}

// One stretch at a time that does not cross a multiple of what the card really holds.
static ssize_t FakeTransfer(const Rule* rule, int fd, char* to, const char* from, size_t length,
                            off64_t offset, ReadCall read_call, WriteCall write_call) {
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
      count = to != NULL ? read_call(fd, to + done, step, inside)
                         : write_call(fd, from + done, step, inside);
    }
    if (count < 0) return done > 0 ? (ssize_t)done : count;
    if (count == 0) break;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

// ---- the calls -------------------------------------------------------------------------------

ssize_t pread64(int fd, void* buffer, size_t length, off64_t offset) {
  REAL(ssize_t, pread64, int, void*, size_t, off64_t);
  const Rule* const rule = StrikeFile(kRead, fd, offset, length);
  if (Fails(rule)) return -1;
  if (IsFake(rule)) return FakeTransfer(rule, fd, buffer, NULL, length, offset, real_pread64, NULL);
  const ssize_t got = real_pread64(fd, buffer, Allowed(rule, length), offset);
  Flip(rule, buffer, offset, got);
  return got;
}

ssize_t pwrite64(int fd, const void* buffer, size_t length, off64_t offset) {
  REAL(ssize_t, pwrite64, int, const void*, size_t, off64_t);
  const Rule* const rule = StrikeFile(kWrite, fd, offset, length);
  if (Fails(rule)) return -1;
  if (IsFake(rule)) {
    return FakeTransfer(rule, fd, NULL, buffer, length, offset, NULL, real_pwrite64);
  }
  if (rule == NULL || rule->action != kFlip) {
    return real_pwrite64(fd, buffer, Allowed(rule, length), offset);
  }
  void* copy = NULL;
  if (posix_memalign(&copy, kAlignmentBytes, length) != 0) Refuse("a write that large");
  memcpy(copy, buffer, length);
  Flip(rule, copy, offset, (ssize_t)length);
  const ssize_t count = real_pwrite64(fd, copy, length, offset);
  free(copy);
  return count;
}

ssize_t pread(int fd, void* buffer, size_t length, off_t offset) {
  return pread64(fd, buffer, length, offset);
}

ssize_t pwrite(int fd, const void* buffer, size_t length, off_t offset) {
  return pwrite64(fd, buffer, length, offset);
}

ssize_t write(int fd, const void* buffer, size_t length) {
  REAL(ssize_t, write, int, const void*, size_t);
  const Rule* const rule = StrikeFile(kWrite, fd, 0, length);
  return Fails(rule) ? -1 : real_write(fd, buffer, Allowed(rule, length));
}

int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  return Fails(StrikeFile(kFlush, fd, 0, 0)) ? -1 : real_fdatasync(fd);
}

int fsync(int fd) {
  REAL(int, fsync, int);
  return Fails(StrikeFile(kFlush, fd, 0, 0)) ? -1 : real_fsync(fd);
}

int ftruncate64(int fd, off64_t length) {
  REAL(int, ftruncate64, int, off64_t);
  return Fails(StrikeFile(kOtherChange, fd, length, 0)) ? -1 : real_ftruncate64(fd, length);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  REAL(int, fallocate64, int, int, off64_t, off64_t);
  const Rule* const rule = StrikeFile(kOtherChange, fd, offset, (size_t)length);
  return Fails(rule) ? -1 : real_fallocate64(fd, mode, offset, length);
}

int rename(const char* from, const char* to) {
  REAL(int, rename, const char*, const char*);
  return Fails(Strike(kOtherChange, 0, 0, to)) ? -1 : real_rename(from, to);
}

// SCSI commands only; every other ioctl goes through.
int ioctl(int fd, unsigned long request, ...) {
  REAL(int, ioctl, int, unsigned long, ...);
  va_list arguments;
  va_start(arguments, request);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  if (request != SG_IO) return real_ioctl(fd, request, argument);
  sg_io_hdr_t* const command = argument;
  const Rule* const rule = StrikeFile(kScsi, fd, command->cmdp[0], command->cmdp[4]);
  if (Fails(rule)) return -1;
  if (rule == NULL || rule->action != kSense) return real_ioctl(fd, request, argument);
  command->info = rule->value == 0 ? SG_INFO_OK : SG_INFO_CHECK;
  command->sb_len_wr = rule->value == 0 ? 0 : 18;
  if (rule->value != 0) {
    command->sbp[0] = 0x70;
    command->sbp[2] = (unsigned char)rule->value;
  }
  return 0;
}
