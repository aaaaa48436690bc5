// Prepares cards for a trial and looks at them after it, by code that shares nothing with piburn
// and compares bytes, not digests. A card is a file behind a loop device that is not attached.
//
//   cards soil IMAGE RANGES CARD...     what the image uses is overwritten with what it is not
//   cards check IMAGE RANGES CARD...    prints a line `CARD OFFSET` for each wrong block of 4 KiB
//
// RANGES holds a line `OFFSET LENGTH` in bytes for each range that the image uses, ascending. There
// a card must hold the image's bytes. Elsewhere it may also be as it was made, that is, a hole.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kBlockBytes = 4096, kWindowBytes = 4 << 20, kWrongMax = 10000 };

static char wanted[kWindowBytes], got[kWindowBytes];
static const char zeros[kBlockBytes];

static void fail(const char *what, const char *where) {
  fprintf(stderr, "cards: %s: %s: %s\n", where, what, strerror(errno));
  exit(1);
}

static int open_file(const char *path, int flags) {
  int file = open(path, flags | O_CLOEXEC);
  if (file < 0) fail("open", path);
  return file;
}

/** Beyond the end of a card there is nothing, and nothing is wrong in every block. */
static size_t read_window(int file, const char *path, char *into, size_t length, off_t offset) {
  size_t done = 0;
  while (done < length) {
    ssize_t count = pread(file, into + done, length - done, offset + (off_t)done);
    if (count < 0) fail("read", path);
    if (count == 0) break;
    done += (size_t)count;
  }
  return done;
}

/** The image's own bytes, each inverted: no block of a soiled card is right by chance. */
static void soil(int image, const char *card_path, off_t offset, off_t length) {
  int card = open_file(card_path, O_WRONLY);
  for (off_t at = offset; at < offset + length; at += kWindowBytes) {
    off_t left = offset + length - at;
    size_t part = left < kWindowBytes ? (size_t)left : kWindowBytes;
    read_window(image, "image", wanted, part, at);
    for (size_t i = 0; i < part; i++) got[i] = (char)~wanted[i];
    if (pwrite(card, got, part, at) != (ssize_t)part) fail("write", card_path);
  }
  close(card);
}

/** Returns how many blocks are wrong; stops printing when they are too many. */
static long compare(int image, const char *card_path, off_t offset, off_t length, bool is_used,
                    long wrong) {
  int card = open_file(card_path, O_RDONLY);
  for (off_t at = offset; at < offset + length; at += kWindowBytes) {
    off_t left = offset + length - at;
    size_t part = left < kWindowBytes ? (size_t)left : kWindowBytes;
    read_window(image, "image", wanted, part, at);
    size_t have = read_window(card, card_path, got, part, at);
    if (have == part && memcmp(wanted, got, part) == 0) continue;
    for (size_t i = 0; i < part; i += kBlockBytes) {
      size_t block = part - i < kBlockBytes ? part - i : kBlockBytes;
      bool is_there = i + block <= have;
      if (is_there && memcmp(wanted + i, got + i, block) == 0) continue;
      if (is_there && !is_used && memcmp(zeros, got + i, block) == 0) continue;
      if (wrong++ < kWrongMax) printf("%s %lld\n", card_path, (long long)(at + (off_t)i));
    }
  }
  close(card);
  return wrong;
}

static void each_range(int image, off_t image_bytes, const char *ranges_path, const char *card,
                       bool is_soiling) {
  FILE *ranges = fopen(ranges_path, "r");
  if (ranges == NULL) fail("open", ranges_path);
  long long offset, length;
  off_t end = 0;
  long wrong = 0;
  while (fscanf(ranges, "%lld %lld", &offset, &length) == 2) {
    if (is_soiling) {
      soil(image, card, offset, length);
    } else {
      wrong = compare(image, card, end, offset - end, false, wrong);
      wrong = compare(image, card, offset, length, true, wrong);
    }
    end = offset + length;
  }
  if (!is_soiling) compare(image, card, end, image_bytes - end, false, wrong);
  fclose(ranges);
}

int main(int argc, char **argv) {
  bool is_soiling = argc > 1 && strcmp(argv[1], "soil") == 0;
  if (argc < 5 || (!is_soiling && strcmp(argv[1], "check") != 0)) {
    fprintf(stderr, "usage: cards soil|check IMAGE RANGES CARD...\n");
    return 2;
  }
  int image = open_file(argv[2], O_RDONLY);
  struct stat status;
  if (fstat(image, &status) != 0) fail("stat", argv[2]);
  for (int i = 4; i < argc; i++) each_range(image, status.st_size, argv[3], argv[i], is_soiling);
  return 0;
}
