/* Choosing and freeing machines. */
#include "guest/machine/machine.h"

#include <stddef.h>

void machine_free(struct machine *machine)
{
    if (machine)
        machine->free(machine);
}
