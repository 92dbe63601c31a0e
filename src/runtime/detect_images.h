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

// The classes of the model must be those of the annotations, or their ids would mean something else:
// ErrorKind::bad_data otherwise.
void check_classes(const Model& model, const detect::Annotations& annotations);

// What was found in one image, behind the results of others.
void append_results(std::span<const detect::Detection> found, int64_t image_id,
                    std::span<const formats::ModelClass> classes, std::vector<detect::Result>& results);

// In the order of the file. ErrorKind::bad_data or io naming the first image that cannot be read.
std::vector<detect::Result> detect_images_of(const detect::Annotations& annotations,
                                             const std::filesystem::path& folder, const DetectFunction& detect,
                                             const DetectImagesOptions& options);

}  // namespace spinenet::runtime
