/* The table of routines. */
#include "routine.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, name, inputs, cost) [ROUTINE_##NAME] = {#name, inputs, cost, run_##name},
#include "routines.def"
#undef ROUTINE
};
