#include "runtime/image_ids.h"

#include <filesystem>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "data/coco/coco.h"

namespace spinenet::runtime {
namespace {

// So that ./a.jpg is a.jpg, as it is where an image is looked for by its name.
std::string plain(const std::string& file_name) {
  return std::filesystem::path(file_name).lexically_normal().generic_string();
}

}  // namespace

ImageIds::ImageIds(const std::string& annotations) : given_(!annotations.empty()) {
  if (!given_) return;
  data::CocoReadOptions read;
  read.segmentations = false;
  const detect::Annotations found = data::read_coco(annotations, read);
  for (const detect::ImageInfo& image : found.images) ids_[plain(image.file_name)] = image.id;
}

std::optional<int64_t> ImageIds::next_id(const std::string& given_name) {
  ++count_;
  if (!given_) return count_;
  const std::string file_name = plain(given_name);
  // The longest end of the path that the annotations know: a/b/c.jpg, b/c.jpg, c.jpg.
  for (size_t at = 0; at != std::string::npos; at = file_name.find('/', at)) {
    at += at > 0 || file_name.starts_with('/') ? 1 : 0;
    const auto it = ids_.find(file_name.substr(at));
    if (it != ids_.end()) return it->second;
  }
  return std::nullopt;
}

std::vector<NumberedImage> numbered(std::span<const std::string> files, const std::string& annotations) {
  ImageIds ids(annotations);
  std::vector<NumberedImage> images;
  std::string first_unlisted;
  size_t unlisted = 0;
  for (const std::string& file : files) {
    if (const std::optional<int64_t> id = ids.next_id(file)) {
      images.push_back({file, *id});
    } else if (unlisted++ == 0) {
      first_unlisted = printable(file);
    }
  }
  if (images.empty() && unlisted > 0) {
    fail(ErrorKind::bad_data, fmt::format("lists none of the {} images, such as {}", unlisted, first_unlisted),
         annotations, "predict images that it lists, or leave --annotations out");
  }
  if (unlisted > 0) {
    log_warning(fmt::format("{}: {} of {} images are not listed and passed over, such as {}", annotations, unlisted,
                            files.size(), first_unlisted));
  }
  return images;
}

}  // namespace spinenet::runtime
