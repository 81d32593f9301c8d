/* Object code in a folder that processes, ranks and jobs share: one file per kernel, named by its
 * key.
 *
 *   header | object code         KEY.kernel, complete from the moment it has that name
 *
 * A file is written under a name of its own and renamed, so readers see all of it or nothing; a
 * header that does not fit the name, the size or the sum means that the file is damaged, and it is
 * removed. Only what is ours is ever removed or replaced, for the folder may be any: a regular file
 * of this user, with a name of our form, that begins with our magic or with nothing. Losing a race
 * costs a compilation, never an error: nothing here fails. The folder is measured now and then;
 * when it is too large the files that were not used for the longest time go.
 */
#include "emit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 80, LEFTOVER_SECONDS = 3600 };
static const char kernel_suffix[] = ".kernel", part_suffix[] = ".part";

typedef struct Header {
  char magic[8];
  JitKey key;
  uint64_t size, sum;
} Header;
static const char magic[8] = "quelea1";

static uint64_t sum_of(const void *bytes, size_t size) { return ql_hash_bytes(size, bytes, size); }

static char *path_of(const Disk *disk, const char *name) {
  size_t room = strlen(disk->folder) + strlen(name) + 2;
  char *path = malloc(room);
  if (path) snprintf(path, room, "%s/%s", disk->folder, name);
  return path;
}

static char *path_of_key(const Disk *disk, JitKey key) {
  char name[NAME_SIZE];
  snprintf(name, sizeof name, "%016llx%016llx%s", (unsigned long long)key.word[0],
           (unsigned long long)key.word[1], kernel_suffix);
  return path_of(disk, name);
}

static bool make_folders(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
    *slash = '/';
    if (!there) return false;
  }
  return mkdir(path, 0700) == 0 || errno == EEXIST;
}

void disk_open(Disk *disk, const char *folder, int64_t limit) {
  *disk = (Disk){.limit = limit, .unswept = -1};
  if (!folder || !*folder || !(disk->folder = strdup(folder))) return;
  if (!make_folders(disk->folder)) disk_close(disk);
}

void disk_close(Disk *disk) {
  free(disk->folder);
  disk->folder = NULL;
}

/* ---- reading ---- */

static bool read_all(int file, void *bytes, size_t size) {
  for (char *at = bytes; size;) {
    ssize_t got = read(file, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got, size -= (size_t)got;
  }
  return true;
}

/* Whole under `length` hexadecimal digits, then what `rest` says. */
static bool is_named(const char *name, size_t length, const char *rest) {
  return strspn(name, "0123456789abcdef") == length && strcmp(name + length, rest) == 0;
}

/* KEY.kernel, or HALF.process.time.part */
static bool is_our_name(const char *name, bool *part) {
  int end = 0;
  long process;
  long long time;
  *part = sscanf(name, "%*16[0-9a-f].%ld.%lld%n", &process, &time, &end) == 2 &&
          strcmp(name + end, part_suffix) == 0;
  return *part || is_named(name, 32, kernel_suffix);
}

/* Is the file ours? A crash leaves files empty or full of zeros. One of another version is not this
 * version's to judge. */
static bool is_ours(int folder, const char *path) {
  struct stat info;
  char start[sizeof magic] = "";
  int file = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return false;
  ssize_t got = read(file, start, sizeof start);
  bool ours =
      !fstat(file, &info) && S_ISREG(info.st_mode) && info.st_uid == geteuid() && got >= 0 &&
      (!memcmp(start, magic, (size_t)got) || !memcmp(start, (char[sizeof start]){0}, (size_t)got));
  close(file);
  return ours;
}

/* The code in an open file, malloc'ed, or NULL; *sound: nothing is wrong with the file. Code that
 * belongs to another user is not trusted. */
static void *read_kernel(int file, JitKey key, size_t *size, bool *sound) {
  struct stat info;
  Header header;
  *sound = true;
  if (fstat(file, &info) || !S_ISREG(info.st_mode) ||
      (info.st_uid != geteuid() && info.st_uid != 0))
    return NULL;
  *sound = false;
  if (!read_all(file, &header, sizeof header) || memcmp(header.magic, magic, sizeof magic) ||
      memcmp(&header.key, &key, sizeof key))
    return NULL;
  if (info.st_size < (off_t)sizeof header || header.size != (uint64_t)info.st_size - sizeof header)
    return NULL;
  void *bytes = malloc(header.size + 1);
  *sound = bytes == NULL; /* out of memory says nothing of the file */
  if (bytes && read_all(file, bytes, header.size) && sum_of(bytes, header.size) == header.sum) {
    *size = header.size;
    return bytes;
  }
  free(bytes);
  return NULL;
}

bool disk_read(const Disk *disk, JitKey key, void **bytes, size_t *size) {
  *bytes = NULL;
  if (!disk->folder) return false;
  char *path = path_of_key(disk, key);
  if (!path) return false;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file >= 0) {
    bool sound;
    *bytes = read_kernel(file, key, size, &sound);
    if (*bytes)
      futimens(file, NULL); /* used just now */
    else if (!sound && is_ours(AT_FDCWD, path))
      unlink(path);
    close(file);
  }
  free(path);
  return *bytes != NULL;
}

