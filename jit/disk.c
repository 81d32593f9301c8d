/* Object code in a folder that processes, ranks and jobs share: one file per kernel, named by its
 * key.
 *
 *   header | object code         KEY.kernel, complete from the moment it has that name
 *
 * A file is written under a name of its own and renamed, so readers see all of it or nothing; a
 * header that does not fit the name, the size or the sum means that the file is damaged, and it is
 * removed. Losing a race costs a compilation, never an error: nothing here fails. The folder is
 * measured now and then; when it is too large the files that were not used for the longest time go.
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

/* The code in an open file, malloc'ed, or NULL. Code that belongs to another user is not trusted.
 */
static void *read_kernel(int file, JitKey key, size_t *size) {
  struct stat info;
  Header header;
  if (fstat(file, &info) || (info.st_uid != geteuid() && info.st_uid != 0)) return NULL;
  if (!read_all(file, &header, sizeof header) || memcmp(header.magic, magic, sizeof magic) ||
      memcmp(&header.key, &key, sizeof key))
    return NULL;
  if (info.st_size < (off_t)sizeof header || header.size != (uint64_t)info.st_size - sizeof header)
    return NULL;
  void *bytes = malloc(header.size + 1);
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
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    *bytes = read_kernel(file, key, size);
    if (*bytes)
      futimens(file, NULL); /* used just now */
    else
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

static bool ends_with(const char *name, const char *suffix) {
  size_t length = strlen(name), tail = strlen(suffix);
  return length > tail && strcmp(name + length - tail, suffix) == 0;
}

/* The folder's kernels, malloc'ed; what a killed process left half-written is removed. */
static File *list_kernels(DIR *folder, size_t *count) {
  File *files = NULL;
  size_t room = *count = 0;
  time_t now = time(NULL);
  for (struct dirent *entry; (entry = readdir(folder));) {
    struct stat info;
    bool kernel = ends_with(entry->d_name, kernel_suffix),
         part = ends_with(entry->d_name, part_suffix);
    if ((!kernel && !part) || strlen(entry->d_name) >= NAME_SIZE ||
        fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW))
      continue;
    if (part) {
      if (now - info.st_mtime > LEFTOVER_SECONDS) unlinkat(dirfd(folder), entry->d_name, 0);
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
    for (size_t f = 0; f < count && total > disk->limit - disk->limit / 8; f++)
      if (unlinkat(dirfd(folder), files[f].name, 0) == 0 || errno == ENOENT)
        total -= files[f].bytes;
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
    if (!written || rename(part, path)) unlink(part);
    disk->unswept += disk->unswept < 0 ? 0 : (int64_t)(size + sizeof header);
    if (disk->unswept < 0 || disk->unswept > disk->limit / 64) sweep(disk);
  }
  free(part), free(path);
}
