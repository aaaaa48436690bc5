// Faults on demand. Loaded by LD_PRELOAD it stands between a program and its files, so that a test
// can have a card that lies, breaks, hangs or loses power. What happens is told by the environment:
//
// PIBURN_FAULTS      rules, separated by `;`. Each is a few words, separated by blanks:
//   which calls      read (pread, read), write (pwrite, write), flush (fdatasync, fsync), change
//                    (write, flush, and what changes files or names: ftruncate, fallocate, rename,
//                    unlink, mkdir, rmdir, an open that makes or empties a file; the path of a
//                    rename is the new one), open (every open), medium (read and write), ioctl
//                    (those of block devices: BLKROGET ...), mmap (files), or scsi (SG_IO, whose
//                    OFFSET and LENGTH in the log are the bytes 0 and 4 of the command)
//   path=TEXT        only files whose path contains TEXT
//   file=PATH        only the file with this path
//   name=TEXT        only calls with this name in the log, as `rename`, or `BLKROGET`
//   at=BYTE          only calls that cover this byte of the file
//   from=BYTE        only calls that reach beyond this byte of the file
//   call=N           not before the N-th such call of this process, counted from 1
//   times=N          at most N times; for ever when left out
//   odds=N           one call in N, by chance (PIBURN_FAULTS_SEED)
//   what happens     one of: flip=BIT  bit 0 to 7 of byte `at` is wrong, in the file, in what was
//                                      read or in what is mapped
//                            errno=NAME  the call fails: EIO, ENOSPC, ENODEV, EROFS, ENOMEDIUM ...
//                            short=N  not more than N bytes are transferred
//                            sleep=MS  the call takes so much longer
//                            hang  the call does not come back
//                            kill  SIGKILL to this process, before the call
//                            powercut=SEED  the same, but first the files behind a cache lose a
//                                      part of what was not flushed, and the rest of it arrives in
//                                      another order. SEED 0: all of it is lost. `sector=BYTES`
//                                      (4096) is what arrives whole or not at all
//                            log  nothing
//                            record  nothing; the call is written to the record, with its data
//                            swallow  (write, flush) the call says that it is done and does nothing
//                            cache  (change) the file is behind a cache: what is written to it is
//                                      there at once, and lasts from the next flush on
//                            wrap=BYTES   (medium) every offset counts modulo BYTES, a multiple of
//                                         the block: a fake card that holds no more than that
//                            limbo=BYTES  (medium) what lies beyond BYTES is not written and reads
//                                         as zeros
//                            sense=KEY    (scsi) the device answers with this sense key; 0: done
// PIBURN_FAULTS_LOG  a file that gets a line for each rule that strikes: CALL OFFSET LENGTH PATH
// PIBURN_FAULTS_RECORD  a file that gets what `record` meets: CALL OFFSET LENGTH DATABYTES PATH, a
//                    newline, and the data. The path of a rename is OLD, a tab, NEW
// PIBURN_FAULTS_SEED a number for `odds`
//
// A rule that cannot be understood ends the program: a fault that never happens proves nothing.
// The calls themselves are in fault-calls.c, the cache in fault-cache.c.

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { kRulesMax = 64 };

static Rule rules[kRulesMax];
static int rule_count;
static int watched_kinds;
static unsigned long long seed;
static int log_fd = -1;
static int record_fd = -1;

void Refuse(const char* word) {
  fprintf(stderr, "fault shim: cannot understand '%s'\n", word);
  _exit(99);
}

// ---- rules from the environment --------------------------------------------------------------

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
  } known[] = {{"EIO", EIO},
               {"ENOSPC", ENOSPC},
               {"ENODEV", ENODEV},
               {"EINTR", EINTR},
               {"EPERM", EPERM},
               {"EACCES", EACCES},
               {"EROFS", EROFS},
               {"ENOMEDIUM", ENOMEDIUM},
               {"ENXIO", ENXIO},
               {"ENOENT", ENOENT},
               {"ENOMEM", ENOMEM},
               {"EBUSY", EBUSY},
               {"EINVAL", EINVAL},
               {"EDQUOT", EDQUOT},
               {"EMFILE", EMFILE},
               {"EILSEQ", EILSEQ},
               {"EREMOTEIO", EREMOTEIO},
               {"ESHUTDOWN", ESHUTDOWN},
               {"EOPNOTSUPP", EOPNOTSUPP}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].name, name) == 0) return known[i].value;
  }
  Refuse(name);
  return 0;
}

