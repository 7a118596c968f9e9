# Tests of Windows executables run under Wine, in one prefix per build folder that a fixture starts
# before the first of them, so that none pays for it, and removes after the last.
if(CMAKE_CROSSCOMPILING AND WIN32)
    set(GPUPV_WINEPREFIX ${PROJECT_BINARY_DIR}/wineprefix)
    foreach(step up down)
        add_test(NAME wine_prefix_${step}
            COMMAND ${PROJECT_SOURCE_DIR}/tests/wine/prefix.sh ${step} ${GPUPV_WINEPREFIX})
        set_tests_properties(wine_prefix_${step} PROPERTIES TIMEOUT 120)
    endforeach()
    set_tests_properties(wine_prefix_up PROPERTIES FIXTURES_SETUP wine_prefix)
    set_tests_properties(wine_prefix_down PROPERTIES FIXTURES_CLEANUP wine_prefix)
endif()

# gpupv_test(NAME LIBRARY... [SLOW] [TIMEOUT seconds] [SOURCES file...] [ARGS argument...])
# builds the cmocka program NAME from NAME.c, which lies in the calling folder or in its unit/ or
# integration/, and registers it. It runs in a folder of its own, build/<preset>/tests/run/NAME, with
#   GPUPV_TEST_DATA    the source folder tests/
#   GPUPV_TEST_HOST    the gpupv executable      GPUPV_TEST_AGENT   the gpupv-agent executable
# in the environment. Tests marked SLOW carry the label `slow`; `ctest -LE slow` leaves them out.
function(gpupv_test name)
    cmake_parse_arguments(TEST "SLOW" "TIMEOUT" "SOURCES;ARGS" ${ARGN})
    set(source "")
    foreach(folder . unit integration)
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}.c)
            set(source ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}.c)
        endif()
    endforeach()
    if(NOT source)
        message(FATAL_ERROR "gpupv_test(${name}): no ${name}.c here, in unit/ or in integration/")
    endif()
    add_executable(${name} ${source} ${TEST_SOURCES})
    target_link_libraries(${name} PRIVATE
        ${TEST_UNPARSED_ARGUMENTS} gpupv_test_support deps::cmocka gpupv_options)
    add_test(NAME ${name} COMMAND ${name} ${TEST_ARGS})
    gpupv_test_properties(${name} ${ARGN})
endfunction()

# gpupv_test_properties(NAME [SLOW] [TIMEOUT seconds]): the same surroundings for any other test.
function(gpupv_test_properties name)
    cmake_parse_arguments(TEST "SLOW" "TIMEOUT" "SOURCES;ARGS" ${ARGN})
    set(folder ${PROJECT_BINARY_DIR}/tests/run/${name})
    file(MAKE_DIRECTORY ${folder})
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES
        WORKING_DIRECTORY ${folder}
        TIMEOUT ${TEST_TIMEOUT})
    if(TEST_SLOW)
        set_tests_properties(${name} PROPERTIES LABELS slow)
    endif()
    set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
        GPUPV_TEST_DATA=${PROJECT_SOURCE_DIR}/tests
        GPUPV_TEST_HOST=$<TARGET_FILE:gpupv>
        GPUPV_TEST_AGENT=$<TARGET_FILE:gpupv-agent>)
    if(CMAKE_CROSSCOMPILING AND WIN32)
        set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED wine_prefix)
        set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT
            WINEPREFIX=${GPUPV_WINEPREFIX} WINEDEBUG=-all)
    endif()
endfunction()

# gpupv_fuzz(fuzz_WHAT LIBRARY... [MAX_LEN bytes]): fuzz_WHAT.c defines LLVMFuzzerTestOneInput, its
# seeds lie in corpus/WHAT/, an optional dictionary is corpus/WHAT.dict. Under the preset `fuzz` this
# is a libFuzzer program that runs for GPUPV_FUZZ_SECONDS as a test; everywhere else the same code runs
# once over every seed, so each finding that is added there stays tested on all targets.
function(gpupv_fuzz name)
    cmake_parse_arguments(FUZZ "" "MAX_LEN" "" ${ARGN})
    string(REGEX REPLACE "^fuzz_" "" what ${name})
    set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${what})
    add_executable(${name} ${name}.c)
    target_link_libraries(${name} PRIVATE ${FUZZ_UNPARSED_ARGUMENTS} gpupv_options)
    if(GPUPV_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        set(found ${PROJECT_BINARY_DIR}/tests/run/${name}/found)
        file(MAKE_DIRECTORY ${found})
        set(options -max_total_time=${GPUPV_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=1024
            -print_final_stats=1)
        if(FUZZ_MAX_LEN)
            list(APPEND options -max_len=${FUZZ_MAX_LEN})
        endif()
        if(EXISTS ${seeds}.dict)
            list(APPEND options -dict=${seeds}.dict)
        endif()
        add_test(NAME ${name} COMMAND ${name} ${options} ${found} ${seeds})
    else()
        target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
        add_test(NAME ${name} COMMAND ${name} ${seeds})
    endif()
    gpupv_test_properties(${name})
endfunction()
