// A detector over the images of an annotation file, and its detections as COCO results with the ids of that file.
//
// Thread contract: free functions; images are read by threads of their own.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/progress.h"
#include "detect/annotations.h"
#include "formats/model_file.h"
#include "runtime/detect_function.h"

namespace spinenet::runtime {

struct DetectImagesOptions {
  std::vector<formats::ModelClass> classes;
  int batch = 1;
  int threads = 1;
  ProgressOptions progress;
};

// In the order of the file. ErrorKind::bad_data or io naming the first image that cannot be read.
std::vector<detect::Result> detect_images_of(const detect::Annotations& annotations,
                                             const std::filesystem::path& folder, const DetectFunction& detect,
                                             const DetectImagesOptions& options);

}  // namespace spinenet::runtime
