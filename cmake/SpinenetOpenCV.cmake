# Gives the targets opencv_core and opencv_imgproc. Debian keeps OpenCVConfig.cmake in libopencv-dev, which brings all of
# OpenCV; the headers and libraries of the two modules alone are enough here.
#
# With SPINENET_STATIC_OPENCV the archives are linked: what is installed then holds the few functions that it calls,
# where Debian's package of the shared library brings OpenGL with its drivers and their compiler, 190 MB. OpenCV's own
# use of OpenGL is never called here; the three symbols that it asks for are set to nothing.
option(SPINENET_STATIC_OPENCV "Link OpenCV's archives" OFF)

function(spinenet_opencv_module module library)
  add_library(opencv_${module} UNKNOWN IMPORTED)
  set_target_properties(opencv_${module} PROPERTIES IMPORTED_LOCATION ${library}
                                                    INTERFACE_INCLUDE_DIRECTORIES ${SPINENET_OPENCV_INCLUDE})
endfunction()

if(NOT SPINENET_STATIC_OPENCV)
  find_package(OpenCV QUIET COMPONENTS core imgproc)
endif()
if(NOT OpenCV_FOUND)
  find_path(SPINENET_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
  foreach(module core imgproc)
    if(SPINENET_STATIC_OPENCV)
      find_library(SPINENET_OPENCV_STATIC_${module} libopencv_${module}.a REQUIRED)
      spinenet_opencv_module(${module} ${SPINENET_OPENCV_STATIC_${module}})
    else()
      find_library(SPINENET_OPENCV_${module} opencv_${module} REQUIRED)
      spinenet_opencv_module(${module} ${SPINENET_OPENCV_${module}})
    endif()
  endforeach()
  target_link_libraries(opencv_imgproc INTERFACE opencv_core)
endif()
if(SPINENET_STATIC_OPENCV)
  find_library(SPINENET_TBB tbb REQUIRED)
  target_link_libraries(opencv_core INTERFACE ${SPINENET_TBB} ZLIB::ZLIB ${CMAKE_DL_LIBS} -Wl,--gc-sections)
  foreach(symbol glXGetProcAddressARB glXGetCurrentContext glXGetCurrentDisplay)
    target_link_libraries(opencv_core INTERFACE -Wl,--defsym=${symbol}=0)
  endforeach()
endif()
