# Gives the target spinenet_opencv: OpenCV's core and imgproc. Debian keeps OpenCVConfig.cmake in libopencv-dev, which
# brings all of OpenCV; the headers and libraries of the two modules alone are enough here.
#
# With SPINENET_STATIC_OPENCV (on where there are archives) they are linked: what is installed then holds the few functions
# that it calls, where Debian's shared library brings OpenGL, X11 and OpenBLAS with its threads, which are 190 MB more and
# a third of the time in which `spinenet` starts. OpenCV's own use of OpenGL is never called here; the three symbols
# that it asks for are set to nothing. A program with LibTorch (the property SPINENET_WITH_LIBTORCH, see
# SpinenetModule.cmake) has the shared library: LibTorch of Debian loads it anyway.
find_path(SPINENET_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
set(archives_found ON)
foreach(module core imgproc)
  find_library(SPINENET_OPENCV_STATIC_${module} libopencv_${module}.a)
  find_library(SPINENET_OPENCV_${module} NAMES libopencv_${module}.so opencv_${module})
  if(NOT SPINENET_OPENCV_STATIC_${module})
    set(archives_found OFF)
  endif()
endforeach()
option(SPINENET_STATIC_OPENCV "Link OpenCV's archives" ${archives_found})
if(SPINENET_STATIC_OPENCV AND NOT archives_found)
  message(FATAL_ERROR "SPINENET_STATIC_OPENCV: there are no libopencv_core.a and libopencv_imgproc.a (Debian: "
                      "libopencv-core-dev, libopencv-imgproc-dev); install them, or set it OFF")
endif()

add_library(spinenet_opencv_shared INTERFACE)
add_library(spinenet_opencv_archives INTERFACE)
target_link_libraries(spinenet_opencv_shared INTERFACE ${SPINENET_OPENCV_imgproc} ${SPINENET_OPENCV_core})
if(SPINENET_STATIC_OPENCV)
  find_library(SPINENET_TBB tbb REQUIRED)
  target_link_libraries(
    spinenet_opencv_archives INTERFACE ${SPINENET_OPENCV_STATIC_imgproc} ${SPINENET_OPENCV_STATIC_core} ${SPINENET_TBB}
                                       ZLIB::ZLIB ${CMAKE_DL_LIBS} -Wl,--gc-sections)
  foreach(symbol glXGetProcAddressARB glXGetCurrentContext glXGetCurrentDisplay)
    target_link_libraries(spinenet_opencv_archives INTERFACE -Wl,--defsym=${symbol}=0)
  endforeach()
else()
  target_link_libraries(spinenet_opencv_archives INTERFACE spinenet_opencv_shared)
endif()

add_library(spinenet_opencv INTERFACE)
target_include_directories(spinenet_opencv SYSTEM INTERFACE ${SPINENET_OPENCV_INCLUDE})
target_link_libraries(
  spinenet_opencv
  INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:SPINENET_WITH_LIBTORCH>>,spinenet_opencv_shared,spinenet_opencv_archives>)
