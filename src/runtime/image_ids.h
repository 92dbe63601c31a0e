// The ids that predictions give their images: those of an annotation file, by file name, else 1, 2, 3, ...
//
// Thread contract: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spinenet::runtime {

class ImageIds {
 public:
  // `annotations`: COCO JSON; "": ids are counted.
  explicit ImageIds(const std::string& annotations);

  // Of the next image; nothing when there are annotations and they do not list it.
  std::optional<int64_t> next_id(const std::string& file_name);

 private:
  std::map<std::string, int64_t> ids_;
  bool given_ = false;
  int64_t count_ = 0;
};

struct NumberedImage {
  std::string file_name;
  int64_t id = 0;
};

// Each of these images with its id. Those that the annotations do not list are left out, which a warning counts;
// ErrorKind::bad_data where that leaves none.
std::vector<NumberedImage> numbered(std::span<const std::string> files, const std::string& annotations);

}  // namespace spinenet::runtime
