/* Hostile paths on Windows' port of files, as a group of machine_contract_system. */
#ifndef GPUPV_TESTS_FILES_HOSTILE_H
#define GPUPV_TESTS_FILES_HOSTILE_H

#include "tests/unit/contract/contract.h"

extern const struct contract_tests files_hostile;

#endif
