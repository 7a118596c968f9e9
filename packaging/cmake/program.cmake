# gpupv_program(NAME DESCRIPTION LIBRARY): a thin executable, main.c over LIBRARY; on Windows with
# version and manifest.
function(gpupv_program PROGRAM DESCRIPTION library)
    add_executable(${PROGRAM} main.c)
    target_link_libraries(${PROGRAM} PRIVATE ${library} gpupv_options)
    if(WIN32)
        set(resource ${CMAKE_CURRENT_BINARY_DIR}/${PROGRAM}.rc)
        configure_file(${PROJECT_SOURCE_DIR}/packaging/windows/program.rc.in ${resource} @ONLY)
        set_property(SOURCE ${resource} APPEND PROPERTY
            OBJECT_DEPENDS ${PROJECT_SOURCE_DIR}/packaging/windows/program.manifest)
        target_sources(${PROGRAM} PRIVATE ${resource})
        if(MSVC)
            target_link_options(${PROGRAM} PRIVATE /MANIFEST:NO)
        endif()
    endif()
endfunction()
