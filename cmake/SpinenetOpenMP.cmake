# spinenet_find_openmp_sharing(RESULT): ON where the parallel regions of LibTorch's library can be shared by threads that take
# their parts as they come (src/nn/openmp_regions.cpp): it calls libgomp for its regions and has none with barriers, whose
# parts must run at the same time. Debian's is such a library; PyPI's holds oneDNN, whose regions have barriers.
find_program(SPINENET_NM NAMES nm)
function(spinenet_find_openmp_sharing result)
  set(${result} OFF PARENT_SCOPE)
  find_library(SPINENET_TORCH_CPU torch_cpu HINTS ${TORCH_INSTALL_PREFIX}/lib)
  if(NOT SPINENET_NM OR NOT SPINENET_TORCH_CPU)
    return()
  endif()
  execute_process(COMMAND ${SPINENET_NM} -D --undefined-only ${SPINENET_TORCH_CPU} OUTPUT_VARIABLE symbols ERROR_QUIET)
  if(symbols MATCHES "GOMP_parallel@" AND NOT symbols MATCHES "GOMP_barrier@")
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()
