# Set-up shared by run.sh, test.sh and .ci/run: Debian packages, the virtual environment, the build, and how a job is launched.
# Sourced, not run, with bash and `set -euo pipefail`. Every step looks first whether there is anything to do, so that a second run needs seconds and no network.
#
#   setup                 packages, .venv and build/release, under a lock
#   setup_build PRESET [TARGET]   one more build folder, build/PRESET, or what one target of it needs
#   launch RANKS CMD...   mpirun with what this machine needs; TIMEOUT (seconds, 600) bounds it
#   $python               the environment's interpreter

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$top/.venv
python=$venv/bin/python
packages=(gcc g++ cmake ninja-build pkg-config libopenmpi-dev openmpi-bin libhwloc-dev libsleef-dev libhwy-dev libopenblas-pthread-dev python3-dev python3-venv)

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# ---- Debian packages ----

package_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
package_available() { [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]; }

# The LLVM that Quelea is developed for, or the older one that is tested too: one that is installed, else one that can be.
llvm_package() {
  local version test
  for test in package_installed package_available; do
    for version in 19 16; do
      if $test "llvm-$version-dev"; then echo "llvm-$version-dev"; return; fi
    done
  done
  echo llvm-19-dev
}

missing_packages() {
  local package
  for package in "${packages[@]}" "$(llvm_package)"; do
    package_installed "$package" || echo "$package"
  done
}

# Elsewhere than on Debian and Ubuntu the tools are what counts.
missing_tools() {
  local tool
  for tool in gcc g++ cmake ninja pkg-config mpicc mpirun; do
    command -v "$tool" >/dev/null || echo "$tool"
  done
  if command -v pkg-config >/dev/null; then pkg-config --exists hwloc || echo "hwloc (headers)"; fi
}

setup_packages() {
  local missing root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    missing=$(missing_tools | paste -sd' ')
    [ -z "$missing" ] || die "this is neither Debian nor Ubuntu; missing: $missing. Also needed: LLVM 19 or 16, SLEEF, OpenBLAS, Python >= 3.11, each with headers"
    return 0
  fi
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; then
      say "missing Debian packages: $(paste -sd' ' <<<"$missing")"
      die "type (as root): apt-get update && apt-get install --no-install-recommends $(paste -sd' ' <<<"$missing")"
    fi
    root=(sudo)
  fi
  say "installing Debian packages: $(paste -sd' ' <<<"$missing")"
  "${root[@]}" apt-get -qq update || say "apt-get update failed; trying with the lists that are here"
  missing=$(missing_packages) # fresh lists may offer a newer LLVM
  # shellcheck disable=SC2086
  if ! "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing >"$top/build/apt.log" 2>&1; then
    tail -n 20 "$top/build/apt.log" >&2
    say "could not be installed: $(missing_packages | paste -sd' ')"
    die "type (as root): apt-get update && apt-get install --no-install-recommends $(missing_packages | paste -sd' ')"
  fi
}

# ---- the virtual environment ----

# The first Python >= 3.11 that has its headers and can make environments. The system's comes first: one found through PATH may be a shim without headers.
find_python() {
  local candidate
  for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c '
import ensurepip, os, sys, sysconfig
sys.exit(sys.version_info < (3, 11) or not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "no Python >= 3.11 with Python.h and ensurepip (Debian packages python3-dev and python3-venv)"
}

# requirements INTERPRETER EXTRA...: what the environment holds is said once, in pyproject.toml.
requirements() {
  local interpreter=$1
  shift
  "$interpreter" - "$top/pyproject.toml" "$@" <<'PYTHON'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    data = tomllib.load(file)
extras = data["project"]["optional-dependencies"]
print(*data["build-system"]["requires"], *data["project"]["dependencies"], *(r for name in sys.argv[2:] for r in extras[name]), sep="\n")
PYTHON
}

setup_venv() {
  local base wanted stamp=$venv/.stamp
  base=$(find_python)
  wanted=$(printf '%s\n' "$top" "$base" "$("$base" -V)" "$(requirements "$base" pictures test dev)" | sha256sum)
  [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ] || return 0
  say "making .venv with $("$base" -V) ($base)"
  "$base" -m venv --clear "$venv"
  requirements "$base" pictures test dev >"$venv/requirements.txt"
  "$python" -m pip --disable-pip-version-check -q install -r "$venv/requirements.txt" ||
    die "pip could not install what pyproject.toml asks for; once the network is back, run this again"
  # The built package: build/release/python/quelea (see python/CMakeLists.txt). PYTHONPATH=build/debug/python takes another build.
  echo "$top/build/release/python" >"$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/quelea-build.pth"
  echo "$wanted" >"$stamp"
}

# ---- the build ----

setup_build() {
  local preset=$1 target=${2:-all} folder=$top/build/$1 log=$top/build/$1.log stamp=$top/build/$1/.stamp wanted
  mkdir -p "$folder"
  wanted=$(cat "$top/CMakePresets.json" "$venv/.stamp" "${BASH_SOURCE[0]}" | sha256sum)
  if [ "$wanted" != "$(cat "$stamp" 2>/dev/null)" ]; then
    rm -rf "$folder" && mkdir -p "$folder"
    say "configuring build/$preset"
    if ! (cd "$top" && cmake --preset "$preset") >"$log" 2>&1; then
      cat "$log" >&2
      die "CMake could not configure build/$preset"
    fi
    echo "$wanted" >"$stamp"
  fi
  if ! cmake --build "$folder" --target "$target" --parallel "${JOBS:-$(nproc)}" >"$log" 2>&1; then
    cat "$log" >&2
    die "build/$preset could not be built"
  fi
  ! grep -q 'Linking' "$log" || say "built build/$preset"
}

# Whoever ran this first, perhaps root, owns what it made.
check_writable() {
  local path
  if ! mkdir -p "$top/build" 2>/dev/null || { [ ! -e "$venv" ] && [ ! -w "$top" ]; }; then
    die "$(id -un) cannot write into $top: clone it to where that is possible"
  fi
  for path in "$top/build" "$top/build/.lock" "$top/build/release" "$venv"; do
    [ ! -e "$path" ] || [ -w "$path" ] ||
      die "$path belongs to $(stat -c %U "$path"), and $(id -un) cannot write it: remove it, or change its owner"
  done
}

setup() {
  check_writable
  exec 9>"$top/build/.lock" # two runs in one checkout take turns
  flock 9
  setup_packages
  setup_venv
  setup_build release
  exec 9>&-
}

# ---- launching ----

# May one process read another's memory? Containers often deny it, and Open MPI then prints an error for every large message.
cross_memory_allowed() {
  "$python" - <<'PYTHON'
import ctypes, os, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
word = ctypes.c_long(1)
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
piece = Piece(ctypes.addressof(word), ctypes.sizeof(word))
child = os.fork()
if child == 0:
    signal.pause()
read = libc.process_vm_readv(child, ctypes.byref(piece), 1, ctypes.byref(piece), 1, 0)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
sys.exit(read != ctypes.sizeof(word))
PYTHON
}

launch() {
  local ranks=$1 flags=(--timeout "${TIMEOUT:-600}" --oversubscribe --bind-to none) # cores are divided by comm/, not by mpirun
  shift
  if [ "$(id -u)" = 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  export OMPI_MCA_btl_base_warn_component_unused=0 OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
  cross_memory_allowed || export OMPI_MCA_btl_vader_single_copy_mechanism=none
  mpirun -n "$ranks" "${flags[@]}" "$@"
}
