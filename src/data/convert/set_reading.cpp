#include "data/convert/set_reading.h"

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/coco/coco_root.h"
#include "data/coco/coco_rules.h"
#include "data/convert/set_text.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

constexpr int64_t kMaxSetImageSide = int64_t{1} << 20;

// Nothing where the image cannot be read: labels may be converted without it.
std::optional<image::ImageSize> size_if_readable(const std::filesystem::path& file) {
  try {
    return image::read_image_size(file);
  } catch (const Error&) {  // one broken image is counted among others
    return std::nullopt;
  }
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

std::string SetReading::text_of(const std::filesystem::path& file) {
  add_file(file);
  return read_set_file(file);
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

SetPart SetReading::part(std::string_view text, std::string_view place) {
  if (trimmed(text).empty()) return SetPart::all;
  if (const std::optional<SetPart> part = part_named(text)) return *part;
  leave_out(fmt::format("parts named \"{}\", which is none of train, val and test", printable(trimmed(text))), place);
  return SetPart::all;
}

void SetReading::refuse_name(const SetImage& image, std::string_view place) {
  if (!is_utf8(image.name)) {
    fail(ErrorKind::bad_data, fmt::format("the file name \"{}\" is not UTF-8", printable(image.name)), place,
         "rename the image");
  }
  const std::string reason = unsafe_file_name_reason(image.name);
  if (!reason.empty()) {
    fail(ErrorKind::bad_data, fmt::format("the file name \"{}\" {}", printable(image.name), reason), place,
         "name files relative to the folder of the images, inside it");
  }
  const std::string name = std::filesystem::path(image.name).lexically_normal().string();
  const auto [other, first] = image_places_.try_emplace(name, place);
  if (first) return;
  fail(ErrorKind::bad_data,
       fmt::format("two images have the name \"{}\"; the other one is in {}", printable(image.name), other->second),
       place, "give each image a name of its own, or convert the parts of the set one by one");
}

void SetReading::shorten_name(SetImage& image, std::string_view place) {
  std::string name = std::filesystem::path(image.name).lexically_normal().generic_string();
  if (name == image.name) return;
  leave_out("note: names of images such as ./a.jpg, which are shortened to a.jpg",
            fmt::format("{}, {}", place, printable(image.name)));
  image.name = std::move(name);
}

void SetReading::read_missing_size(SetImage& image, std::string_view place) const {
  if (image.file.empty()) {
    const bool named = !options_.images.empty();
    fail(ErrorKind::bad_data, fmt::format("the size of {} is not given", printable(image.name)), place,
         named ? fmt::format("put the image into {}, or give its width and height", printable(options_.images.string()))
               : std::string("name the folder of the images with --images"));
  }
  const image::ImageSize size = image::read_image_size(image.file);
  image.height = size.height;
  image.width = size.width;
}

void SetReading::compare_size(const SetImage& image, std::string_view place) {
  const std::string where = fmt::format("{}, {}", place, printable(image.name));
  const std::optional<image::ImageSize> size = size_if_readable(image.file);
  if (!size) {
    leave_out("note: images that cannot be read; their labels and stated sizes are taken", where);
    return;
  }
  if (size->height == image.height && size->width == image.width) return;
  if (size->height == image.width && size->width == image.height) {
    leave_out(
        "note: images whose stated size is that before their EXIF orientation is applied; their labels are those of "
        "the unturned image and will not fit",
        where);
  } else {
    leave_out("note: images of another size than the stated one, which is taken, since the labels go with it", where);
  }
}

SetImage& SetReading::add_image(SetImage image, std::string_view place) {
  refuse_name(image, place);
  shorten_name(image, place);
  if (image.file.empty() && !options_.images.empty()) {
    const std::filesystem::path file = ImageRoot(options_.images).resolve(image.name);
    std::error_code error;
    if (std::filesystem::exists(file, error)) image.file = file;
  }
  if (!image.file.empty()) add_file(image.file);
  if (image.height <= 0 || image.width <= 0) {
    read_missing_size(image, place);
  } else if (!image.file.empty()) {
    compare_size(image, place);
  }
  if (image.height > kMaxSetImageSide || image.width > kMaxSetImageSide) {
    fail(ErrorKind::bad_data,
         fmt::format("{} is said to have {} x {} pixels", printable(image.name), image.height, image.width), place,
         "give the image's height and width");
  }
  set_.images.push_back(std::move(image));
  return set_.images.back();
}

bool SetReading::add_object(SetImage& image, SetObject object, std::string_view place) {
  for (const double pixels : {object.box.x1, object.box.y1, object.box.x2, object.box.y2}) {
    check_coordinate(pixels, place);
  }
  object.box = tidy(object.box);
  for (std::vector<double>& polygon : object.mask.polygons) {
    for (double& pixels : polygon) pixels = tidy(pixels);
  }
  if (object.box.x1 < object.box.x2 && object.box.y1 < object.box.y2) {
    image.objects.push_back(std::move(object));
    return true;
  }
  leave_out("objects whose box has no area", fmt::format("{}, {}", place, printable(image.name)));
  return false;
}

void SetReading::leave_out(const std::string& what, std::string_view place, int64_t count) {
  left_out_[what] += count;
  if (!place.empty()) first_places_.try_emplace(what, place);
}

ReadSet SetReading::take() {
  return {std::move(set_), std::move(left_out_), std::move(first_places_), std::move(files_), std::move(folders_)};
}

void refuse_class_list(const ReadSetOptions& options, std::string_view list) {
  if (options.classes.empty()) return;
  fail(ErrorKind::usage, fmt::format("the classes are those of {}", list), "--classes",
       "leave --classes out, which is for formats without such a list");
}

}  // namespace spinenet::data
