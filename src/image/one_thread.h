// OpenCV without threads of its own: the callers here are already parallel, more threads would only contend.
//
// Thread contract: may be called from several threads; the setting holds for the whole process.
#pragma once

namespace spinenet::image {

// Call before an OpenCV function that may split its work.
void keep_opencv_in_one_thread();

}  // namespace spinenet::image
