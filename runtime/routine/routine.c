/* The table of routines. */
#include "routine.h"

const RoutineInfo routines[ROUTINES] = {
#define ROUTINE(NAME, name, anywhere, cost) [ROUTINE_##NAME] = {#name, anywhere, cost, run_##name},
#include "routines.def"
#undef ROUTINE
};
