/* Keys, the table of kernels, and the folder: found again by other compilers and processes, damaged
 * files, the bound.
 */
#include "../check.h"
#include "generate.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POINTS = 50, LARGE = 1 << 24 };

static QlSource no_source(void) { return (QlSource){0}; }

/* ---- functions: y = op(x, c), which differ in c ---- */

static JitFn *binary(QlOp op, double by) {
  JitFn *fn = jit_fn_new(1, NULL);
  JitStride unit = JIT_STRIDE_UNIT;
  jit_fn_array(fn, QL_F64, JIT_READ, &unit), jit_fn_array(fn, QL_F64, JIT_WRITE, &unit);
  JitRef args[2] = {jit_load(fn, 0, NULL, no_source()), jit_const(fn, QL_F64, (QlValue){.d = by})};
  jit_store(fn, 1, jit_op(fn, op, 2, args, no_source()), no_source());
  return fn;
}

static JitFn *scale(double by) { return binary(QL_OP_MULTIPLY, by); }

/* Compiles scale(by) and checks what it computes. */
static const JitKernel *use(Jit *jit, double by) {
  JitFn *fn = scale(by);
  JitKey key;
  const JitKernel *kernel = NULL;
  QlError error = {0};
  if (CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_OK) &&
      CHECK_INT_EQ(jit_compile(jit, fn, key, &kernel, &error), QL_OK)) {
    double in[POINTS], out[POINTS];
    int64_t extent = POINTS, origin = 0, stride[2] = {8, 8};
    for (int i = 0; i < POINTS; i++) in[i] = i, out[i] = -1;
    jit_entry(kernel)(
        &(JitCall){&origin, &extent, (char *[]){(char *)in, (char *)out}, stride, NULL});
    bool right = true;
    for (int i = 0; i < POINTS; i++) right = right && out[i] == i * by;
    CHECK(right);
  } else {
    fprintf(stderr, "%s\n", error.text);
  }
  jit_fn_free(fn);
  return kernel;
}

static Jit *open_jit(const char *folder, int64_t bytes) {
  Jit *jit = NULL;
  QlError error = {0};
  if (!CHECK_INT_EQ(
          jit_open(&(JitOptions){.cache_folder = folder, .cache_bytes = bytes}, &jit, &error),
          QL_OK))
    abort();
  return jit;
}

/* ---- folders ---- */

typedef struct Folder {
  char base[64], path[96];
} Folder;

/* A folder that does not exist yet, inside one that does. */
static Folder new_folder(void) {
  Folder folder = {"/tmp/quelea-test-XXXXXX", ""};
  if (!CHECK(mkdtemp(folder.base))) abort();
  snprintf(folder.path, sizeof folder.path, "%s/deep/cache", folder.base);
  return folder;
}

/* Calls `each` for the files of a folder; gives their number. */
static int visit(const char *folder, void (*each)(const char *path)) {
  DIR *open = opendir(folder);
  int count = 0;
  for (struct dirent *entry; open && (entry = readdir(open));) {
    char path[512];
    struct stat info;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (lstat(path, &info) || !S_ISREG(info.st_mode)) continue;
    count++;
    if (each) each(path);
  }
  if (open) closedir(open);
  return count;
}

static void remove_file(const char *path) { unlink(path); }

static void remove_folder(const Folder *folder) {
  char deep[96];
  visit(folder->path, remove_file);
  rmdir(folder->path);
  snprintf(deep, sizeof deep, "%s/deep", folder->base);
  rmdir(deep);
  CHECK_INT_EQ(rmdir(folder->base), 0);
}

/* ---- keys ---- */

typedef enum Variant {
  PLAIN,
  OTHER_OP,
  OTHER_DTYPE,
  OTHER_OFFSET,
  OTHER_STRIDE,
  OTHER_ACCESS,
  OTHER_CONST,
  OTHER_PARAM,
  MORE_STORES,
  OTHER_ORDER,
  VARIANTS
} Variant;

