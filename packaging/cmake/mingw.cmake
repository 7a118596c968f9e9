# Windows executables from Debian's mingw-w64. The libraries are built on first use by
# packaging/deps/build.sh; tests run under Wine. The posix variant is the one whose runtime cmocka needs.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

if(NOT CMAKE_PROJECT_NAME STREQUAL "CMAKE_TRY_COMPILE" AND NOT GPUPV_DEPS_LINKED)
    execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../deps/build.sh
        OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    # A link, so that paths found earlier stay right when the recipe and with it the prefix changes.
    file(CREATE_LINK ${prefix} ${CMAKE_BINARY_DIR}/deps SYMBOLIC)
    set(GPUPV_DEPS_LINKED TRUE)
endif()

set(CMAKE_FIND_ROOT_PATH ${CMAKE_BINARY_DIR}/deps /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Not /usr/bin/wine: the wrapper prints hints into the output of tests.
find_program(GPUPV_WINE wine64 PATHS /usr/lib/wine)
if(GPUPV_WINE)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${GPUPV_WINE})
endif()