static int CallsOf(const char* word) {
  static const struct {
    const char* word;
    int calls;
  } known[] = {{"read", kRead},     {"write", kWrite},   {"flush", kFlush},
               {"change", kChange}, {"medium", kMedium}, {"scsi", kScsi},
               {"open", kOpen},     {"ioctl", kIoctl},   {"mmap", kMap}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].word, word) == 0) return known[i].calls;
  }
  Refuse(word);
  return 0;
}

static bool Is(const char* word, size_t length, const char* known) {
  return length == strlen(known) && strncmp(word, known, length) == 0;
}

/** What happens; false when the word does not say. */
static bool AddAction(Rule* rule, const char* word, size_t name, const char* text) {
  static const struct {
    const char* name;
    Action action;
    bool has_number;
  } known[] = {{"flip", kFlip, true},         {"short", kShort, true},    {"sleep", kSleep, true},
               {"hang", kHang, false},        {"kill", kKill, false},     {"log", kLog, false},
               {"powercut", kPowercut, true}, {"record", kRecord, false}, {"wrap", kWrap, true},
               {"limbo", kLimbo, true},       {"sense", kSense, true},    {"cache", kCache, false},
               {"swallow", kSwallow, false},  {"errno", kErrno, false}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (!Is(word, name, known[i].name)) continue;
    if (rule->action != kNothing) Refuse("a rule in which two things happen");
    rule->action = known[i].action;
    if (known[i].has_number) rule->value = NumberOf(text);
    if (rule->action == kErrno) rule->value = ErrnoOf(text);
    return true;
  }
  return false;
}

static void AddWord(Rule* rule, const char* word) {
  const char* value = strchr(word, '=');
  const size_t name = value == NULL ? strlen(word) : (size_t)(value - word);
  const char* text = value == NULL ? "" : value + 1;
  if (AddAction(rule, word, name, text)) return;
  if (Is(word, name, "path")) {
    rule->path = text;
  } else if (Is(word, name, "file")) {
    rule->file = text;
  } else if (Is(word, name, "name")) {
    rule->name = text;
  } else if (Is(word, name, "at")) {
    rule->at = NumberOf(text);
  } else if (Is(word, name, "from")) {
    rule->from = NumberOf(text);
  } else if (Is(word, name, "call")) {
    rule->first_call = NumberOf(text);
  } else if (Is(word, name, "times")) {
    rule->times = NumberOf(text);
  } else if (Is(word, name, "odds")) {
    rule->odds = NumberOf(text);
  } else if (Is(word, name, "sector")) {
    rule->sector = NumberOf(text);
  } else {
    rule->calls = CallsOf(word);
  }
}

static void CheckRule(const Rule* rule) {
  const Action action = rule->action;
  if (rule->calls == 0 || action == kNothing) Refuse("a rule without a call or an action");
  const bool is_fake = action == kWrap || action == kLimbo;
  if (is_fake && (rule->calls != kMedium || rule->value == 0)) Refuse("a fake that is no medium");
  if (action == kSense && rule->calls != kScsi) Refuse("sense without scsi");
  if (action == kFlip && (rule->at < 0 || rule->value > 7)) Refuse("flip without a byte");
  if (action == kSwallow && (rule->calls & ~(kWrite | kFlush)) != 0) Refuse("swallowing that");
  if (action == kCache && rule->calls != kChange) Refuse("a cache for less than all changes");
  if (rule->odds == 0 || rule->sector == 0) Refuse("odds or sectors of 0");
}

static void AddRule(char* text) {
  if (rule_count == kRulesMax) Refuse(text);
  Rule* rule = &rules[rule_count];
  *rule = (Rule){.path = "", .name = "", .at = -1, .from = -1, .first_call = 1};
  rule->times = LONG_MAX;
  rule->odds = 1;
  rule->sector = 4096;
  char* rest;
  for (char* word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
    AddWord(rule, word);
  }
  CheckRule(rule);
  watched_kinds |= rule->calls;
  rule_count++;
}

