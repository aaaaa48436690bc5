// The words that tell a simulated card what shall go wrong. A fault is a few words, separated by
// blanks:
//
//   which calls      read, write, both (read and write), flush
//   from=BYTE        only calls that reach beyond this byte of the card
//   to=BYTE          only calls that begin before it
//   at=BYTE          only calls that cover this byte
//   behind=BYTES     not before so many bytes have been written to the card
//   every=N          the first such call and every N-th after it
//   times=N          at most N times
//   what happens     one of: errno=NAME   the call fails: EIO, ENOSPC, EROFS
//                            readonly=LOOP  the call fails (EIO), and the kernel takes the loop
//                                         device for write-protected from now on
//                            swallow      the call says that it is done and does nothing
//                            flip=BIT     this bit of byte `at` (none: the middle one) is wrong, in
//                                         what is read or what is written
//                            fade=N       (read) the byte `at` reads right N times after it was
//                                         written, and wrong from then on
//                            sleep=MS     the call takes so much longer
//                            hang         the call comes back when the card is calmed
//                            wrap=BYTES   (both) the card holds no more than that; what lies beyond
//                                         comes out at its beginning
//                            limbo=BYTES  (both) it holds no more; what lies beyond is forgotten
//                                         and reads as zeros

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "card-sim.h"

static bool SetNumber(long long* number, const char* text) {
  char* end;
  *number = strtoll(text, &end, 10);
  return end != text && *end == '\0' && *number >= 0;
}

static bool SetErrno(long long* number, const char* text) {
  static const struct {
    const char* name;
    int value;
  } known[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, text) != 0) continue;
    *number = known[i].value;
    return true;
  }
  return false;
}

static bool SetCondition(Fault* fault, const char* key, const char* text) {
  long long number;
  if (!SetNumber(&number, text)) return false;
  if (strcmp(key, "from") == 0) {
    fault->from = number;
  } else if (strcmp(key, "to") == 0) {
    fault->to = number;
  } else if (strcmp(key, "at") == 0) {
    fault->at = number;
  } else if (strcmp(key, "behind") == 0) {
    fault->behind = number;
  } else if (strcmp(key, "every") == 0 && number > 0) {
    fault->every = (long)number;
  } else if (strcmp(key, "times") == 0) {
    fault->times = (long)number;
  } else {
    return false;
  }
  return true;
}

/** Whether the word says what happens; then it is understood, or `is_good` is false. */
static bool SetAction(Fault* fault, const char* key, const char* text, bool* is_good) {
  static const char* const names[] = {"",     "errno", "readonly", "swallow", "flip",
                                      "fade", "sleep", "hang",     "wrap",    "limbo"};
  for (Action action = kErrno; action <= kLimbo; action++) {
    if (strcmp(key, names[action]) != 0) continue;
    const bool is_bare = action == kSwallow || action == kHang;
    *is_good = fault->action == kNothing && is_bare == (text == NULL);
    fault->action = action;
    if (!*is_good || is_bare) return true;
    if (action == kReadOnly) {
      *is_good = strlen(text) < kNameMax;
      if (*is_good) strcpy(fault->device, text);
    } else {
      *is_good = (action == kErrno ? SetErrno : SetNumber)(&fault->value, text);
    }
    return true;
  }
  return false;
}

static bool IsWhole(const Fault* fault) {
  const int both = kRead | kWrite;
  switch (fault->action) {
    case kNothing:
      return false;
    case kFade:
      return fault->calls == kRead && fault->at >= 0;
    case kWrap:
    case kLimbo:
      return fault->calls == both && fault->value > 0;
    case kFlip:
      return fault->value < 8 && fault->calls != kFlush;
    default:
      return true;
  }
}

bool ReadFault(char* words, Fault* fault) {
  *fault = (Fault){.at = -1, .to = -1, .every = 1, .times = -1};
  const char* calls = strsep(&words, " ");
  if (strcmp(calls, "read") == 0) fault->calls = kRead;
  if (strcmp(calls, "write") == 0) fault->calls = kWrite;
  if (strcmp(calls, "both") == 0) fault->calls = kRead | kWrite;
  if (strcmp(calls, "flush") == 0) fault->calls = kFlush;
  if (fault->calls == 0) return false;
  for (char* word = strsep(&words, " "); word != NULL; word = strsep(&words, " ")) {
    char* text = word;
    const char* key = strsep(&text, "=");
    bool is_good = true;
    if (!SetAction(fault, key, text, &is_good)) {
      is_good = text != NULL && SetCondition(fault, key, text);
    }
    if (!is_good) return false;
  }
  return IsWhole(fault);
}
