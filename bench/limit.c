// The limit: what a program for this job cannot beat on this machine. It writes the used ranges of
// an image with O_DIRECT to all targets at once, a thread each, syncs, reads them back with
// O_DIRECT and compares XXH3-128 digests, and does nothing else: no plan, no progress, no caution.
//
//   limit burn IMAGE RANGES TARGET...    write, sync, read back, compare
//   limit read IMAGE RANGES TARGET...    only read and compare: what a re-burn cannot beat
//
// RANGES holds a line `OFFSET LENGTH` in bytes for each range, ascending, in whole blocks of 4 KiB.
// The image is mapped: it is read once, by whichever thread comes first, and hashed once.

#define _GNU_SOURCE
#define XXH_INLINE_ALL
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { kBlockBytes = 4096, kRequestBytes = 4 << 20, kTargetsMax = 64 };

typedef struct {
  off_t offset;
  size_t length;
  XXH128_hash_t digest;
} Request;

static const char *image;
static Request *requests;
static size_t request_count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hashed_changed = PTHREAD_COND_INITIALIZER;
static bool is_hashed;
static bool only_read;

static void fail(const char *what, const char *where) {
  fprintf(stderr, "limit: %s: %s: %s\n", where, what, strerror(errno));
  exit(1);
}

static void fail_at(const char *target, off_t offset, const char *what) {
  fprintf(stderr, "limit: %s: %s at byte %lld\n", target, what, (long long)offset);
  exit(1);
}

/** Cuts a range into requests of at most 4 MiB. */
static void add_range(off_t offset, size_t length, size_t image_bytes) {
  if (offset % kBlockBytes != 0 || length % kBlockBytes != 0 || offset < 0 ||
      (size_t)offset > image_bytes || length > image_bytes - (size_t)offset) {
    fprintf(stderr, "limit: a range is not made of whole blocks of the image\n");
    exit(2);
  }
  while (length > 0) {
    size_t part = length < kRequestBytes ? length : kRequestBytes;
    if ((request_count & (request_count - 1)) == 0) {
      size_t room = request_count == 0 ? 1 : 2 * request_count;
      requests = realloc(requests, room * sizeof *requests);
      if (requests == NULL) fail("no memory", "ranges");
    }
    requests[request_count++] = (Request){.offset = offset, .length = part};
    offset += part;
    length -= part;
  }
}

static void read_ranges(const char *path, size_t image_bytes) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail("open", path);
  long long offset, length;
  while (fscanf(file, "%lld %lld", &offset, &length) == 2)
    add_range(offset, (size_t)length, image_bytes);
  fclose(file);
}

static void map_image(const char *path, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) fail("open", path);
  image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
  if (image == MAP_FAILED) fail("mmap", path);
  *bytes = (size_t)status.st_size;
  close(file);
}

static void hash_image(void) {
  for (size_t i = 0; i < request_count; i++)
    requests[i].digest = XXH3_128bits(image + requests[i].offset, requests[i].length);
  pthread_mutex_lock(&mutex);
  is_hashed = true;
  pthread_cond_broadcast(&hashed_changed);
  pthread_mutex_unlock(&mutex);
}

static void wait_for_digests(void) {
  pthread_mutex_lock(&mutex);
  while (!is_hashed) pthread_cond_wait(&hashed_changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

static void write_all(int target, const char *path) {
  for (size_t i = 0; i < request_count; i++) {
    const Request *request = &requests[i];
    for (size_t done = 0; done < request->length;) {
      off_t at = request->offset + (off_t)done;
      ssize_t count = pwrite(target, image + at, request->length - done, at);
      if (count <= 0) fail("write", path);
      done += (size_t)count;
    }
  }
  if (fsync(target) != 0) fail("fsync", path);
}

static void verify_all(int target, const char *path) {
  char *buffer = aligned_alloc(kBlockBytes, kRequestBytes);
  if (buffer == NULL) fail("no memory", path);
  for (size_t i = 0; i < request_count; i++) {
    const Request *request = &requests[i];
    for (size_t done = 0; done < request->length;) {
      off_t at = request->offset + (off_t)done;
      ssize_t count = pread(target, buffer + done, request->length - done, at);
      if (count <= 0) fail("read", path);
      done += (size_t)count;
    }
    if (!XXH128_isEqual(XXH3_128bits(buffer, request->length), request->digest))
      fail_at(path, request->offset, "differs");
  }
  free(buffer);
}

static void *work(void *argument) {
  const char *path = argument;
  int target = open(path, (only_read ? O_RDONLY : O_RDWR) | O_DIRECT | O_CLOEXEC);
  if (target < 0) fail("open", path);
  if (!only_read) write_all(target, path);
  wait_for_digests();
  verify_all(target, path);
  close(target);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 5 || argc - 4 > kTargetsMax) {
    fprintf(stderr, "usage: limit burn|read IMAGE RANGES TARGET...\n");
    return 2;
  }
  only_read = strcmp(argv[1], "read") == 0;
  size_t image_bytes;
  map_image(argv[2], &image_bytes);
  read_ranges(argv[3], image_bytes);
  pthread_t threads[kTargetsMax];
  int count = argc - 4;
  for (int i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, work, argv[4 + i]) != 0) fail("no thread", argv[4 + i]);
  hash_image();
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  return 0;
}
