# spinenet_module(NAME DEPENDS module... PUBLIC libs... PRIVATE libs... EXCLUDE name)
#
# Makes the static library spinenet_NAME of every .cpp beside src/NAME, and, with tests on, one test program
# spinenet_NAME_test of every *_test.cpp. DEPENDS names modules of lower levels; scripts/check_includes reads the same
# lines. PRIVATE libraries are seen by the module's own .cpp files alone.
add_library(spinenet_options INTERFACE)
target_compile_options(spinenet_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror)
if(SPINENET_SANITIZE)
  target_compile_options(spinenet_options INTERFACE -fsanitize=${SPINENET_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(spinenet_options INTERFACE -fsanitize=${SPINENET_SANITIZE})
endif()

function(spinenet_module name)
  cmake_parse_arguments(ARG "" "EXCLUDE" "DEPENDS;PUBLIC;PRIVATE;TEST" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/${name}/${ARG_EXCLUDE}[^/]*\\.cpp$")
  endif()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|main)\\.cpp$")
  set(target spinenet_${name})
  if(NOT sources)
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPENDS PREPEND spinenet_)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} ${ARG_PUBLIC} PRIVATE spinenet_options ${ARG_PRIVATE})
  if(SPINENET_BUILD_TESTS AND tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} spinenet_options ${ARG_PRIVATE} ${ARG_TEST} GTest::gtest_main)
    target_compile_definitions(
      ${target}_test PRIVATE SPINENET_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SPINENET_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
    gtest_discover_tests(${target}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# spinenet_torch_module(NAME): LibTorch's headers are compiled once per program, at::parallel_for (a template) runs in several
# threads, which takes OpenMP, and process groups are used where the headers of Gloo are there.
function(spinenet_torch_module name)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  find_path(SPINENET_GLOO_INCLUDE gloo/context.h)
  foreach(target spinenet_${name} spinenet_${name}_test)
    if(NOT TARGET ${target})
      continue()
    endif()
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
    target_precompile_headers(${target} PRIVATE <torch/types.h> <torch/csrc/autograd/custom_function.h>)
    if(SPINENET_GLOO_INCLUDE)
      target_compile_definitions(${target} PRIVATE USE_C10D_GLOO)
    endif()
  endforeach()
endfunction()
