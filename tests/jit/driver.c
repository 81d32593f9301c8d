/* Text in, text out. A test is one file:
 *
 *   run: fold dce                 the passes, none for the text form alone
 *   ---
 *   function rank 1 ...           the input
 *   ---
 *   function rank 1 ...           what must come out: a function, or "error: " and the message of
 *                                 the parser or verifier
 *
 * Lines that begin with # are for readers, before the first --- and in functions; they take no
 * part. The function is verified before and after every pass; what comes out must print the same
 * when it is read again.
 *
 *   jit_test_driver FOLDER...        runs the *.ir files, says which differ and how; exits with 1
 *                                    when one does
 *   jit_test_driver --print FILE...  prints what comes out */
#include "ir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Case {
  char *text; /* the file; the parts lie in it */
  char *run, *input, *expected;
} Case;

static char *read_file(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  char *text = NULL;
  size_t size = 0, count = 0;
  for (;;) {
    if (count + 4096 > size) {
      size = size * 2 + 8192;
      char *grown = realloc(text, size);
      if (!grown) break;
      text = grown;
    }
    size_t got = fread(text + count, 1, 4095, file);
    count += got;
    text[count] = 0;
    if (!got) break;
  }
  fclose(file);
  return text;
}

/* The part behind the next line "---", which ends the part before it; NULL: there is none. */
static char *next_part(char *text) {
  char *line = strncmp(text, "---\n", 4) ? strstr(text, "\n---\n") : text;
  if (!line) return NULL;
  if (*line == '\n') line++;
  *line = 0;
  return line + 4;
}

static bool open_case(const char *path, Case *c) {
  *c = (Case){.text = read_file(path)};
  if (!c->text) return false;
  c->input = next_part(c->text);
  c->expected = c->input ? next_part(c->input) : NULL;
  for (c->run = c->text; *c->run == '#'; c->run++) c->run += strcspn(c->run, "\n");
  return c->input && !strncmp(c->run, "run:", 4);
}

static QlStatus run_passes(JitFn *fn, char *names, QlError *error) {
  QL_TRY(jit_verify(fn, error));
  for (char *name = strtok(names, " \n"); name; name = strtok(NULL, " \n")) {
    JitPass *pass = jit_pass_named(name);
    if (!pass) return ql_fail(error, QL_ERR_VALUE, "there is no pass %s", name);
    QL_TRY(pass(fn, error));
    QL_TRY(jit_verify(fn, error));
  }
  return QL_OK;
}

/* What comes out of a case; malloc'ed. */
static char *run_case(const Case *c) {
  JitFn *fn = NULL, *again = NULL;
  QlError error = {0};
  char *out = NULL, *back = NULL;
  if (jit_parse(c->input, &fn, &error) == QL_OK && run_passes(fn, c->run + 4, &error) == QL_OK) {
    out = jit_print(fn);
    if (jit_parse(out, &again, &error) == QL_OK && (back = jit_print(again), strcmp(out, back)))
      ql_fail(&error, QL_ERR_STATE, "what is printed reads back as another function");
  }
  if (error.status) {
    size_t size = strlen(error.text) + 16;
    free(out);
    out = malloc(size);
    snprintf(out, size, "error: %s\n", error.text);
  }
  jit_fn_free(fn), jit_fn_free(again);
  free(back);
  return out;
}

/* The text without lines for readers; in place. */
static char *without_comments(char *text) {
  char *to = text;
  for (char *from = text; *from;) {
    size_t length = strcspn(from, "\n");
    length += from[length] == '\n';
    if (*from != '#') memmove(to, from, length), to += length;
    from += length;
  }
  *to = 0;
  return text;
}

static bool check_case(const char *path) {
  Case c;
  bool good = open_case(path, &c) && c.expected;
  if (good) {
    char *out = run_case(&c);
    good = !strcmp(out, without_comments(c.expected));
    if (!good) fprintf(stderr, "%s\n--- comes out\n%s--- expected\n%s", path, out, c.expected);
    free(out);
  } else {
    fprintf(stderr, "%s: not a test of the form that driver.c describes\n", path);
  }
  free(c.text);
  return good;
}

static int print_case(const char *path) {
  Case c;
  int status = 1;
  if (open_case(path, &c)) {
    char *out = run_case(&c);
    fputs(out, stdout);
    free(out);
    status = 0;
  }
  free(c.text);
  return status;
}

static int is_test(const struct dirent *entry) {
  size_t length = strlen(entry->d_name);
  return length > 3 && !strcmp(entry->d_name + length - 3, ".ir");
}

static int check_folder(const char *folder) {
  struct dirent **entries;
  int count = scandir(folder, &entries, is_test, alphasort), failed = 0;
  for (int k = 0; k < count; k++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, entries[k]->d_name);
    failed += !check_case(path);
    free(entries[k]);
  }
  if (count >= 0) free(entries);
  printf("%s: %d of %d tests failed\n", folder, failed, count);
  return failed > 0 || count <= 0;
}

int main(int argc, char **argv) {
  bool print = argc > 1 && !strcmp(argv[1], "--print");
  int status = argc < 2 + print;
  for (int k = 1 + print; k < argc; k++)
    status |= print ? print_case(argv[k]) : check_folder(argv[k]);
  return status;
}
