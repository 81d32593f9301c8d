#!/bin/bash
# A Slurm job whose ranks srun starts: sbatch -N 4 slurm-srun.sh SCRIPT [ARGUMENTS]. The script keeps itself by quelea.checkpoint_every.
#SBATCH --job-name=quelea
#SBATCH --output=%x-%j.out
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
# ntasks-per-node x cpus-per-task: the cores of a host. One rank for each NUMA domain, with its cores as threads, is a good start.
# USR1 goes to the ranks, five minutes before the time limit. The next checkpoint_every writes, and ends the program with status 0.
set -euo pipefail
: "${PYTHON:=python}" # of the environment in which Quelea is
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
# Not every srun hands on what sbatch was given, and without a number of cores Slurm binds each rank to one.
export SLURM_KILL_BAD_EXIT=${SLURM_KILL_BAD_EXIT:-1} # a rank that dies before the ranks know each other ends the job too
exec srun --mpi=pmix --cpus-per-task="$SLURM_CPUS_PER_TASK" "$PYTHON" "$@"
