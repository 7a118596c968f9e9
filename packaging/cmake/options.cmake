# gpupv_options: what every target of the project is compiled and linked with.
add_library(gpupv_options INTERFACE)
target_compile_features(gpupv_options INTERFACE c_std_11)
target_include_directories(gpupv_options INTERFACE ${PROJECT_SOURCE_DIR})

# Everything below this line that is built is ours, so strict C11 can be asked for here.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(WIN32)
    target_compile_definitions(gpupv_options INTERFACE
        _WIN32_WINNT=0x0A00
        NTDDI_VERSION=0x0A000005
        WIN32_LEAN_AND_MEAN
        NOMINMAX
        COBJMACROS)
    if(MINGW)
        # printf of %zu and PRId64 as C11 says, whatever C runtime Windows has
        target_compile_definitions(gpupv_options INTERFACE __USE_MINGW_ANSI_STDIO=1)
    endif()
else()
    target_compile_definitions(gpupv_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
endif()

if(MSVC)
    target_compile_options(gpupv_options INTERFACE /W4 /utf-8 $<$<BOOL:${GPUPV_WERROR}>:/WX>)
    target_compile_definitions(gpupv_options INTERFACE _CRT_SECURE_NO_WARNINGS)
else()
    target_compile_options(gpupv_options INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wshadow
        -Wstrict-prototypes
        -Wmissing-prototypes
        -Wwrite-strings
        -Wvla
        -Wformat=2
        $<$<C_COMPILER_ID:GNU>:-Wjump-misses-init>
        # what clang alone finds wrong with {NULL} and with strings broken over lines in a table
        $<$<C_COMPILER_ID:Clang>:-Wno-missing-field-initializers>
        $<$<C_COMPILER_ID:Clang>:-Wno-string-concatenation>
        $<$<BOOL:${GPUPV_WERROR}>:-Werror>
        -fno-common
        -ffunction-sections
        -fdata-sections)
    target_link_options(gpupv_options INTERFACE -Wl,--gc-sections)
endif()

if(GPUPV_SANITIZE)
    target_compile_options(gpupv_options INTERFACE
        -fsanitize=${GPUPV_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        # gcc's guess of lengths goes wrong in instrumented code
        $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
    target_link_options(gpupv_options INTERFACE -fsanitize=${GPUPV_SANITIZE})
    if(GPUPV_FUZZ)
        target_compile_options(gpupv_options INTERFACE -fsanitize=fuzzer-no-link)
    endif()
elseif(NOT MSVC AND NOT GPUPV_FUZZ)
    target_compile_options(gpupv_options INTERFACE -fstack-protector-strong)
    target_link_options(gpupv_options INTERFACE -fstack-protector-strong)
    if(NOT WIN32)
        target_compile_definitions(gpupv_options INTERFACE
            $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
        target_link_options(gpupv_options INTERFACE -Wl,-z,relro,-z,now)
    endif()
endif()

if(MINGW)
    # One file that runs on any Windows: nothing of the compiler's own as a DLL.
    target_link_options(gpupv_options INTERFACE -static)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
