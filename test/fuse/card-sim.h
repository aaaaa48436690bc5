// What the parts of the card simulator share: a card, its faults, and what they do to a call.
// card-sim.c says what it can do.

#ifndef PIBURN_TEST_CARD_SIM_H
#define PIBURN_TEST_CARD_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { kRead = 1, kWrite = 2, kFlush = 4 };
enum { kNameMax = 64 };

typedef enum {
  kNothing,
  kErrno,
  kReadOnly,
  kSwallow,
  kFlip,
  kFade,
  kSleep,
  kHang,
  kWrap,
  kLimbo
} Action;

/** What goes wrong, and when; card-words.c explains each. */
typedef struct {
  int calls;
  Action action;
  long long value;
  char device[kNameMax];
  off_t from, to, at;
  long long behind;
  long every, times, seen, struck;
  /** Readings since the last write, of what fades. */
  long readings;
} Fault;

/** Counts of what has reached the card. */
typedef struct {
  long long reads, read_bytes, writes, written_bytes, flushes, hanging;
} Stats;

typedef struct Card Card;

/** The card in a file of the backing directory; NULL, with errno set, where there is none. */
Card* CardNamed(const char* name);
int CardFile(const Card* card);
Stats CardStats(const Card* card);

/** False where the words cannot be understood. */
bool ReadFault(char* words, Fault* fault);
/** Adds a fault to a card; false where it has too many. */
bool AddFault(Card* card, const Fault* fault);
/** Lifts all faults of a card; what hangs goes on. NULL: of all cards. */
void Calm(Card* card);

/** What becomes of a call. */
typedef struct {
  /** 0, or a positive errno. */
  int error;
  bool is_swallowed;
  /** The byte of which a bit is wrong, -1: none. */
  off_t flipped_at;
  unsigned char flipped_bits;
  /** The card holds no more than that; 0: all that it claims. */
  off_t real_bytes;
  bool wraps;
} Fate;

/** Counts a call, waits as long as it shall take, and says what becomes of it. */
Fate FateOf(Card* card, int call, off_t offset, size_t size);

#endif
