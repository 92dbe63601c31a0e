# spinenet_hardening: the compiler's and linker's guards against faults of memory, for all that is built here. A program or
# library then has: read-only relocations and no lazy binding, so that no table of functions can be written; code at a
# random address; guards on the stack (strong) and its probes page by page; checked functions of the C library
# (_FORTIFY_SOURCE=2); landing marks for indirect calls (CET, x86). scripts/check_hardening proves it on the binaries.
#
# Off with sanitizers and fuzzers, whose own checks these would hide, and without optimisation, which the checked
# functions need. Debian 12 builds its C library without CET, so the linker does not mark a program as ready for it:
# the instructions are there, and count as soon as all the libraries have them.
option(SPINENET_HARDENING "Build with guards against faults of memory" ON)

add_library(spinenet_hardening INTERFACE)
set(SPINENET_HARDENED OFF)
if(SPINENET_HARDENING AND NOT SPINENET_SANITIZE AND NOT SPINENET_BUILD_FUZZERS)
  set(SPINENET_HARDENED ON)
  set(SPINENET_HARDENING_OPTIONS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
    list(APPEND SPINENET_HARDENING_OPTIONS -fcf-protection=full)
  endif()
  # A build folder may have several configurations (Ninja Multi-Config).
  target_compile_options(spinenet_hardening INTERFACE "$<$<NOT:$<CONFIG:Debug>>:${SPINENET_HARDENING_OPTIONS}>")
  target_link_options(spinenet_hardening INTERFACE LINKER:-z,relro,-z,now,-z,noexecstack
                      $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)
endif()
