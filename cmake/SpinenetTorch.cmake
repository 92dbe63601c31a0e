# LibTorch, as SPINENET_TORCH says. Sets TORCH_LIBRARIES, TORCH_INSTALL_PREFIX, SPINENET_LIBTORCH_SHARES (whether it loads
# libraries that we link, too) and SPINENET_LIBTORCH_GOMP (the library of OpenMP that it brings, or nothing).
#
#   (empty)  find_package(Torch): Debian's libtorch-dev, or one of CMAKE_PREFIX_PATH
#   pip      the folder that scripts/setup --torch wrote into build/libtorch, or that the environment variable
#            SPINENET_LIBTORCH names, which goes first
#   a path   a folder with LibTorch's include and lib: that of the Python package torch, or an unpacked LibTorch
#
# PyPI's x86-64 LibTorch is built for CUDA, and its TorchConfig.cmake asks for the whole CUDA toolkit, compiler included, of
# which nothing is needed here. So with `pip` and a path it is not asked: the target spinenet_libtorch has LibTorch's headers and
# its two libraries for the processor, libtorch_cpu and libc10. The part for GPUs, libtorch_cuda, is loaded at run time where
# a GPU is asked for (src/nn/gpu_library.cpp): one program then runs with and without CUDA's libraries.
#
# SPINENET_TORCH_CUDA links libtorch_cuda, too, and makes process groups of NCCL. That takes the headers of CUDA's runtime and
# of NCCL, which lie in the nvidia folder beside PyPI's torch, but no compiler of CUDA.
set(SPINENET_TORCH "" CACHE STRING "LibTorch: empty for the system's, pip for that of scripts/setup --torch, or its folder")
option(SPINENET_TORCH_CUDA "Link LibTorch's library for GPUs, with NCCL" OFF)

if(NOT SPINENET_TORCH)
  if(SPINENET_TORCH_CUDA)
    message(FATAL_ERROR "SPINENET_TORCH_CUDA: set SPINENET_TORCH, too, to pip or to LibTorch's folder")
  endif()
  find_package(Torch REQUIRED)
  foreach(name torch torch_library torch_cpu torch_cpu_library c10 caffe2_protos)  # benchmarks link it, too
    if(TARGET ${name})
      set_target_properties(${name} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endforeach()
  set(SPINENET_LIBTORCH_SHARES ON)
  return()
endif()

set(TORCH_INSTALL_PREFIX "${SPINENET_TORCH}")
if(SPINENET_TORCH STREQUAL "pip")
  set(written ${PROJECT_SOURCE_DIR}/build/libtorch)
  set(TORCH_INSTALL_PREFIX "$ENV{SPINENET_LIBTORCH}")
  if(NOT TORCH_INSTALL_PREFIX AND EXISTS ${written})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${written})
    file(STRINGS ${written} TORCH_INSTALL_PREFIX LIMIT_COUNT 1)
  endif()
  if(NOT TORCH_INSTALL_PREFIX)
    message(FATAL_ERROR "SPINENET_TORCH is pip, but no LibTorch was set up: run scripts/setup --torch pip, or set the "
                        "environment variable SPINENET_LIBTORCH to LibTorch's folder")
  endif()
endif()

set(libraries "")
foreach(name torch_cpu c10)
  list(APPEND libraries ${TORCH_INSTALL_PREFIX}/lib/lib${name}.so)
endforeach()
if(SPINENET_TORCH_CUDA)
  foreach(name torch_cuda c10_cuda)
    list(APPEND libraries ${TORCH_INSTALL_PREFIX}/lib/lib${name}.so)
  endforeach()
endif()
foreach(file ${libraries} ${TORCH_INSTALL_PREFIX}/include/ATen/ATen.h)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "There is no ${file}: is ${TORCH_INSTALL_PREFIX} a folder of LibTorch?")
  endif()
endforeach()

# LibTorch before 2.6 came from PyPI with the C++ ABI of before 2011, in which no other library here is built.
file(STRINGS ${TORCH_INSTALL_PREFIX}/lib/libc10.so new_abi REGEX "__cxx11" LIMIT_COUNT 1)
if(NOT new_abi)
  message(FATAL_ERROR "${TORCH_INSTALL_PREFIX} is built with the C++ ABI of before 2011 (_GLIBCXX_USE_CXX11_ABI=0): take "
                      "PyTorch 2.7 or later")