static JitFn *variant(Variant v, QlSource source) {
  JitFn *fn = jit_fn_new(1, NULL);
  QlDtype dtype = v == OTHER_DTYPE ? QL_I64 : QL_F64;
  JitStride stride = v == OTHER_STRIDE ? JIT_STRIDE_ANY : JIT_STRIDE_UNIT;
  int32_t offset = v == OTHER_OFFSET ? 1 : 0;
  jit_fn_array(fn, dtype, JIT_READ, &stride);
  jit_fn_array(fn, dtype, v == OTHER_ACCESS ? JIT_UPDATE : JIT_WRITE, &stride);
  if (v == OTHER_PARAM) jit_fn_param(fn, QL_F64);
  JitRef args[2] = {jit_load(fn, 0, &offset, source),
                    jit_const(fn, dtype, (QlValue){.bits = {v == OTHER_CONST ? 6 : 5, 0}})};
  if (v == OTHER_ORDER)
    args[1] = args[0], args[0] = jit_const(fn, dtype, (QlValue){.bits = {5, 0}});
  JitRef value = jit_op(fn, v == OTHER_OP ? QL_OP_SUBTRACT : QL_OP_ADD, 2, args, source);
  jit_store(fn, 1, value, source);
  if (v == MORE_STORES) jit_store(fn, 1, value, source);
  return fn;
}

static JitKey key_of(Jit *jit, JitFn *fn) {
  JitKey key = {{0, 0}};
  QlError error = {0};
  CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_OK);
  jit_fn_free(fn);
  return key;
}

static bool equal(JitKey a, JitKey b) { return a.word[0] == b.word[0] && a.word[1] == b.word[1]; }

static void keys_tell_functions_apart(void) {
  Jit *jit = open_jit(NULL, 0), *fast = NULL;
  QlError error = {0};
  JitKey keys[VARIANTS];
  for (int v = 0; v < VARIANTS; v++) {
    keys[v] = key_of(jit, variant((Variant)v, no_source()));
    CHECK(equal(keys[v], key_of(jit, variant((Variant)v,
                                             (QlSource){"other.py", 7})))); /* whatever the line */
    for (int w = 0; w < v; w++)
      CHECK(keys[v].word[0] != keys[w].word[0] && keys[v].word[1] != keys[w].word[1]);
  }
  CHECK_INT_EQ(jit_open(&(JitOptions){.fastmath = true}, &fast, &error), QL_OK);
  CHECK(!equal(keys[PLAIN], key_of(fast, variant(PLAIN, no_source()))));
  JitKey alone =
      key_of(NULL, variant(PLAIN, no_source())); /* of the function, whatever compiles it */
  CHECK(!equal(alone, keys[PLAIN]) && !equal(alone, key_of(NULL, variant(1, no_source()))));
  CHECK(equal(alone, key_of(NULL, variant(PLAIN, (QlSource){"other.py", 7}))));
  jit_close(fast), jit_close(jit);
}

static int by_words(const void *a, const void *b) { return memcmp(a, b, sizeof(JitKey)); }

/* Random functions have different keys when they have different texts. */
static void keys_of_many_functions(void) {
  enum { MANY = 2000 };
  static JitKey keys[MANY];
  static char *texts[MANY];
  Jit *jit = open_jit(NULL, 0);
  int same_text = 0, same_key = 0;
  for (uint64_t seed = 0; seed < MANY; seed++) {
    JitFn *fn = generate_function(seed, &(GenerateOptions){.instructions = 3});
    texts[seed] = jit_print(fn);
    keys[seed] = key_of(jit, fn);
  }
  for (int a = 0; a < MANY; a++)
    for (int b = 0; b < a; b++)
      same_text += texts[a][0] == texts[b][0] && strcmp(texts[a], texts[b]) == 0;
  qsort(keys, MANY, sizeof *keys, by_words);
  for (int k = 1; k < MANY; k++) same_key += equal(keys[k - 1], keys[k]);
  CHECK(same_key <= same_text);
  for (int k = 0; k < MANY; k++) free(texts[k]);
  jit_close(jit);
}

static void bad_functions_have_no_key(void) {
  Jit *jit = open_jit(NULL, 0);
  JitFn *fn = jit_fn_new(1, NULL);
  JitKey key = {{0, 0}};
  const JitKernel *kernel;
  QlError error = {0}, again = {0};
  jit_param(fn, 3, (QlSource){"bad.py", 4});
  CHECK_INT_EQ(jit_key(jit, fn, &key, &error), QL_ERR_INDEX);
  CHECK_INT_EQ(error.source.at, 4);
  CHECK_INT_EQ(jit_compile(jit, fn, key, &kernel, &again), QL_ERR_INDEX);
  jit_fn_free(fn);
  jit_close(jit);
}

