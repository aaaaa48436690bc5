// The simulated cards, and what their faults (card-words.c) make of each call.

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "card-sim.h"

enum { kCardsMax = 128, kFaultsMax = 8 };

struct Card {
  char name[kNameMax];
  int file;
  Fault faults[kFaultsMax];
  int fault_count;
  /** Counts up when the card is calmed: who hangs since an earlier epoch goes on. */
  long epoch;
  Stats stats;
};

static Card cards[kCardsMax];
static int card_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t calmed = PTHREAD_COND_INITIALIZER;

static Card* FoundOrMade(const char* name) {
  for (int i = 0; i < card_count; i++) {
    if (strcmp(cards[i].name, name) == 0) return &cards[i];
  }
  errno = ENFILE;
  if (card_count == kCardsMax || strlen(name) >= kNameMax) return NULL;
  const int file = open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) return NULL;
  Card* card = &cards[card_count++];
  strcpy(card->name, name);
  card->file = file;
  return card;
}

Card* CardNamed(const char* name) {
  pthread_mutex_lock(&lock);
  Card* card = FoundOrMade(name);
  pthread_mutex_unlock(&lock);
  return card;
}

int CardFile(const Card* card) {
  return card->file;
}

Stats CardStats(const Card* card) {
  pthread_mutex_lock(&lock);
  const Stats stats = card->stats;
  pthread_mutex_unlock(&lock);
  return stats;
}

bool AddFault(Card* card, const Fault* fault) {
  pthread_mutex_lock(&lock);
  const bool fits = card->fault_count < kFaultsMax;
  if (fits) card->faults[card->fault_count++] = *fault;
  pthread_mutex_unlock(&lock);
  return fits;
}

void Calm(Card* card) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < card_count; i++) {
    if (card != NULL && card != &cards[i]) continue;
    cards[i].fault_count = 0;
    cards[i].epoch++;
  }
  pthread_cond_broadcast(&calmed);
  pthread_mutex_unlock(&lock);
}

// ---- calls -----------------------------------------------------------------------------------

static void Count(Stats* stats, int call, size_t size) {
  stats->reads += call == kRead;
  stats->writes += call == kWrite;
  stats->flushes += call == kFlush;
  if (call == kRead) stats->read_bytes += (long long)size;
  if (call == kWrite) stats->written_bytes += (long long)size;
}

static bool Covers(off_t at, off_t offset, size_t size) {
  return offset <= at && at < offset + (off_t)size;
}

/** Whether this call is struck; counts it, if it is one of those that may be. */
static bool Strikes(Fault* fault, const Card* card, int call, off_t offset, size_t size) {
  if ((fault->calls & call) == 0) return false;
  if (fault->action == kWrap || fault->action == kLimbo) return true;
  if (call != kFlush && offset + (off_t)size <= fault->from) return false;
  if (fault->to >= 0 && offset >= fault->to) return false;
  if (fault->at >= 0 && !Covers(fault->at, offset, size)) return false;
  if (card->stats.written_bytes < fault->behind) return false;
  if (fault->action == kFade && ++fault->readings <= fault->value) return false;
  if (fault->seen++ % fault->every != 0) return false;
  return fault->times < 0 || fault->struck++ < fault->times;
}

/** As a driver does when a card says that it is locked. */
static void Protect(const char* path) {
  const int device = open(path, O_RDONLY | O_CLOEXEC);
  int is_on = 1;
  if (device < 0) return;
  ioctl(device, BLKROSET, &is_on);
  close(device);
}

static void Sleep(long long ms) {
  const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void WaitForCalm(Card* card) {
  const long epoch = card->epoch;
  card->stats.hanging++;
  while (card->epoch == epoch) pthread_cond_wait(&calmed, &lock);
  card->stats.hanging--;
}

Fate FateOf(Card* card, int call, off_t offset, size_t size) {
  Fate fate = {.flipped_at = -1};
  const char* protected_device = NULL;
  long long sleep_ms = 0;
  bool hangs = false;
  pthread_mutex_lock(&lock);
  Count(&card->stats, call, size);
  for (int i = 0; i < card->fault_count; i++) {
    Fault* fault = &card->faults[i];
    if (fault->action == kFade && call == kWrite && Covers(fault->at, offset, size))
      fault->readings = 0;
    if (!Strikes(fault, card, call, offset, size)) continue;
    if (fault->action == kErrno) fate.error = (int)fault->value;
    if (fault->action == kReadOnly) {
      fate.error = EIO;
      protected_device = fault->device;
    }
    if (fault->action == kSwallow) fate.is_swallowed = true;
    if (fault->action == kFlip || fault->action == kFade) {
      fate.flipped_at = fault->at >= 0 ? fault->at : offset + (off_t)size / 2;
      fate.flipped_bits = (unsigned char)(fault->action == kFlip ? 1 << fault->value : 1);
    }
    if (fault->action == kSleep) sleep_ms += fault->value;
    if (fault->action == kHang) hangs = true;
    if (fault->action == kWrap || fault->action == kLimbo) {
      fate.real_bytes = fault->value;
      fate.wraps = fault->action == kWrap;
    }
  }
  if (hangs) WaitForCalm(card);
  pthread_mutex_unlock(&lock);
  if (protected_device != NULL) Protect(protected_device);
  if (sleep_ms > 0) Sleep(sleep_ms);
  return fate;
}
