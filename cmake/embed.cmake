# Puts the files of a folder into a library, so that the program needs no file beside it.
#
#   nines_embed(TARGET FOLDER) adds a source to TARGET that defines nines::api::WebFiles()
#
# Run with cmake -P, the same file writes that source: -DFOLDER=… -DOUTPUT=….

if(CMAKE_SCRIPT_MODE_FILE AND CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(GLOB files ${FOLDER}/*)
  list(SORT files)
  set(entries "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    file(READ ${file} content HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" content "${content}")
    file(SIZE ${file} size)
    string(APPEND entries "    {\"${name}\", {\"${content}\", ${size}}},\n")
  endforeach()
  file(WRITE ${OUTPUT} "// Written by cmake/embed.cmake.
#include \"api/page.h\"

namespace nines::api {
namespace {

constexpr WebFile kFiles[] = {
${entries}};

}  // namespace

std::span<const WebFile> WebFiles() { return kFiles; }

}  // namespace nines::api
")
  return()
endif()

set(NINES_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

function(nines_embed target folder)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded/${target}_files.cc)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUTPUT=${output} -P ${NINES_EMBED_SCRIPT}
    DEPENDS ${files} ${NINES_EMBED_SCRIPT}
    COMMENT "Embedding ${folder}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
