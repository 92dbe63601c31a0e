# Gives the targets opencv_core and opencv_imgproc. Debian keeps OpenCVConfig.cmake in libopencv-dev, which brings all of
# OpenCV; the headers and libraries of the two modules alone are enough here.
find_package(OpenCV QUIET COMPONENTS core imgproc)
if(NOT OpenCV_FOUND)
  find_path(SPINENET_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
  foreach(module core imgproc)
    find_library(SPINENET_OPENCV_${module} opencv_${module} REQUIRED)
    add_library(opencv_${module} UNKNOWN IMPORTED)
    set_target_properties(opencv_${module} PROPERTIES
      IMPORTED_LOCATION ${SPINENET_OPENCV_${module}}
      INTERFACE_INCLUDE_DIRECTORIES ${SPINENET_OPENCV_INCLUDE})
  endforeach()
  target_link_libraries(opencv_imgproc INTERFACE opencv_core)
endif()
