// A simulated SD card below a block device: a FUSE file system (libfuse 3) that shows each file of
// a directory as a card, for a loop device to stand on. Nothing is cached; each read and write of
// the device comes here, and here it can go wrong.
//
//   card-sim DIRECTORY MOUNTPOINT
//
// It stays in the foreground, says `ready`, and takes a command a line from standard input, with
// an answer a line (`ok ...`, or `error ...`):
//
//   fault CARD WORDS   from now on; the words are explained in card-words.c
//   calm CARD          lifts all faults of the card; what hangs goes on
//   stats CARD         counts: reads, bytes read, writes, bytes written, flushes, calls that hang
//
// When standard input ends, it detaches the loop devices, unmounts and ends: it does not outlive
// the test that started it.

#define FUSE_USE_VERSION 312

#include "card-sim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char mount_point[PATH_MAX];

// ---- commands --------------------------------------------------------------------------------

static bool AddWords(Card* card, char* words) {
  Fault fault;
  return words != NULL && ReadFault(words, &fault) && AddFault(card, &fault);
}

static void Answer(char* line) {
  line[strcspn(line, "\n")] = '\0';
  char* rest = line;
  const char* command = strsep(&rest, " ");
  const char* name = strsep(&rest, " ");
  Card* card = name == NULL ? NULL : CardNamed(name);
  if (card == NULL) {
    printf("error no such card\n");
  } else if (strcmp(command, "fault") == 0 && AddWords(card, rest)) {
    printf("ok\n");
  } else if (strcmp(command, "calm") == 0) {
    Calm(card);
    printf("ok\n");
  } else if (strcmp(command, "stats") == 0) {
    const Stats stats = CardStats(card);
    printf("ok %lld %lld %lld %lld %lld %lld\n", stats.reads, stats.read_bytes, stats.writes,
           stats.written_bytes, stats.flushes, stats.hanging);
  } else {
    printf("error cannot understand '%s'\n", command);
  }
  fflush(stdout);
}

/** Whether a loop device stands on one of the cards, as sysfs says. */
static bool StandsHere(const char* device) {
  char path[PATH_MAX];
  char backing[PATH_MAX] = "";
  snprintf(path, sizeof path, "/sys/block/%s/loop/backing_file", device);
  FILE* file = fopen(path, "re");
  if (file == NULL) return false;
  const bool is_read = fgets(backing, sizeof backing, file) != NULL;
  fclose(file);
  const size_t length = strlen(mount_point);
  return is_read && strncmp(backing, mount_point, length) == 0 && backing[length] == '/';
}

/** A test that was killed leaves its loop devices behind. */
static void DetachAll(void) {
  DIR* disks = opendir("/sys/block");
  if (disks == NULL) return;
  for (const struct dirent* disk = readdir(disks); disk != NULL; disk = readdir(disks)) {
    if (strncmp(disk->d_name, "loop", 4) != 0 || !StandsHere(disk->d_name)) continue;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/dev/%s", disk->d_name);
    const int device = open(path, O_RDONLY | O_CLOEXEC);
    if (device < 0) continue;
    int is_on = 0;
    ioctl(device, BLKROSET, &is_on);
    ioctl(device, LOOP_CLR_FD);
    close(device);
  }
  closedir(disks);
}

static void* TakeCommands(void* unused) {
  (void)unused;
  static char line[1024];
  printf("ready\n");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) Answer(line);
  Calm(NULL);
  DetachAll();
  // Whatever still uses it: the end of this process ends every request for good.
  umount2(mount_point, MNT_DETACH);
  _exit(0);
}

// ---- the file system -------------------------------------------------------------------------

static void* Init(struct fuse_conn_info* connection, struct fuse_config* config) {
  (void)connection;
  config->direct_io = 1;
  config->nullpath_ok = 1;
  config->attr_timeout = 0;
  pthread_t thread;
  if (pthread_create(&thread, NULL, TakeCommands, NULL) != 0) exit(1);
  return NULL;
}

static Card* CardOf(const struct fuse_file_info* info) {
  return (Card*)(uintptr_t)info->fh;
}

