#!/usr/bin/env bash
# Sets up, builds and tests.
#   ./test.sh                 what every change must pass, in less than 25 minutes on 2 cores
#   ./test.sh --all           also 7 and 16 ranks, threads, thresholds both ways, the sanitizers
#   ./test.sh --only REGEX    the stages whose names match; the names are in the summary
#   ./test.sh --list          what the stages run, and nothing else; with --all: all of them
# Each stage's output is kept in build/test/STAGE.log.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/cluster/setup.sh"
cd "$top"

usage() { sed -n '2,7s/^# \{0,1\}//p' "$top/test.sh"; }
all= only=. list=
while [ $# -gt 0 ]; do
  case $1 in
  --all) all=yes; shift ;;
  --list) list=yes; shift ;;
  --only)
    [ $# -gt 1 ] || { usage >&2; exit 2; }
    only=$2
    shift 2
    ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
  esac
done

packages+=(git iproute2) # for .ci/walls and cluster/hosts
logs=$top/build/test
summary=() failures=0 began=$SECONDS
declare -A running=()
run=stage # or begin
known=() chosen=0 listing=yes # the names of the stages are collected before any of them runs

# stage NAME CMD...: runs the command, keeps its output, and shows the end of it when it fails.
stage() {
  begin "$@"
  finish "$1"
}

# begin NAME CMD... and finish NAME: the same beside what comes between them. For stages that keep one core busy.
begin() {
  local name=$1
  shift
  [ -z "$listing" ] || known+=("$name")
  [ -z "$list" ] || echo "$name $*"
  [[ $name =~ $only ]] || return 0
  chosen=$((chosen + 1))
  [ -z "$listing" ] || return 0
  set -m # a group of its own: it has Ctrl-C's default, which tests need, and is ended below
  (
    set +e +m
    start=$SECONDS
    "$@" >"$logs/$name.log" 2>&1 </dev/null
    echo $? $((SECONDS - start)) >"$logs/$name.end"
  ) &
  set +m
  running[$name]=$!
}

finish() {
  local name=$1 verdict=passed status=1 seconds=0 words
  [ -n "${running[$name]:-}" ] || return 0
  printf '%-40s' "$name"
  wait "${running[$name]}" || true
  unset "running[$name]"
  read -r status seconds <"$logs/$name.end" || true # absent where somebody killed it
  if [ "$status" != 0 ]; then
    verdict=FAILED
    failures=$((failures + 1))
  fi
  # pytest's and CTest's closing lines say how many, and what was skipped
  words=$(grep -aE '^(=+ )?[0-9]+ (passed|failed|skipped|error)|tests passed' "$logs/$name.log" | tail -n 1 | sed 's/ in [0-9.]*s.*//; s/^=* *//' || true)
  printf '%-7s %4d s  %s\n' "$verdict" "$seconds" "$words"
  grep -aE '^SKIPPED' "$logs/$name.log" || true
  if [ $verdict = FAILED ]; then
    tail -n 60 "$logs/$name.log"
    echo "exit status $status"
    grep -aHE '^(FAILED|ERROR|E  )' "$logs/$name".[0-9]*.log 2>/dev/null | head -n 20 || true # what other ranks said
  fi
  summary+=("$(printf '%-40s%-7s %4d s  %s' "$name" "$verdict" "$seconds" "$words")")
}

end_all() { local pid; for pid in "${running[@]}"; do kill -TERM -- -"$pid" 2>/dev/null || true; done; }
trap end_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the stages ----

# What users have beside Quelea, packages and Slurm: tests that need one are skipped where it is not.
beside() {
  cluster/slurm install || true # says why not
  requirements "$python" foreign >"$venv/foreign.txt" && "$python" -m pip --disable-pip-version-check -q install -r "$venv/foreign.txt"
}

# At the lowest priority: it takes what the stage beside it leaves.
idly() { renice -n 19 -p "$BASHPID" >/dev/null && "$@"; }

formatted() { git ls-files '*.c' '*.h' | xargs "$venv/bin/clang-format" --dry-run -Werror && "$venv/bin/ruff" format --check .; }

# Open MPI takes locks of its own in both orders while it starts, which TSan would report as a deadlock to come.
# A test that starts a job counts as two processors, and waits most of its time for MPI to start and to end.
ctests() { TSAN_OPTIONS=detect_deadlocks=0 ctest --test-dir "build/$1" -j "$(($(nproc) + 2))" --output-on-failure "${@:2}"; }

# on_ranks NAME RANKS [VARIABLE=VALUE...] [-- FILES]: the distributed tests, or these; 0 ranks: without a launcher.
# With jobs=N the files are shared out among N jobs, one after another: what kernels and libraries take of many ranks' memory adds up.
on_ranks() {
  local name=$1 ranks=$2 given=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do given+=("$1"); shift; done
  [ $# = 0 ] || shift
  "$run" "$name" distributed "$name" "$ranks" "${given[@]}" -- "$@"
}

distributed() (
  name=$1 ranks=$2
  shift 2
  while [ "$1" != -- ]; do export "${1?}"; shift; done
  shift
  command=("$python" -m pytest --color=no -p no:cacheprovider -m "not slow" "${@:-tests/python}")
  if [ "$ranks" = 0 ]; then exec "${command[@]}"; fi
  export MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 # what a test frees goes: 16 ranks share the memory
  # Rank 0 speaks; what the others print is kept beside it.
  # shellcheck disable=SC2016
  TIMEOUT=1500 launch "$ranks" bash -c '[ "$OMPI_COMM_WORLD_RANK" = 0 ] || exec >"$0.$OMPI_COMM_WORLD_RANK.log"; exec "$@"' "$logs/$name" "${command[@]}"
)

# under PRESET RANKS [VARIABLE=VALUE...]: the interpreter knows nothing of the sanitizer, whose library must come first. Leaks are counted by the C tests.
under() (
  declare -A library=([debug]=libasan.so [tsan]=libtsan.so)
  preset=$1 ranks=$2
  shift 2
  given=(LD_PRELOAD="$(gcc -print-file-name="${library[$preset]}")" PYTHONPATH="$top/build/$preset/python" PYTHONMALLOC=malloc "$@")
  given+=(ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=detect_deadlocks=0)
  # shellcheck disable=SC2206
  # --capture=sys: pytest must not swallow the sanitizer's report, after which nothing prints what it has captured
  command=(env "${given[@]}" "$python" -m pytest --color=no --capture=sys -p no:cacheprovider -m "not slow" $sanitized)
  if [ "$ranks" = 0 ]; then exec "${command[@]}"; fi
  TIMEOUT=1500 launch "$ranks" "${command[@]}"
)

# Generated programs and jobs, one after another: mostly one core. Jobs of users have none of the settings that the tests in Python make.
slowly() {
  local status=0
  "$python" -m pytest -rs -m slow --ignore=tests/python || status=$?
  "$python" -m pytest -rs -m slow tests/python && return "$status"
}

stages() {
  stage walls .ci/walls
  stage ruff "$venv/bin/ruff" check .
  stage format formatted
  stage mypy "$venv/bin/mypy"
  begin packages.beside beside
  stage ctest.release ctests release
  finish packages.beside
  # Most of these tests keep one core busy. Of the debug build Python's need the extension alone.
  local target=quelea_python
  [ -z "$all" ] || target=all
  begin build.debug idly setup_build debug "$target"
  stage pytest.single "$python" -m pytest -rs -m "not slow" --ignore=tests/python
  finish build.debug

  # These two compile most kernels, on one core each, and each finds what the other has compiled, which begins with the last file.
  # Of ranks.1, which compiles what ranks.0 computes at once, some plans are run by one thread, by two, by all, and what can be is computed in sweeps.
  # What depends on dtypes alone is left out of rows that others have much in common with; so are compiled functions, but for those that nodes share,
  # and of ranks.1 those that are given NumPy's arrays alone.
  local backwards layouts arrays shared single cut few="" name
  mapfile -t layouts < <(printf '%s\n' tests/python/test_*.py | grep -vE '_(elementwise|promotion|signatures|orders|plain_forms|jit_library)\.py')
  mapfile -t arrays < <(printf '%s\n' "${layouts[@]}" | grep -vE '_(jit.*|map|g?u?vectorize.*|stencil_.*|generated|evaluate)\.py')
  mapfile -t shared < <(printf '%s\n' tests/python/test_{jit_{ranks,ranks_shapes,rows,carried,wrapped,several,ended},map,guvectorize}.py tests/python/test_{vectorize_{generated,reductions},stencil_{generated,kernels,steps}}.py)
  # Where it matters how many ranks and nodes there are.
  cut=(tests/python/test_{indexing,distributed,tiles,copies,putting,taking,masks,scans,sorting,products,fft,reductions,stencils,jit_ranks,failures}.py)
  mapfile -t backwards < <(printf '%s\n' "${layouts[@]}" tests/python/test_elementwise.py |
    grep -vE '_(jit|jit_(bounds|language|native|refusals|sources|values))\.py' | sort -r)
  run=begin on_ranks ranks.1 1 QUELEA_THREADS=3 QUELEA_SHARE=1k QUELEA_REPLICATE=-1 QUELEA_IMMEDIATE=0 QUELEA_TIME_BLOCK=6 QUELEA_FRONT_BYTES=2k \
    -- "${backwards[@]}"
  # What mostly starts jobs of its own takes the core that is free first.
  mapfile -t single < <(printf '%s\n' tests/python/test_*.py | grep -vE '_(process|failures)\.py')
  run=begin on_ranks ranks.0 0 -- "${single[@]}"
  finish ranks.1
  on_ranks jobs.0 0 -- tests/python/test_{process,failures}.py
  finish ranks.0
  on_ranks ranks.2 2 QUELEA_THREADS=1 -- "${layouts[@]}"
  on_ranks ranks.3.nodes.1 3 QUELEA_NODE_SIZE=1 QUELEA_REPLICATE=-1 QUELEA_OVERLAP=1 QUELEA_TIME_BLOCK=6 -- "${arrays[@]}" "${shared[@]}"
  on_ranks ranks.4.nodes.2 4 QUELEA_NODE_SIZE=2 QUELEA_REPLICATE=-1 QUELEA_FLUSH=1 -- "${cut[@]}"

  for name in indexing distributed tiles positions jit_functions jit_arrays jit_ranks jit_ranks_said jit_sums; do few+=" tests/python/test_$name.py"; done
  sanitized=$few
  if [ -n "$all" ]; then
    begin slow slowly
    sanitized=$(printf '%s\n' "${layouts[@]}" | grep -vE '_(process|failures|other_threads|checkpoint.*|profile|progress)\.py')
  fi
  stage asan.0 under debug 0

  if [ -n "$all" ]; then
    sanitized=$few
    stage ctest.debug ctests debug
    stage build.tsan setup_build tsan
    stage ctest.tsan ctests tsan -E '^jit\.' # one thread
    stage tsan.0.threads.2 under tsan 0 QUELEA_THREADS=2 QUELEA_REPLICATE=-1
    finish slow # ranks that wait for each other suffer from it
    stage asan.3.nodes.1 under debug 3 QUELEA_NODE_SIZE=1 QUELEA_REPLICATE=-1
    stage tsan.2.threads.2 under tsan 2 QUELEA_THREADS=2 QUELEA_REPLICATE=-1
    # In parts, each a job of its own, where the kernels that so many ranks keep would fill a small machine's memory.
    local ranks threads nodes replicate flush check files parts of part
    while read -r ranks threads nodes replicate flush check files parts; do
      case $files in
      all) of=(tests/python/test_*.py) ;;
      layouts) of=("${layouts[@]}") ;;
      cut) of=("${cut[@]}") ;;
      esac
      for ((part = 0; part < parts; part++)); do
        on_ranks "all.$ranks.threads.$threads.nodes.$nodes.$replicate.$flush.$check.part.$part" "$ranks" QUELEA_THREADS="$threads" \
          QUELEA_NODE_SIZE="$nodes" QUELEA_REPLICATE="$replicate" QUELEA_FLUSH="$flush" QUELEA_CHECK="$check" \
          -- "${of[@]:$((${#of[@]} * part / parts)):$((${#of[@]} * (part + 1) / parts - ${#of[@]} * part / parts))}"
      done
    done <<TABLE
2   2  0  -1   64  1  layouts  1
3   1  2  -1   1   0  layouts  1
4   2  2  -1   64  1  all      1
7   1  0  1024 1   0  cut      1
7   1  1  -1   64  0  layouts  3
16  1  1  -1   64  0  cut      3
16  1  2  1024 64  0  cut      3
TABLE
  fi
}

stages
[ -z "$list" ] || exit 0
[ $chosen -gt 0 ] || {
  usage >&2
  echo "no stage matches '$only'; there are: ${known[*]}" >&2
  exit 2
}
listing=

# Also where the machine says otherwise: each of very many processes would compile the tests and the package again.
export PYTHONDONTWRITEBYTECODE=
setup
mkdir -p "$logs"
rm -f "$logs"/*.log "$logs"/*.end
export XDG_CACHE_HOME=$top/build/test/cache # kernels of the tests do not fill the user's cache
stages

echo
printf '%s\n' "${summary[@]}"
echo "$((SECONDS - began)) s, $failures of ${#summary[@]} stages failed"
[ "$failures" = 0 ]