endif()

# What else it loads. Debian's shares OpenCV and protobuf with us (see SPINENET_WITH_LIBTORCH), PyPI's has its own within.
execute_process(COMMAND ${CMAKE_READELF} -d ${TORCH_INSTALL_PREFIX}/lib/libtorch_cpu.so OUTPUT_VARIABLE loaded)
set(SPINENET_LIBTORCH_SHARES OFF)
if(loaded MATCHES "NEEDED[^\n]*libprotobuf\\.so")
  set(SPINENET_LIBTORCH_SHARES ON)
endif()

file(GLOB SPINENET_LIBTORCH_GOMP ${TORCH_INSTALL_PREFIX}/lib/libgomp*.so*)
if(SPINENET_LIBTORCH_GOMP)
  list(GET SPINENET_LIBTORCH_GOMP 0 SPINENET_LIBTORCH_GOMP)
endif()

# The nvidia folder of the CUDA wheels: nvidia/cu13/include and the like, by the version of CUDA.
get_filename_component(site_packages ${TORCH_INSTALL_PREFIX} DIRECTORY)
if(loaded MATCHES "NEEDED[^\n]*\\[(libcudart\\.so[^]\n]*)")
  set(cudart ${CMAKE_MATCH_1})
  file(GLOB found ${site_packages}/nvidia/*/lib/${cudart} ${TORCH_INSTALL_PREFIX}/lib/${cudart})
  find_library(SPINENET_CUDART ${cudart})
  if(NOT found AND NOT SPINENET_CUDART)
    message(FATAL_ERROR "${TORCH_INSTALL_PREFIX} loads ${cudart}, which is not there: install PyPI's torch with what it depends "
                        "on (scripts/setup --torch pip does)")
  endif()
endif()

# PyPI's include has fmt, protobuf and others of LibTorch's own versions, whose libraries are not there; ours are found in the
# system. So LibTorch's own folders alone are seen.
set(SPINENET_LIBTORCH_INCLUDE ${PROJECT_BINARY_DIR}/libtorch)
file(REMOVE_RECURSE ${SPINENET_LIBTORCH_INCLUDE})
file(MAKE_DIRECTORY ${SPINENET_LIBTORCH_INCLUDE})
foreach(folder ATen c10 caffe2 torch)
  if(EXISTS ${TORCH_INSTALL_PREFIX}/include/${folder})
    file(CREATE_LINK ${TORCH_INSTALL_PREFIX}/include/${folder} ${SPINENET_LIBTORCH_INCLUDE}/${folder} SYMBOLIC)
  endif()
endforeach()

add_library(spinenet_libtorch INTERFACE IMPORTED GLOBAL)
set(includes ${SPINENET_LIBTORCH_INCLUDE} ${SPINENET_LIBTORCH_INCLUDE}/torch/csrc/api/include)
set(definitions USE_DISTRIBUTED)
if(SPINENET_TORCH_CUDA)
  find_path(SPINENET_CUDA_INCLUDE cuda_runtime_api.h HINTS ${site_packages}/nvidia/cu13/include
            ${site_packages}/nvidia/cu12/include ${site_packages}/nvidia/cuda_runtime/include REQUIRED)
  find_path(SPINENET_NCCL_INCLUDE nccl.h HINTS ${site_packages}/nvidia/nccl/include REQUIRED)
  file(GLOB further ${site_packages}/nvidia/*/include)
  list(APPEND includes ${SPINENET_CUDA_INCLUDE} ${SPINENET_NCCL_INCLUDE} ${further})
  list(APPEND definitions USE_C10D_NCCL)
  list(REMOVE_DUPLICATES includes)
endif()
set_target_properties(
  spinenet_libtorch PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${includes}" INTERFACE_LINK_LIBRARIES "${libraries}"
                               INTERFACE_COMPILE_DEFINITIONS "${definitions}")
set(TORCH_LIBRARIES spinenet_libtorch)
# Where it is, for programs that are installed: there is no system folder that has it.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
message(STATUS "LibTorch: ${TORCH_INSTALL_PREFIX}")
