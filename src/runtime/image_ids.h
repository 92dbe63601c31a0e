// The ids that predictions give their images: those of an annotation file, by file name, else 1, 2, 3, ...
//
// Thread contract: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace spinenet::runtime {

class ImageIds {
 public:
  // `annotations`: COCO JSON; "": ids are counted.
  explicit ImageIds(const std::string& annotations);

  // Of the next image. ErrorKind::bad_data when the annotations do not have it.
  int64_t id_of(const std::string& file_name);

 private:
  std::map<std::string, int64_t> ids_;
  bool given_ = false;
  int64_t count_ = 0;
};

}  // namespace spinenet::runtime