/* ---- in memory ---- */

static void table_keeps_kernels(void) {
  enum { KERNELS = 40 }; /* the table grows once */
  Jit *jit = open_jit(NULL, 0);
  const JitKernel *kernels[KERNELS];
  JitKey none = {{1, 2}};
  for (int k = 0; k < KERNELS; k++) kernels[k] = use(jit, k + 0.5);
  for (int k = 0; k < KERNELS; k++) CHECK(use(jit, k + 0.5) == kernels[k]);
  CHECK(jit_find(jit, none) == NULL);
  for (int k = 0; k < KERNELS; k++) CHECK(jit_find(jit, key_of(jit, scale(k + 0.5))) == kernels[k]);
  JitCounters counters = jit_counters(jit);
  CHECK_INT_EQ(counters.compiled, KERNELS);
  CHECK_INT_EQ(counters.from_memory, 2 * KERNELS);
  CHECK(counters.seconds_compiling > 0);
  jit_close(jit);
}

static void objects_move_between_compilers(void) {
  Jit *from = open_jit(NULL, 0), *to = open_jit(NULL, 0);
  const JitKernel *kernel = use(from, 3), *installed = NULL;
  JitKey key = key_of(from, scale(3));
  const void *bytes;
  size_t size;
  QlError error = {0};
  CHECK_INT_EQ(jit_object(kernel, &bytes, &size), QL_OK);
  CHECK_INT_EQ(jit_install(to, key, bytes, size, &installed, &error), QL_OK);
  jit_close(from);
  CHECK(jit_find(to, key) == installed);
  CHECK(use(to, 3) == installed); /* and it computes */
  CHECK_INT_EQ(jit_counters(to).installed, 1);
  CHECK_INT_EQ(jit_counters(to).compiled, 0);
  JitKey other = {{5, 6}};
  CHECK_INT_EQ(jit_install(to, other, "no object code", 14, &installed, &error), QL_ERR_COMPILE);
  CHECK(jit_find(to, other) == NULL);
  jit_close(to);
}

/* Code that calls anything but the runtime's functions does not link, though the process has it. */
static void strange_calls_are_refused(void) {
  Jit *from = open_jit(NULL, 0), *to = open_jit(NULL, 0);
  JitFn *fn = binary(QL_OP_NEXTAFTER, 3);
  const JitKernel *kernel = NULL;
  const void *bytes = NULL;
  size_t size = 0;
  JitKey key;
  QlError error = {0};
  CHECK_INT_EQ(jit_key(from, fn, &key, &error), QL_OK);
  if (!CHECK_INT_EQ(jit_compile(from, fn, key, &kernel, &error), QL_OK)) abort();
  CHECK_INT_EQ(jit_object(kernel, &bytes, &size), QL_OK);
  char *changed = malloc(size);
  memcpy(changed, bytes, size);
  char *name = memmem(changed, size, "\0quelea_eval", 13);
  if (CHECK(name)) memcpy(name, "\0getpagesize", 13);
  CHECK_INT_EQ(jit_install(to, key, changed, size, &kernel, &error), QL_ERR_COMPILE);
  CHECK_STR_EQ(error.text, "LLVM: getpagesize is not among the functions that kernels may call");
  CHECK_INT_EQ(jit_install(to, key, bytes, size, &kernel, &error), QL_OK);
  free(changed), jit_fn_free(fn), jit_close(from), jit_close(to);
}

static void compilations_fail_on_request(void) {
  Jit *jit = NULL;
  QlError error = {0};
  CHECK_INT_EQ(jit_open(&(JitOptions){.fail_compile = 2}, &jit, &error), QL_OK);
  for (int n = 1; n <= 3; n++) {
    JitFn *fn = scale(n);
    JitKey key;
    const JitKernel *kernel;
    QlError failure = {0};
    CHECK_INT_EQ(jit_key(jit, fn, &key, &failure), QL_OK);
    CHECK_INT_EQ(jit_compile(jit, fn, key, &kernel, &failure), n == 2 ? QL_ERR_COMPILE : QL_OK);
    jit_fn_free(fn);
  }
  jit_close(jit);
}