/* ---- writing ---- */

static bool write_all(int file, const void *bytes, size_t size) {
  for (const char *at = bytes; size;) {
    ssize_t put = write(file, at, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put, size -= (size_t)put;
  }
  return true;
}

typedef struct File {
  char name[NAME_SIZE];
  int64_t bytes;
  struct timespec used;
} File;

static int older_first(const void *a, const void *b) {
  const File *x = a, *y = b;
  if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
  if (x->used.tv_nsec != y->used.tv_nsec) return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* The folder's kernels, malloc'ed; what a killed process left half-written is removed. */
static File *list_kernels(DIR *folder, size_t *count) {
  File *files = NULL;
  size_t room = *count = 0;
  time_t now = time(NULL);
  for (struct dirent *entry; (entry = readdir(folder));) {
    struct stat info;
    bool part;
    if (!is_our_name(entry->d_name, &part) || strlen(entry->d_name) >= NAME_SIZE ||
        fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ||
        !S_ISREG(info.st_mode) || info.st_uid != geteuid())
      continue;
    if (part) {
      if (now - info.st_mtime > LEFTOVER_SECONDS && is_ours(dirfd(folder), entry->d_name))
        unlinkat(dirfd(folder), entry->d_name, 0);
      continue;
    }
    if (*count == room) {
      File *more = realloc(files, (room = room * 2 + 64) * sizeof *files);
      if (!more) break;
      files = more;
    }
    File *file = &files[(*count)++];
    strcpy(file->name, entry->d_name);
    file->bytes = info.st_size, file->used = info.st_mtim;
  }
  return files;
}

/* Brings the folder to 7/8 of its limit when it is above it. A file that is gone already was
 * removed by another process that sweeps too: it counts as removed, or both together would empty
 * the folder. */
static void sweep(Disk *disk) {
  DIR *folder = opendir(disk->folder);
  size_t count;
  int64_t total = 0;
  if (!folder) return;
  File *files = list_kernels(folder, &count);
  for (size_t f = 0; f < count; f++) total += files[f].bytes;
  if (total > disk->limit) {
    qsort(files, count, sizeof *files, older_first);
    for (size_t f = 0; f < count && total > disk->limit - disk->limit / 8; f++) {
      bool gone = faccessat(dirfd(folder), files[f].name, F_OK, 0) != 0;
      if (!gone && !is_ours(dirfd(folder), files[f].name)) continue;
      if (unlinkat(dirfd(folder), files[f].name, 0) == 0 || errno == ENOENT)
        total -= files[f].bytes;
    }
  }
  free(files);
  closedir(folder);
  disk->unswept = 0;
}

void disk_write(Disk *disk, JitKey key, const void *bytes, size_t size) {
  if (!disk->folder) return;
  char name[NAME_SIZE];
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(name, sizeof name, "%016llx.%ld.%lld%s", (unsigned long long)key.word[0], (long)getpid(),
           (long long)now.tv_sec * 1000000000 + now.tv_nsec, part_suffix);
  char *part = path_of(disk, name), *path = path_of_key(disk, key);
  int file = part && path ? open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
  if (file >= 0) {
    Header header = {.key = key, .size = size, .sum = sum_of(bytes, size)};
    memcpy(header.magic, magic, sizeof magic);
    bool written = write_all(file, &header, sizeof header) && write_all(file, bytes, size);
    written = close(file) == 0 && written;
    struct stat there;
    bool taken = lstat(path, &there) == 0 && !is_ours(AT_FDCWD, path);
    if (!written || taken || rename(part, path)) unlink(part);
    disk->unswept += disk->unswept < 0 ? 0 : (int64_t)(size + sizeof header);
    if (disk->unswept < 0 || disk->unswept > disk->limit / 64) sweep(disk);
  }
  free(part), free(path);
}
