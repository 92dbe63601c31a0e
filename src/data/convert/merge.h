// `data merge`: several COCO files as one. Entries stay as they are, unknown keys included, but for ids that collide.
//
// Thread contract: all functions may be called from any thread on different outputs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/output.h"

namespace spinenet::data {

struct MergeOptions {
  bool by_name = false;  // categories of one name are one; else id and name must agree
  bool prefix = false;   // the name of every image is preceded by that of its file without suffix, and a slash
};

struct MergeReport {
  int64_t files = 0, images = 0, annotations = 0, categories = 0, licenses = 0;
  int64_t images_renumbered = 0, annotations_renumbered = 0, categories_renumbered = 0, licenses_renumbered = 0;
  std::map<std::string, int64_t> left_out;  // keys of later files that an earlier one has with another value
  std::map<std::string, int64_t> notes;     // what else is to be known of the joined file, by kind
};

// ErrorKind::bad_data for files that cannot be read, for categories that disagree, and for images of one name in two
// files (unless a prefix tells them apart).
MergeReport merge_coco(const std::vector<std::filesystem::path>& files, const Output& output,
                       const MergeOptions& options);
Json to_json(const MergeReport& report);

}  // namespace spinenet::data
