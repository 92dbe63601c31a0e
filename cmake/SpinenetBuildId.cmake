# The build id that both programs carry: the version and a hash of every source, so that two builds of the same sources
# have the same id. The target spinenet_build_id defines cli/build_id.h's function; its source is written again whenever
# a source changes.
#
# As a script (cmake -DVERSION=... -DSOURCE_DIR=... -DOUTPUT=... -P SpinenetBuildId.cmake) it writes that file.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB_RECURSE sources RELATIVE ${SOURCE_DIR} ${SOURCE_DIR}/*.h ${SOURCE_DIR}/*.cpp ${SOURCE_DIR}/*.inc
       ${SOURCE_DIR}/*.proto)
  list(FILTER sources EXCLUDE REGEX "_(test|fixture)\\.(h|cpp)$")
  list(SORT sources)
  set(hashes "${VERSION}")
  foreach(source ${sources})
    file(SHA256 ${SOURCE_DIR}/${source} hash)
    string(APPEND hashes "\n${source} ${hash}")
  endforeach()
  string(SHA256 hash "${hashes}")
  string(SUBSTRING ${hash} 0 12 hash)
  file(WRITE ${OUTPUT} "// Written by cmake/SpinenetBuildId.cmake.
#include \"cli/build_id.h\"

std::string_view spinenet::cli::build_id() {
  return \"${VERSION}-${hash}\";
}
")
  return()
endif()

file(GLOB_RECURSE SPINENET_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp
     ${CMAKE_CURRENT_SOURCE_DIR}/*.inc ${CMAKE_CURRENT_SOURCE_DIR}/*.proto)
list(FILTER SPINENET_SOURCES EXCLUDE REGEX "_(test|fixture)\\.(h|cpp)$")
set(SPINENET_BUILD_ID_SOURCE ${CMAKE_CURRENT_BINARY_DIR}/build_id.cpp)
add_custom_command(
  OUTPUT ${SPINENET_BUILD_ID_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DVERSION=${PROJECT_VERSION} -DSOURCE_DIR=${CMAKE_CURRENT_SOURCE_DIR}
          -DOUTPUT=${SPINENET_BUILD_ID_SOURCE} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${SPINENET_SOURCES} ${CMAKE_CURRENT_LIST_FILE}
  COMMENT "Build id")
add_library(spinenet_build_id STATIC ${SPINENET_BUILD_ID_SOURCE})
target_include_directories(spinenet_build_id PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(spinenet_build_id PRIVATE spinenet_options)
