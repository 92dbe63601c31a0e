# Toolchain file of the preset aarch64: Debian's cross compiler for 64-bit ARM (Raspberry Pi 4 and 5, Graviton), against the
# packages of that architecture in build/aarch64-root, where `scripts/setup --cross aarch64` has unpacked them. They lie
# in a folder of their own because libsimdjson-dev and libpq-dev cannot be installed for two architectures at once.
# Programs run under QEMU's user emulation, which takes the loader and libraries from the same folder.
#
# SPINENET_AARCH64_ROOT names another folder: the file system of a Raspberry Pi, say, with the same packages installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(SPINENET_AARCH64_ROOT ${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-root CACHE PATH
    "The root folder with the headers and libraries for aarch64")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SPINENET_AARCH64_ROOT)
get_filename_component(CMAKE_SYSROOT ${SPINENET_AARCH64_ROOT} ABSOLUTE)
if(NOT EXISTS ${CMAKE_SYSROOT}/usr/include)
  message(FATAL_ERROR "${CMAKE_SYSROOT} has no packages for aarch64: run scripts/setup --cross aarch64")
endif()

# The compiler tells that g++ 10 changed how some pairs are passed. All here is of one compiler.
set(CMAKE_CXX_FLAGS_INIT -Wno-psabi)

# Programs of this machine, all else of the other one.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_PATH} "")

find_program(SPINENET_QEMU_AARCH64 NAMES qemu-aarch64-static qemu-aarch64)
if(SPINENET_QEMU_AARCH64)
  # The processor of a Raspberry Pi 4, the least of those named above.
  set(CMAKE_CROSSCOMPILING_EMULATOR ${SPINENET_QEMU_AARCH64} -cpu cortex-a72 -L ${CMAKE_SYSROOT})
endif()
