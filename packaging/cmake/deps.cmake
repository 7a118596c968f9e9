# The libraries gpupv stands on, as deps::uv deps::cjson deps::mbedtls deps::xxhash deps::cmocka.
# Debian's packages, the cross-built prefix and vcpkg agree on neither pkg-config nor CMake files, so
# headers and libraries are found by name. Static libraries come first where they exist.

# deps_library(NAME HEADER LIBRARY...): LIBRARY is a list of alternative names joined by "|".
function(deps_library name header)
    string(TOUPPER ${name} upper)
    find_path(${upper}_INCLUDE_DIR ${header} REQUIRED)
    mark_as_advanced(${upper}_INCLUDE_DIR)
    add_library(deps_${name} INTERFACE)
    add_library(deps::${name} ALIAS deps_${name})
    target_include_directories(deps_${name} SYSTEM INTERFACE ${${upper}_INCLUDE_DIR})
    foreach(alternatives IN LISTS ARGN)
        string(REPLACE "|" ";" names ${alternatives})
        list(GET names -1 last)
        string(TOUPPER ${last} variable)
        find_library(${variable}_LIBRARY NAMES ${names} REQUIRED)
        mark_as_advanced(${variable}_LIBRARY)
        target_link_libraries(deps_${name} INTERFACE ${${variable}_LIBRARY})
    endforeach()
endfunction()

deps_library(uv uv.h "uv_a|libuv.a|libuv|uv")
deps_library(cjson cjson/cJSON.h "libcjson.a|cjson")
deps_library(mbedtls mbedtls/ssl.h
    "libmbedtls.a|mbedtls" "libmbedx509.a|mbedx509" "libmbedcrypto.a|mbedcrypto")
deps_library(xxhash xxhash.h "libxxhash.a|xxhash")
if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
    deps_library(cmocka cmocka.h "libcmocka.a|libcmocka-static.a|cmocka")
endif()

# What the static libraries themselves need from the system.
if(WIN32)
    target_compile_definitions(deps_cjson INTERFACE CJSON_HIDE_SYMBOLS)
    target_link_libraries(deps_uv INTERFACE
        ws2_32 iphlpapi userenv dbghelp psapi user32 advapi32 shell32 ole32 uuid)
    target_link_libraries(deps_mbedtls INTERFACE bcrypt advapi32 ws2_32)
else()
    find_package(Threads REQUIRED)
    target_link_libraries(deps_uv INTERFACE Threads::Threads ${CMAKE_DL_LIBS} rt)
endif()
