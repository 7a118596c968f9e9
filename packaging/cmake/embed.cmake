# gpupv_embed(TARGET NAME FILE): the file's bytes become `const unsigned char NAME[]` of NAME_bytes
# bytes in the target, followed by a 0 that is not counted. host/embedded.h declares them.
function(gpupv_embed target name file)
    set(path ${PROJECT_SOURCE_DIR}/${file})
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
    file(READ ${path} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes
        "${bytes}")
    string(LENGTH "${hex}" digits)
    math(EXPR count "${digits} / 2")
    file(CONFIGURE OUTPUT ${source} CONTENT
        "#include \"host/embedded.h\"\n\nconst unsigned char @name@[] = {\n@bytes@0};\nconst size_t @name@_bytes = @count@;\n"
        @ONLY)
    target_sources(${target} PRIVATE ${source})
endfunction()
