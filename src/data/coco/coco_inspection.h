// One full look at the tree of a COCO file: the report, and with it how to repair the entries. What check_coco and
// fix_coco share.
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "data/coco/coco_check.h"
#include "data/coco/coco_repair.h"

namespace spinenet::data {

class CocoDocument;

struct Inspection {
  CheckReport report;
  std::unordered_map<int64_t, AnnotationRepair> annotations;  // by position in the file
  std::unordered_map<int64_t, CategoryRepair> categories;     // by position in the file
  std::unordered_map<int64_t, image::ImageSize> image_sizes;  // by position in the file
};

// Of a sound document; `log` may hold findings about the file already.
Inspection inspect_coco(const CocoDocument& document, const std::filesystem::path& image_dir,
                        const CheckOptions& options, FindingLog& log);

}  // namespace spinenet::data
