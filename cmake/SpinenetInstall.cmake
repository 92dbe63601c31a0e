# What an install has and how it becomes packages: the program with its manual pages and completion scripts and the
# shared library (component runtime), the program
# with LibTorch that it starts (component train, in libexec/spinenet), headers, CMake package and pkg-config file
# (component dev). Each component has the licences with it, and, where Python is there, a bill of materials (SPDX 2.3,
# scripts/make_sbom), which is written from what was installed.
#
#   cmake --install BUILD --prefix DIR
#   cpack --config BUILD/CPackConfig.cmake        # spinenet_*.deb, spinenet-train_*.deb and libspinenet-dev_*.deb
include(CMakePackageConfigHelpers)

install(TARGETS spinenet RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
if(SPINENET_BUILD_TRAIN)
  install(TARGETS spinenet-train RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/spinenet COMPONENT train)
endif()
# Manual pages and completion, in share/ as SPINENET_MANUAL_DIR has them; only pages may have another place.
install(DIRECTORY ${SPINENET_MANUAL_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT runtime OPTIONAL)
foreach(folder bash-completion zsh fish)
  install(DIRECTORY ${SPINENET_MANUAL_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT runtime OPTIONAL)
endforeach()
install(TARGETS spinenet_shared EXPORT spinenetTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spinenet DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

set(SPINENET_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/spinenet)
install(EXPORT spinenetTargets NAMESPACE spinenet:: DESTINATION ${SPINENET_CMAKE_DIR} COMPONENT dev)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/spinenetConfig.cmake.in spinenetConfig.cmake
                              INSTALL_DESTINATION ${SPINENET_CMAKE_DIR})
write_basic_package_version_file(spinenetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/spinenetConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/spinenetConfigVersion.cmake
        DESTINATION ${SPINENET_CMAKE_DIR} COMPONENT dev)

# The file finds its own prefix, so that an install may be moved.
set(SPINENET_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH SPINENET_PC_TO_PREFIX /prefix/${SPINENET_PC_DIR} /prefix)
string(REGEX REPLACE "/$" "" SPINENET_PC_TO_PREFIX "${SPINENET_PC_TO_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/spinenet.pc.in spinenet.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/spinenet.pc DESTINATION ${SPINENET_PC_DIR} COMPONENT dev)

# spinenet_documents(COMPONENT PACKAGE pattern...): the licences, and the bill of materials of the files that the patterns
# name below the prefix. Archives and headers whose code is in the programs, and libraries that are loaded when they are
# needed, cannot be seen in the programs.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(STATUS "No Python 3: what is installed has no bill of materials")
endif()
set(SPINENET_COMPILED_IN "")
foreach(header nlohmann/json.hpp CLI/CLI.hpp spdlog/spdlog.h hwy/highway.h)
  string(MAKE_C_IDENTIFIER "SPINENET_HEADER_${header}" variable)
  find_file(${variable} ${header})
  if(${variable})
    list(APPEND SPINENET_COMPILED_IN ${${variable}})
  else()
    message(STATUS "No ${header} found: the bills of materials leave it out")
  endif()
endforeach()
if(SPINENET_STATIC_OPENCV)
  list(APPEND SPINENET_COMPILED_IN ${SPINENET_OPENCV_STATIC_core} ${SPINENET_OPENCV_STATIC_imgproc})
endif()
find_library(SPINENET_LIBPQ pq)
file(GLOB SPINENET_LIBPQ_RUNTIME ${SPINENET_LIBPQ}.5)

function(spinenet_documents component package)
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${package})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/THIRD_PARTY.md DESTINATION ${folder}
          COMPONENT ${component})
  if(NOT Python3_FOUND)
    return()
  endif()
  set(arguments "")
  if(NOT component STREQUAL "dev")
    foreach(file ${SPINENET_COMPILED_IN})
      string(APPEND arguments " --compiled-in \"${file}\"")
    endforeach()
    foreach(file ${SPINENET_LIBPQ_RUNTIME})
      string(APPEND arguments " --optional \"${file}\"")
    endforeach()
  endif()
  foreach(pattern ${ARGN})
    string(APPEND arguments " \"${pattern}\"")
  endforeach()
  install(
    CODE "set(prefix \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}\")
          execute_process(COMMAND \"${Python3_EXECUTABLE}\" \"${PROJECT_SOURCE_DIR}/scripts/make_sbom\" --name ${package}
                          --version ${PROJECT_VERSION} --prefix \"\${prefix}\"
                          --out \"\${prefix}/${folder}/${package}.spdx.json\" ${arguments} COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT ${component})
endfunction()
spinenet_documents(runtime spinenet ${CMAKE_INSTALL_BINDIR}/spinenet ${CMAKE_INSTALL_LIBDIR}/libspinenet.so.*
                   ${CMAKE_INSTALL_MANDIR}/man1/spinenet*.1 ${CMAKE_INSTALL_DATADIR}/bash-completion/completions/spinenet
                   ${CMAKE_INSTALL_DATADIR}/zsh/site-functions/_spinenet
                   ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d/spinenet.fish)
if(SPINENET_BUILD_TRAIN)
  spinenet_documents(train spinenet-train ${CMAKE_INSTALL_LIBEXECDIR}/spinenet/spinenet-train)
endif()
spinenet_documents(dev libspinenet-dev ${CMAKE_INSTALL_INCLUDEDIR}/spinenet/* ${SPINENET_CMAKE_DIR}/*
                   ${SPINENET_PC_DIR}/spinenet.pc)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR spinenet)
set(CPACK_PACKAGE_CONTACT "The authors of spinenet <spinenet@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Object detection, segmentation and classification with SpineNet on the CPU")
set(CPACK_COMPONENTS_ALL runtime dev)
if(SPINENET_BUILD_TRAIN)
  list(APPEND CPACK_COMPONENTS_ALL train)
endif()
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME spinenet)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
# Loaded by those who keep a study in PostgreSQL (src/search/store/libpq.h).
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS libpq5)
set(CPACK_DEBIAN_TRAIN_PACKAGE_NAME spinenet-train)
set(CPACK_DEBIAN_TRAIN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_TRAIN_PACKAGE_DEPENDS "spinenet (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libspinenet-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "spinenet (= ${PROJECT_VERSION})")
include(CPack)