static void tells_its_target(void) {
  Jit *jit = open_jit(NULL, 0);
  JitFn *fn = scale(2);
  QlError error = {0};
  CHECK(strncmp(jit_target(jit), "LLVM ", 5) == 0 && strstr(jit_target(jit), "-bit vectors"));
  char *text = jit_assembly(jit, fn, &error);
  if (!CHECK(text && strstr(text, "kernel"))) fprintf(stderr, "%s\n", error.text);
  free(text);
  jit_fn_free(fn);
  jit_close(jit);
}

/* ---- in the folder ---- */

static void folder_outlives_compilers(void) {
  Folder folder = new_folder();
  for (int turn = 0; turn < 2; turn++) {
    Jit *jit = open_jit(folder.path, LARGE);
    use(jit, 2), use(jit, 7);
    CHECK_INT_EQ(jit_counters(jit).compiled, turn ? 0 : 2);
    CHECK_INT_EQ(jit_counters(jit).from_disk, turn ? 2 : 0);
    CHECK_INT_EQ(visit(folder.path, NULL), 2);
    jit_close(jit);
  }
  remove_folder(&folder);
}

static char one_file[512];
static void keep_name(const char *path) { snprintf(one_file, sizeof one_file, "%s", path); }

/* Changes the only file, uses the kernel, and sees that it was compiled again and the file
 * repaired. */
static void try_damage(const Folder *folder, void (*damage)(const char *path, int64_t at),
                       int64_t at) {
  damage(one_file, at);
  for (int turn = 0; turn < 2; turn++) {
    Jit *jit = open_jit(folder->path, LARGE);
    use(jit, 2);
    CHECK_INT_EQ(jit_counters(jit).compiled, turn == 0);
    jit_close(jit);
  }
}

static void cut(const char *path, int64_t at) { CHECK_INT_EQ(truncate(path, at), 0); }

static void flip(const char *path, int64_t at) {
  int file = open(path, O_RDWR);
  uint8_t byte;
  CHECK_INT_EQ(pread(file, &byte, 1, at), 1);
  byte ^= 0x10;
  CHECK_INT_EQ(pwrite(file, &byte, 1, at), 1);
  close(file);
}

static void lengthen(const char *path, int64_t by) {
  int file = open(path, O_WRONLY | O_APPEND);
  for (; by; by--) CHECK_INT_EQ(write(file, "x", 1), 1);
  close(file);
}

static void strangers(const char *path, int64_t owner) {
  CHECK_INT_EQ(chown(path, (uid_t)owner, (gid_t)-1), 0);
}

static void damaged_files_are_rebuilt(void) {
  Folder folder = new_folder();
  Jit *jit = open_jit(folder.path, LARGE);
  struct stat info;
  use(jit, 2);
  jit_close(jit);
  CHECK_INT_EQ(visit(folder.path, keep_name), 1);
  CHECK_INT_EQ(stat(one_file, &info), 0);
  int64_t size = info.st_size;
  const int64_t cuts[] = {0, 1, 20, 40, 41, size / 2, size - 1},
                flips[] = {9, 20, 25, 33, 40, size / 2, size - 1};
  for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) try_damage(&folder, cut, cuts[k]);
  for (size_t k = 0; k < sizeof flips / sizeof *flips; k++) try_damage(&folder, flip, flips[k]);
  try_damage(&folder, lengthen, 1);
  remove_folder(&folder);
}

