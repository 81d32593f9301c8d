#!/bin/bash
# Plain hosts, with no batch system, which this one reaches by ssh without a password: HOSTS=a:4,b:4 hosts.sh SCRIPT [ARGUMENTS]; NAME:RANKS.
# The same path of Python, of the script and of its data on all of them (a shared file system), the same Open MPI.
set -euo pipefail
: "${PYTHON:=python}" "${HOSTS:?HOSTS=a:4,b:4}"
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
given=()
for name in $(compgen -e); do # ssh hands on nothing
  case $name in QUELEA_* | OPENBLAS_* | PYTHONPATH | VIRTUAL_ENV) given+=(-x "$name") ;; esac
done
# NETWORK=192.168.1.0/24: the one that the hosts have in common, where they have several (docker0, virbr0).
if [ -n "${NETWORK:-}" ]; then given+=(--mca oob_tcp_if_include "$NETWORK" --mca btl_tcp_if_include "$NETWORK"); fi
# AGENT: a command in place of ssh.
if [ -n "${AGENT:-}" ]; then given+=(--mca plm_rsh_agent "$AGENT"); fi
exec mpirun --host "$HOSTS" --bind-to none ${given[@]+"${given[@]}"} "$PYTHON" "$@"
