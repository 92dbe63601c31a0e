#include "data/convert/set_reading.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/printable.h"
#include "data/coco/coco_root.h"
#include "data/coco/coco_rules.h"
#include "data/convert/set_text.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

constexpr int64_t kMaxSetImageSide = int64_t{1} << 20;

void read_missing_size(SetImage& image, std::string_view place) {
  if (image.file.empty()) {
    fail(ErrorKind::bad_data, fmt::format("the size of {} is not given", printable(image.name)), place,
         "name the folder of the images with --images");
  }
  const image::ImageSize size = image::read_image_size(image.file);
  image.height = size.height;
  image.width = size.width;
}

}  // namespace

SetReading::SetReading(ReadSetOptions options) : options_(std::move(options)) {
  for (const std::string& name : options_.classes) {
    if (!by_name_.emplace(name, set_.categories.size()).second) {
      fail(ErrorKind::usage, fmt::format("the class \"{}\" is given twice", printable(name)), "--classes",
           "name each class once");
    }
    set_.categories.push_back({static_cast<int64_t>(set_.categories.size()) + 1, name, ""});
  }
}

size_t SetReading::category(std::string_view name, std::string_view place) {
  if (name.empty()) fail(ErrorKind::bad_data, "an object has no class", place, "name its class");
  const auto found = by_name_.find(std::string(name));
  if (found != by_name_.end()) return found->second;
  if (!options_.classes.empty()) {
    unknown_name(ErrorKind::bad_data, "class", printable(name), options_.classes, place);
  }
  by_name_.emplace(name, set_.categories.size());
  set_.categories.push_back({static_cast<int64_t>(set_.categories.size()) + 1, std::string(name), ""});
  return set_.categories.size() - 1;
}

void SetReading::list_category(std::string_view name, std::string_view place) {
  if (options_.classes.empty() || by_name_.contains(std::string(name))) category(name, place);
}

SetImage& SetReading::add_image(SetImage image, std::string_view place) {
  const std::string reason = unsafe_file_name_reason(image.name);
  if (!reason.empty()) {
    fail(ErrorKind::bad_data, fmt::format("the file name \"{}\" {}", printable(image.name), reason), place,
         "name files relative to the folder of the images, inside it");
  }
  if (image.file.empty() && !options_.images.empty()) {
    const std::filesystem::path file = ImageRoot(options_.images).resolve(image.name);
    std::error_code error;
    if (std::filesystem::exists(file, error)) image.file = file;
  }
  if (image.height <= 0 || image.width <= 0) read_missing_size(image, place);
  if (image.height > kMaxSetImageSide || image.width > kMaxSetImageSide) {
    fail(ErrorKind::bad_data,
         fmt::format("{} is said to have {} x {} pixels", printable(image.name), image.height, image.width), place,
         "give the image's height and width");
  }
  set_.images.push_back(std::move(image));
  return set_.images.back();
}

void SetReading::add_object(SetImage& image, SetObject object, std::string_view place) {
  for (const double pixels : {object.box.x1, object.box.y1, object.box.x2, object.box.y2}) {
    check_coordinate(pixels, place);
  }
  object.box = tidy(object.box);
  for (std::vector<double>& polygon : object.mask.polygons) {
    for (double& pixels : polygon) pixels = tidy(pixels);
  }
  if (object.box.x1 < object.box.x2 && object.box.y1 < object.box.y2) {
    image.objects.push_back(std::move(object));
  } else {
    leave_out("objects whose box has no area");
  }
}

}  // namespace spinenet::data
