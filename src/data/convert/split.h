// `data split`: one COCO file as several, of which each has its share of the images. Entries stay as they are, unknown
// keys included.
//
// Thread contract: all functions may be called from any thread on different folders.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct SplitPart {
  std::string name;
  double share = 0;
};
// "train=0.8,val=0.2". ErrorKind::usage for shares that are not above 0 or do not sum to 1 (to a thousandth), names
// given twice, and names that are not letters, digits, - and _.
std::vector<SplitPart> parse_split_parts(std::string_view text);

struct SplitOptions {
  std::vector<SplitPart> parts;
  uint64_t seed = 1;
  // Images that stay together: "" (each alone), "folder" (of the file name), "name" (group_of in fingerprint.h: frames
  // of a video, Roboflow's copies), "key:KEY" (images with one value of that key), or an extended regular expression of
  // POSIX whose first group counts.
  std::string group_by;
  bool stratify = false;
};

struct SplitClassCount {
  detect::Category category;
  std::vector<int64_t> images, objects;  // of each part
};

struct SplitReport {
  std::vector<SplitPart> parts;
  std::vector<int64_t> images, objects, groups;  // of each part
  std::vector<SplitClassCount> classes;
  int64_t without_group = 0;  // images that the pattern or key says nothing of: each goes alone
};

// Writes annotations/PART.json into a folder that belongs to the program. ErrorKind::bad_data where a part with a share
// would have no image; ErrorKind::usage where the pattern, the key or the folders give no image a group.
SplitReport split_coco(const std::filesystem::path& annotations, const std::filesystem::path& out,
                       const SplitOptions& options);
Json to_json(const SplitReport& report);

}  // namespace spinenet::data
