#!/bin/bash
# A PBS job (OpenPBS, PBS Pro): qsub -v SCRIPT=run.py pbs.sh
#PBS -N quelea
#PBS -l select=4:ncpus=4:mpiprocs=1
#PBS -l walltime=01:00:00
#PBS -j oe
# mpiprocs ranks on each of 4 hosts; ncpus / mpiprocs threads each. PBS has no signal before the time limit: it sends SIGTERM, and SIGKILL after the
# server's kill_delay (10 s). So there is a clock of our own: EARLY seconds after the start mpirun is told, and tells the ranks.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"
: "${PYTHON:=python}" "${SCRIPT:?qsub -v SCRIPT=run.py}" "${EARLY:=3300}"
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
# An Open MPI without PBS's interface (ompi_info | grep 'plm: tm' shows nothing) is given the hosts (a host file would mean all cores of a host that is listed once), and reaches them by ssh.
hosts=()
ompi_info 2>/dev/null | grep -q 'MCA plm: tm' || hosts=(--host "$(sort "${PBS_NODEFILE:?}" | uniq -c | awk '{ print $2 ":" $1 }' | paste -sd,)")
# shellcheck disable=SC2086  # SCRIPT may have arguments
exec timeout --foreground --preserve-status --signal=USR1 "$EARLY" mpirun "${hosts[@]}" --bind-to none "$PYTHON" $SCRIPT
