# spinenet_module(NAME DEPENDS module... PUBLIC libs... PRIVATE libs... EXCLUDE folder HEADER target APART)
#
# Makes the static library spinenet_NAME of every .cpp beside src/NAME, and, with tests on, one test program
# spinenet_NAME_test of every *_test.cpp. DEPENDS names modules of lower levels; scripts/check_includes reads the same
# lines. PRIVATE libraries are seen by the module's own .cpp files alone. HEADER names the owner of the
# module's precompiled header where it is not the common one; APART: each file is always compiled alone.
#
# A program with LibTorch has the property SPINENET_WITH_LIBTORCH: of a library that LibTorch loads, too, it then has
# LibTorch's copy alone. SPINENET_LIBTORCH_SHARES (SpinenetTorch.cmake): whether it loads any.
#
# A folder of a module may be a module with a line of its own, OUTER/INNER, below that of the outer one, which names the
# folder in EXCLUDE.
add_library(spinenet_options INTERFACE)
include(SpinenetHardening)
target_link_libraries(spinenet_options INTERFACE spinenet_hardening)
target_compile_options(spinenet_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror)
# The compiler fuses products and sums where the processor that it compiles for can: of x86-64 only in functions of the kernels
# that are compiled for AVX2 and more. Elsewhere it would do so everywhere, and anchors, boxes and scores would not be the same
# numbers.
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  target_compile_options(spinenet_options INTERFACE -ffp-contract=off)
endif()
if(SPINENET_SANITIZE)
  target_compile_options(spinenet_options INTERFACE -fsanitize=${SPINENET_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(spinenet_options INTERFACE -fsanitize=${SPINENET_SANITIZE})
endif()

# What nearly every file includes, compiled once: one header for modules, one for their tests. Tests are compiled with
# little optimisation, since they spend their time in the modules (g++ 12 then warns about bounds of its own strings).
set(SPINENET_COMMON_HEADERS <algorithm> <filesystem> <functional> <map> <memory> <optional> <ranges> <span> <string>
                            <variant> <vector> <fmt/format.h> <fmt/ranges.h> <nlohmann/json.hpp>)
set(SPINENET_TEST_OPTIONS "$<$<CONFIG:Release>:-O1;-Wno-array-bounds;-Wno-stringop-overflow>")
function(spinenet_common_header target)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp CONTENT "// Owns the precompiled header.\n" @ONLY)
  add_library(${target} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp)
  target_link_libraries(${target} PRIVATE spinenet_options fmt::fmt nlohmann_json::nlohmann_json Threads::Threads)
  target_precompile_headers(${target} PRIVATE ${SPINENET_COMMON_HEADERS} ${ARGN})
endfunction()

# Several files of a module are compiled together where the whole tree is built at once: half the processor time. While a
# module is worked on, one file at a time is faster. Names in anonymous namespaces are therefore unique within a module.
option(SPINENET_UNITY "Compile several files of a module together" OFF)
# g++ 12 follows values through what it inlines, and takes what it lost for a fault of strings and vectors (its bugs 105329 and
# 105651). The more of a module lies in one unit, or is watched by sanitizers, the more often; builds of single files have these
# warnings on.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND (SPINENET_UNITY OR SPINENET_SANITIZE))
  target_compile_options(spinenet_options INTERFACE -Wno-array-bounds -Wno-free-nonheap-object -Wno-maybe-uninitialized
                                                   -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()
function(spinenet_compile_together target)
  if(SPINENET_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  endif()
endfunction()

# spinenet_compile_quickly(TARGET [HEADER]): a program of tests or a benchmark, with the precompiled header that HEADER owns
# or else that of tests.
function(spinenet_compile_quickly target)
  spinenet_compile_together(${target})
  # As the headers are compiled.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(ARGN)
    target_precompile_headers(${target} REUSE_FROM ${ARGN})
  else()
    target_compile_options(${target} PRIVATE ${SPINENET_TEST_OPTIONS})
    target_precompile_headers(${target} REUSE_FROM spinenet_test_header)
  endif()
endfunction()

function(spinenet_module name)
  cmake_parse_arguments(ARG "APART" "EXCLUDE;HEADER" "DEPENDS;PUBLIC;PRIVATE;TEST" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/${name}/${ARG_EXCLUDE}/")
  endif()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|main)\\.cpp$")
  string(REPLACE "/" "_" target spinenet_${name})
  if(NOT sources)
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} STATIC ${sources})
  if(NOT ARG_APART)
    spinenet_compile_together(${target})
  endif()
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  if(ARG_HEADER)
    target_precompile_headers(${target} REUSE_FROM ${ARG_HEADER})
  else()
    target_precompile_headers(${target} REUSE_FROM spinenet_module_header)
  endif()
  list(TRANSFORM ARG_DEPENDS PREPEND spinenet_)
  target_link_libraries(${target} PUBLIC ${ARG_DEPENDS} ${ARG_PUBLIC} PRIVATE spinenet_options ${ARG_PRIVATE})
  if(SPINENET_BUILD_TESTS AND tests)
    add_executable(${target}_test ${tests})
    spinenet_compile_quickly(${target}_test ${ARG_HEADER})
    if(ARG_HEADER STREQUAL "spinenet_torch_header")
      set_target_properties(${target}_test PROPERTIES SPINENET_WITH_LIBTORCH ${SPINENET_LIBTORCH_SHARES})
    endif()
    target_link_libraries(${target}_test PRIVATE ${target} spinenet_options ${ARG_PRIVATE} ${ARG_TEST} GTest::gtest_main)
    target_compile_definitions(
      ${target}_test PRIVATE SPINENET_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             SPINENET_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
    gtest_discover_tests(${target}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${SPINENET_TEST_TIMEOUT})
  endif()
endfunction()

# What modules over LibTorch and their tests have instead: its headers too, at::parallel_for (a template) in several threads,
# which takes OpenMP, and process groups where the headers of Gloo are there.
function(spinenet_torch_header target)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  find_path(SPINENET_GLOO_INCLUDE gloo/context.h)
  spinenet_common_header(${target} <torch/types.h> <torch/csrc/autograd/custom_function.h> ${ARGN})
  add_library(spinenet_torch INTERFACE)
  target_link_libraries(spinenet_torch INTERFACE ${TORCH_LIBRARIES})
  if(SPINENET_LIBTORCH_GOMP)  # LibTorch brings one: a process has one library of threads
    separate_arguments(flags UNIX_COMMAND "${OpenMP_CXX_FLAGS}")
    target_compile_options(spinenet_torch INTERFACE ${flags})
    target_link_libraries(spinenet_torch INTERFACE ${SPINENET_LIBTORCH_GOMP})
  else()
    target_link_libraries(spinenet_torch INTERFACE OpenMP::OpenMP_CXX)
  endif()
  if(SPINENET_GLOO_INCLUDE)
    target_compile_definitions(spinenet_torch INTERFACE USE_C10D_GLOO)
  endif()
  target_link_libraries(${target} PRIVATE spinenet_torch)
endfunction()
