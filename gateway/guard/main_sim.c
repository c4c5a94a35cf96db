// careroomd-sim: the same guard over simulated buses, chips and lines.
#include "gateway/guard/guard.h"
#include "gateway/guard/sim_ops.h"
#include "sensors/sim/sim.h"

int main(int argc, char **argv)
{
    static const struct guard_extension simulation = { .prepare = sim_build, .ops = sim_ops };
    return guard_main(argc, argv, &simulation);
}
