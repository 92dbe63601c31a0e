#include "image/one_thread.h"

#include <mutex>

#include <opencv2/core/utility.hpp>

namespace spinenet::image {

void keep_opencv_in_one_thread() {
  static std::once_flag once;
  std::call_once(once, [] { cv::setNumThreads(1); });
}

}  // namespace spinenet::image
