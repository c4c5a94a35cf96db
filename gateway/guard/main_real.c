// careroomd: the real hardware, and no way to fake an input.
#include "gateway/guard/guard.h"

int main(int argc, char **argv)
{
    return guard_main(argc, argv, NULL);
}
