#!/bin/bash
# A Slurm job whose ranks Open MPI's mpirun starts, where srun has no PMIx (srun --mpi=list): sbatch -N 4 slurm-mpirun.sh SCRIPT [ARGUMENTS].
#SBATCH --job-name=quelea
#SBATCH --output=%x-%j.out
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --time=01:00:00
#SBATCH --signal=B:USR1@300
#SBATCH --no-requeue
# B: the signal goes to this script, which mpirun replaces (exec), and which hands it on to all ranks.
set -euo pipefail
: "${PYTHON:=python}"
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
exec mpirun --map-by "ppr:$SLURM_NTASKS_PER_NODE:node" --bind-to none "$PYTHON" "$@"
