/* The image service: disk files as it makes and describes them. Facts: hyperv-wmi.md §16. */
#include "method.h"

#include "job.h"

const struct method_row image_methods[] = {
    {0},
};

const struct job_kind image_jobs[] = {
    {0},
};