static void set_age(const char *path, time_t seconds) {
  struct timespec times[2] = {{.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};
  CHECK_INT_EQ(utimensat(AT_FDCWD, path, times, 0), 0);
}
static void make_old(const char *path) { set_age(path, 1000); }

/* What was not used for the longest time goes; what was used a moment ago stays. */
static void folder_is_bounded(void) {
  Folder folder = new_folder();
  Jit *jit = open_jit(folder.path, LARGE);
  struct stat info;
  use(jit, 1);
  CHECK_INT_EQ(visit(folder.path, keep_name), 1);
  CHECK_INT_EQ(stat(one_file, &info), 0);
  for (int k = 2; k <= 8; k++) use(jit, k);
  jit_close(jit);
  CHECK_INT_EQ(visit(folder.path, make_old), 8);
  int64_t limit = 4 * info.st_size + info.st_size / 2;
  jit = open_jit(folder.path, limit);
  use(jit, 3); /* from the folder: fresh */
  use(jit, 9); /* written: the folder is measured */
  jit_close(jit);
  int left = visit(folder.path, NULL);
  CHECK(left >= 2 && left <= 4);
  jit = open_jit(folder.path, limit);
  use(jit, 3), use(jit, 9);
  CHECK_INT_EQ(jit_counters(jit).from_disk, 2);
  for (int k = 10; k < 40; k++) use(jit, k); /* the same compiler goes on within the bound */
  CHECK(visit(folder.path, NULL) <= 5);
  jit_close(jit);
  remove_folder(&folder);
}

/* Another process sweeps at the same time and is always a step ahead. */
static bool overtaken;
int __real_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags);
int __wrap_unlinkat(int folder, const char *name, int flags) {
  if (overtaken) CHECK_INT_EQ(__real_unlinkat(folder, name, flags), 0);
  return __real_unlinkat(folder, name, flags);
}

static void two_sweeps_are_one(void) {
  Folder folder = new_folder();
  Jit *jit = open_jit(folder.path, LARGE);
  struct stat info;
  for (int k = 1; k <= 8; k++) use(jit, k);
  jit_close(jit);
  visit(folder.path, keep_name), visit(folder.path, make_old);
  CHECK_INT_EQ(stat(one_file, &info), 0);
  overtaken = true;
  jit = open_jit(folder.path, 4 * info.st_size + info.st_size / 2);
  use(jit, 9);
  jit_close(jit);
  overtaken = false;
  int left = visit(folder.path, NULL);
  CHECK(left >= 2 && left <= 4);
  remove_folder(&folder);
}

static void leftovers_go(void) {
  Folder folder = new_folder();
  char old[160], fresh[160], foreign[160];
  Jit *jit = open_jit(folder.path, LARGE);
  snprintf(old, sizeof old, "%s/0123456789abcdef.1.2.part", folder.path);
  snprintf(fresh, sizeof fresh, "%s/0123456789abcdef.3.4.part", folder.path);
  snprintf(foreign, sizeof foreign, "%s/thesis.tex", folder.path);
  const char *names[] = {old, fresh, foreign};
  for (int k = 0; k < 3; k++) close(open(names[k], O_CREAT | O_WRONLY, 0600));
  set_age(old, 7200), set_age(foreign, 7200);
  use(jit, 5);
  jit_close(jit);
  CHECK(access(old, F_OK) != 0);
  CHECK(access(fresh, F_OK) == 0);
  CHECK(access(foreign, F_OK) == 0);
  remove_folder(&folder);
}

