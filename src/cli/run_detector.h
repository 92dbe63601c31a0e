// A detector over the pictures of an annotation file, and its detections as results with the ids of the files.
//
// Thread contract: free functions; pictures are read by threads of their own.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/progress.h"
#include "detect/annotations.h"
#include "formats/model_file.h"
#include "runtime/object_finder.h"

namespace spinenet::cli {

struct RunDetectorOptions {
  std::vector<formats::ModelClass> classes;
  int batch = 1;
  int threads = 1;
  ProgressOptions progress;
};

// In the order of the file. ErrorKind::bad_data or io naming the first picture that cannot be read.
std::vector<detect::Result> detect_images_of(const detect::Annotations& annotations,
                                             const std::filesystem::path& folder, const runtime::ObjectFinder& find,
                                             const RunDetectorOptions& options);

}  // namespace spinenet::cli
