# What an install has and how it becomes packages: the program and the shared library (component runtime), the program
# with LibTorch that it starts (component train, in libexec/spinenet), headers, CMake package and pkg-config file
# (component dev).
#
#   cmake --install BUILD --prefix DIR
#   cpack --config BUILD/CPackConfig.cmake        # spinenet_*.deb, spinenet-train_*.deb and libspinenet-dev_*.deb
include(CMakePackageConfigHelpers)

install(TARGETS spinenet RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
if(SPINENET_BUILD_TRAIN)
  install(TARGETS spinenet-train RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/spinenet COMPONENT train)
endif()
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
