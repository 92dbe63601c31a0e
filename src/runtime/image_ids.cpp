#include "runtime/image_ids.h"

#include "base/error.h"
#include "data/coco/coco.h"

namespace spinenet::runtime {

ImageIds::ImageIds(const std::string& annotations) : given_(!annotations.empty()) {
  if (!given_) return;
  data::CocoReadOptions read;
  read.segmentations = false;
  const detect::Annotations found = data::read_coco(annotations, read);
  for (const detect::ImageInfo& image : found.images) ids_[image.file_name] = image.id;
}

int64_t ImageIds::id_of(const std::string& file_name) {
  ++count_;
  if (!given_) return count_;
  // The longest end of the path that the annotations know: a/b/c.jpg, b/c.jpg, c.jpg.
  for (size_t at = 0; at != std::string::npos; at = file_name.find('/', at)) {
    at += at > 0 || file_name.starts_with('/') ? 1 : 0;
    const auto it = ids_.find(file_name.substr(at));
    if (it != ids_.end()) return it->second;
  }
  fail(ErrorKind::bad_data, "the annotations have no such image", file_name, "predict the images that they name");
}

}  // namespace spinenet::runtime
