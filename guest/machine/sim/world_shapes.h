/* The tables that say how struct world looks as JSON (world_shapes.c); for world_json.c alone. */
#ifndef GPUPV_SIM_WORLD_SHAPES_H
#define GPUPV_SIM_WORLD_SHAPES_H

#include "guest/machine/sim/shape.h"

/* The whole world but its files. */
extern const struct shape world_shape;

#endif
