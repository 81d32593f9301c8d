#!/usr/bin/env bash
# Installs what is missing, builds, and runs an example on several ranks.
#   ./run.sh                          examples/jacobi.py on 4 ranks, checked against NumPy, with a picture
#   ./run.sh --n 2000 --steps 500     the same with other arguments
#   ./run.sh examples/heat3d.py ARGS  another script
#   RANKS=16 ./run.sh                 other ranks; TIMEOUT=seconds ends a job that takes longer (600)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/cluster/setup.sh"

case ${1:-} in
-h | --help) sed -n '2,6s/^# \{0,1\}//p' "$here/run.sh"; exit 0 ;;
*.py) script=$1; shift; arguments=("$@") ;;
*) script=$top/examples/jacobi.py; arguments=(--check --picture jacobi.png "$@") ;;
esac
[ -f "$script" ] || die "there is no script $script"
ranks=${RANKS:-4}
[[ $ranks =~ ^[1-9][0-9]{0,5}$ ]] || die "RANKS='$ranks' is not a positive number"
setup
launch "$ranks" "$python" "$script" ${arguments[@]+"${arguments[@]}"}