static int OpenLog(const char* variable) {
  REAL(int, open, const char*, int, ...);
  const char* const path = getenv(variable);
  if (path == NULL) return -1;
  return real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

__attribute__((constructor)) static void ReadRules(void) {
  const char* const text = getenv("PIBURN_FAULTS");
  if (text == NULL) return;
  log_fd = OpenLog("PIBURN_FAULTS_LOG");
  record_fd = OpenLog("PIBURN_FAULTS_RECORD");
  const char* const number = getenv("PIBURN_FAULTS_SEED");
  seed = number == NULL ? 1 : (unsigned long long)NumberOf(number);
  char* rest;
  char* const copy = strdup(text);
  for (char* rule = strtok_r(copy, ";", &rest); rule != NULL; rule = strtok_r(NULL, ";", &rest)) {
    AddRule(rule);
  }
}

// ---- what strikes a call ---------------------------------------------------------------------

bool IsWatched(int kinds) {
  return (watched_kinds & kinds) != 0;
}

bool PathOf(int fd, char* path) {
  const int saved_errno = errno;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, PATH_MAX - 1);
  path[size < 0 ? 0 : size] = '\0';
  errno = saved_errno;
  return size > 0 && path[0] == '/';
}

// splitmix64 (Vigna)
unsigned long long Chance(unsigned long long start, unsigned long long counter) {
  unsigned long long word = start * 0x2545f4914f6cdd1dULL + (counter + 1) * 0x9e3779b97f4a7c15ULL;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9ULL;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebULL;
  return word ^ (word >> 31);
}

// One call of writev, so that no line or record of another thread comes in between.
static void Append(int fd, const char* line, size_t size, const void* data, size_t length) {
  const struct iovec parts[2] = {{(void*)line, size}, {(void*)data, length}};
  if (fd < 0) return;
  if (writev(fd, parts, 2) != (ssize_t)(size + length)) Refuse("a log that cannot be written");
}

static void Note(const Call* call) {
  char line[2 * PATH_MAX + 64];
  const int size = snprintf(line, sizeof line, "%s %lld %zu %s\n", call->name,
                            (long long)call->offset, call->length, call->path);
  Append(log_fd, line, (size_t)size, "", 0);
}

static void Record(const Call* call) {
  char line[2 * PATH_MAX + 64];
  const size_t data_bytes = call->data == NULL ? 0 : call->length;
  const int size = snprintf(line, sizeof line, "%s %lld %zu %zu %s\n", call->name,
                            (long long)call->offset, call->length, data_bytes, call->path);
  Append(record_fd, line, (size_t)size, data_bytes == 0 ? "" : call->data, data_bytes);
}

static void Sleep(long long ms) {
  struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

// The path of a rename is the old one, a tab and the new one.
static const char* LastPath(const char* path) {
  const char* const tab = strchr(path, '\t');
  return tab == NULL ? path : tab + 1;
}

static bool Matches(Rule* rule, const Call* call) {
  if ((rule->calls & call->kind) == 0) return false;
  if (strstr(LastPath(call->path), rule->path) == NULL) return false;
  if (rule->file != NULL && strcmp(rule->file, LastPath(call->path)) != 0) return false;
  if (rule->name[0] != '\0' && strcmp(rule->name, call->name) != 0) return false;
  const off64_t end = call->offset + (off64_t)call->length;
  if (rule->at >= 0 && (rule->at < call->offset || rule->at >= end)) return false;
  if (rule->from >= 0 && end <= rule->from) return false;
  const long count = atomic_fetch_add(&rule->seen, 1) + 1;
  if (count < rule->first_call) return false;
  if (Chance(seed, (unsigned long long)count) % (unsigned long long)rule->odds != 0) return false;
  return atomic_fetch_add(&rule->struck, 1) < rule->times;
}

static void End(const Rule* rule) {
  if (rule->action == kPowercut) PowerCut((unsigned long long)rule->value, (size_t)rule->sector);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

const Rule* Strike(const Call* call) {
  const int saved_errno = errno;
  const Rule* found = NULL;
  for (int i = 0; i < rule_count; i++) {
    Rule* const rule = &rules[i];
    if (rule->action == kCache || !Matches(rule, call)) continue;
    if (rule->action == kRecord) {
      Record(call);
      continue;
    }
    Note(call);
    if (rule->action == kSleep) {
      Sleep(rule->value);
    } else if (rule->action == kHang) {
      for (;;) pause();
    } else if (rule->action == kKill || rule->action == kPowercut) {
      End(rule);
    } else if (rule->action != kLog && found == NULL) {
      found = rule;
    }
  }
  errno = saved_errno;
  return found;
}

bool IsCached(const char* path) {
  for (int i = 0; i < rule_count; i++) {
    if (rules[i].action == kCache && strstr(path, rules[i].path) != NULL) return true;
  }
  return false;
}