static int GetAttributes(const char* path, struct stat* found, struct fuse_file_info* info) {
  if (info == NULL && strcmp(path, "/") == 0) {
    memset(found, 0, sizeof *found);
    found->st_mode = S_IFDIR | 0700;
    found->st_nlink = 2;
    return 0;
  }
  const Card* card = info == NULL ? CardNamed(path + 1) : CardOf(info);
  if (card == NULL || fstat(CardFile(card), found) != 0) return -errno;
  return 0;
}

static int Open(const char* path, struct fuse_file_info* info) {
  Card* card = CardNamed(path + 1);
  if (card == NULL) return -errno;
  info->fh = (uintptr_t)card;
  info->direct_io = 1;
  return 0;
}

/** Reads or writes what the card really holds; a part that lies beyond it is zero, or nowhere. */
static int Transfer(const Card* card, const Fate* fate, char* buffer, size_t size, off_t offset,
                    bool is_write) {
  for (size_t done = 0; done < size;) {
    off_t place = offset + (off_t)done;
    size_t length = size - done;
    if (fate->real_bytes > 0) {
      const off_t real = fate->real_bytes;
      if (fate->wraps) place %= real;
      if (place >= real) {
        if (!is_write) memset(buffer + done, 0, length);
        return (int)size;
      }
      if (length > (size_t)(real - place)) length = (size_t)(real - place);
    }
    const ssize_t moved = is_write ? pwrite(CardFile(card), buffer + done, length, place)
                                   : pread(CardFile(card), buffer + done, length, place);
    if (moved < 0) return -errno;
    if (moved == 0) return (int)done;
    done += (size_t)moved;
  }
  return (int)size;
}

static int Read(const char* path, char* buffer, size_t size, off_t offset,
                struct fuse_file_info* info) {
  (void)path;
  const Fate fate = FateOf(CardOf(info), kRead, offset, size);
  if (fate.error != 0) return -fate.error;
  const int got = Transfer(CardOf(info), &fate, buffer, size, offset, false);
  if (fate.flipped_at >= 0) buffer[fate.flipped_at - offset] ^= (char)fate.flipped_bits;
  return got;
}

static int Write(const char* path, const char* buffer, size_t size, off_t offset,
                 struct fuse_file_info* info) {
  (void)path;
  const Fate fate = FateOf(CardOf(info), kWrite, offset, size);
  if (fate.error != 0) return -fate.error;
  if (fate.is_swallowed) return (int)size;
  char* copy = malloc(size);
  if (copy == NULL) return -ENOMEM;
  memcpy(copy, buffer, size);
  if (fate.flipped_at >= 0) copy[fate.flipped_at - offset] ^= (char)fate.flipped_bits;
  const int put = Transfer(CardOf(info), &fate, copy, size, offset, true);
  free(copy);
  return put;
}

static int Flush(const char* path, int only_data, struct fuse_file_info* info) {
  (void)path;
  (void)only_data;
  return -FateOf(CardOf(info), kFlush, 0, 0).error;
}

static const struct fuse_operations operations = {
    .init = Init,
    .getattr = GetAttributes,
    .open = Open,
    .read = Read,
    .write = Write,
    .fsync = Flush,
};

/** Each call that hangs keeps a thread, and the other cards need some too. */
enum { kThreadsMax = 128 };

static int Serve(void) {
  char* arguments[] = {"card-sim", "-o", "fsname=card-sim"};
  struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
  struct fuse* fuse = fuse_new(&args, &operations, sizeof operations, NULL);
  struct fuse_loop_config* loop = fuse_loop_cfg_create();
  if (fuse == NULL || loop == NULL || fuse_mount(fuse, mount_point) != 0) return 1;
  fuse_loop_cfg_set_max_threads(loop, kThreadsMax);
  fuse_loop_cfg_set_idle_threads(loop, kThreadsMax);
  return fuse_loop_mt(fuse, loop) == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc == 3 && realpath(argv[2], mount_point) != NULL && chdir(argv[1]) == 0) return Serve();
  fprintf(stderr, "card-sim DIRECTORY MOUNTPOINT\n");
  return 2;
}