static void write_text(const char *path, const char *text) {
  int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  CHECK_INT_EQ(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
}

/* In the place of a kernel there is something else: it stays, and is no kernel. */
static void place_is_taken(const Folder *folder) {
  struct stat before, after;
  CHECK_INT_EQ(lstat(one_file, &before), 0);
  for (int turn = 0; turn < 2; turn++) {
    Jit *jit = open_jit(folder->path, 1); /* every write sweeps */
    use(jit, 2);
    CHECK_INT_EQ(jit_counters(jit).compiled, 1);
    jit_close(jit);
  }
  CHECK_INT_EQ(lstat(one_file, &after), 0);
  CHECK(before.st_ino == after.st_ino && before.st_size == after.st_size);
}

static void what_is_not_ours_stays(void) {
  Folder folder = new_folder();
  Jit *jit = open_jit(folder.path, LARGE);
  use(jit, 2);
  jit_close(jit);
  CHECK_INT_EQ(visit(folder.path, keep_name), 1);
  char target[160], names[6][200];
  snprintf(target, sizeof target, "%s/target", folder.base);
  if (geteuid() == 0) {
    strangers(one_file, 12345), place_is_taken(&folder);
    strangers(one_file, 0);
  }
  write_text(one_file, "a thesis"), place_is_taken(&folder);
  write_text(one_file, "quelea0, whole"), place_is_taken(&folder);
  unlink(one_file), write_text(target, "quelea1"), CHECK_INT_EQ(symlink(target, one_file), 0);
  place_is_taken(&folder);
  CHECK(access(target, F_OK) == 0);
  unlink(one_file), CHECK_INT_EQ(mkdir(one_file, 0700), 0), place_is_taken(&folder);
  rmdir(one_file), CHECK_INT_EQ(mkfifo(one_file, 0600), 0), place_is_taken(&folder);
  unlink(one_file);

  static const char *const others[] = {"film.part",
                                       "popcorn.kernel",
                                       "0123456789abcdef.1.part",
                                       "0123456789abcdef.1.2.part",
                                       "0123456789abcdef0123456789abcdef.kernel",
                                       "0123456789abcdef0123456789ABCDEF.kernel"};
  for (int k = 0; k < 6; k++) {
    snprintf(names[k], sizeof names[k], "%s/%s", folder.path, others[k]);
    write_text(names[k], "somebody's"), set_age(names[k], 7200);
  }
  jit = open_jit(folder.path, 1);
  for (int k = 3; k < 7; k++) use(jit, k);
  jit_close(jit);
  for (int k = 0; k < 6; k++) CHECK(access(names[k], F_OK) == 0);
  unlink(target);
  remove_folder(&folder);
}

/* Without a usable folder everything works. */
static void folder_may_be_missing(void) {
  Folder folder = new_folder();
  char file[96], inside[128];
  snprintf(file, sizeof file, "%s/file", folder.base);
  snprintf(inside, sizeof inside, "%s/cache", file);
  close(open(file, O_CREAT | O_WRONLY, 0600));
  const char *useless[] = {NULL, "", inside, "/proc/quelea"};
  for (int k = 0; k < 4; k++) {
    Jit *jit = open_jit(useless[k], LARGE);
    use(jit, 2);
    CHECK_INT_EQ(jit_counters(jit).compiled, 1);
    jit_close(jit);
  }
  Jit *jit = open_jit(folder.path, LARGE); /* and it may vanish */
  char deep[96];
  snprintf(deep, sizeof deep, "%s/deep", folder.base);
  CHECK_INT_EQ(rmdir(folder.path), 0);
  use(jit, 2);
  jit_close(jit);
  unlink(file), rmdir(deep);
  CHECK_INT_EQ(rmdir(folder.base), 0);
}

/* Several processes fill one folder at once; every one computes rightly, and what they leave is
 * whole. */
static void processes_share_a_folder(void) {
  enum { PROCESSES = 4, KERNELS = 6 };
  Folder folder = new_folder();
  for (int p = 0; p < PROCESSES; p++) {
    pid_t child = fork();
    if (child == 0) {
      check_tally = (CheckTally){0, 0};
      Jit *jit = open_jit(folder.path, LARGE);
      for (int k = 0; k < KERNELS; k++) use(jit, 1 + (k + p) % KERNELS);
      jit_close(jit);
      _exit(check_tally.failures != 0);
    }
    CHECK(child > 0);
  }
  for (int p = 0; p < PROCESSES; p++) {
    int status;
    CHECK(wait(&status) > 0 && status == 0);
  }
  Jit *jit = open_jit(folder.path, LARGE);
  for (int k = 0; k < KERNELS; k++) use(jit, 1 + k);
  CHECK_INT_EQ(jit_counters(jit).from_disk, KERNELS);
  CHECK_INT_EQ(visit(folder.path, NULL), KERNELS);
  jit_close(jit);
  remove_folder(&folder);
}

CHECK_MAIN(CHECK_TEST(processes_share_a_folder), CHECK_TEST(keys_tell_functions_apart),
           CHECK_TEST(keys_of_many_functions), CHECK_TEST(bad_functions_have_no_key),
           CHECK_TEST(table_keeps_kernels), CHECK_TEST(objects_move_between_compilers),
           CHECK_TEST(strange_calls_are_refused), CHECK_TEST(compilations_fail_on_request),
           CHECK_TEST(tells_its_target), CHECK_TEST(folder_outlives_compilers),
           CHECK_TEST(damaged_files_are_rebuilt), CHECK_TEST(what_is_not_ours_stays),
           CHECK_TEST(folder_is_bounded), CHECK_TEST(two_sweeps_are_one), CHECK_TEST(leftovers_go),
           CHECK_TEST(folder_may_be_missing))
