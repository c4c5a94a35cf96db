// Prints the name of every row of the driver and reader tables, one a line, for tests/structure.sh.
#include <stdio.h>

#include "sensors/driver.h"
#include "sensors/reader.h"

int main(void)
{
    for (size_t i = 0; driver_at(i); i++) {
        puts(driver_at(i)->info.name);
    }
    for (size_t i = 0; reader_at(i); i++) {
        puts(reader_at(i)->info.name);
    }
    return 0;
}
