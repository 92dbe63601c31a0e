#include "data/convert/convert.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/owned_folder.h"
#include "base/printable.h"
#include "data/convert/own_outputs.h"
#include "data/convert/set_coco.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_label_studio.h"
#include "data/convert/set_text.h"
#include "data/convert/set_voc.h"
#include "data/convert/set_yolo.h"
#include "image/decode.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 36> kConvertedFiles{"annotations/*.json",
                                                           "annotations.xml",
                                                           "annotations.csv",
                                                           "tasks.json",
                                                           "label_config.xml",
                                                           "data.yaml",
                                                           "train.txt",
                                                           "val.txt",
                                                           "test.txt",
                                                           "labelmap.txt",
                                                           "ImageSets/Main/*.txt",
                                                           "conversion.json",
                                                           "Annotations/*.xml",
                                                           "Annotations/*/*.xml",
                                                           "Annotations/*/*/*.xml",
                                                           "Annotations/*/*/*/*.xml",
                                                           "Annotations/*/*/*/*/*.xml",
                                                           "Annotations/*/*/*/*/*/*.xml",
                                                           "labels/*.txt",
                                                           "labels/*/*.txt",
                                                           "labels/*/*/*.txt",
                                                           "labels/*/*/*/*.txt",
                                                           "labels/*/*/*/*/*.txt",
                                                           "labels/*/*/*/*/*/*.txt",
                                                           "images/*",
                                                           "images/*/*",
                                                           "images/*/*/*",
                                                           "images/*/*/*/*",
                                                           "images/*/*/*/*/*",
                                                           "images/*/*/*/*/*/*",
                                                           "JPEGImages/*",
                                                           "JPEGImages/*/*",
                                                           "JPEGImages/*/*/*",
                                                           "JPEGImages/*/*/*/*",
                                                           "JPEGImages/*/*/*/*/*",
                                                           "JPEGImages/*/*/*/*/*/*"};
constexpr FolderKind kConvertedSet{"a converted data set", kConvertedFiles};
constexpr const char* kReport = "conversion.json";
constexpr std::ptrdiff_t kMostFolders = 5;  // above an image's file

std::string_view image_folder(SetFormat format) {
  return format == SetFormat::voc ? "JPEGImages" : "images";
}

bool goes_by_names(SetFormat format) {
  return format != SetFormat::coco && format != SetFormat::yolo;
}

bool is_xml(SetFormat format) {
  return format == SetFormat::voc || format == SetFormat::cvat;
}

void count_trimmed_traits(SetFormat format, const LabelledSet& set, Tally& left_out) {
  if (!is_xml(format)) return;
  const auto loses = [](const std::string& text) { return trimmed(text) != text; };
  for (const SetImage& image : set.images) {
    for (const SetObject& object : image.objects) {
      const bool any = std::any_of(object.attributes.begin(), object.attributes.end(), [&](const auto& attribute) {
        return loses(attribute.first) || loses(attribute.second);
      });
      if (!any && !loses(object.pose)) continue;
      ++left_out[fmt::format("objects with spaces at the ends of attributes or the pose, which {} does not keep",
                             name_of(format))];
    }
  }
}

// XML and CSV lose spaces at the ends: names that differ in them alone would be one.
void check_category_names(SetFormat format, const LabelledSet& set, Tally& left_out) {
  if (!goes_by_names(format)) return;
  std::unordered_set<std::string> seen;
  std::string first;
  int64_t trimmed_names = 0;
  for (const detect::Category& category : set.categories) {
    const std::string name(trimmed(category.name));
    if (!seen.insert(name).second) {
      fail(ErrorKind::bad_data,
           fmt::format("two categories have the name \"{}\", by which {} goes", printable(name), name_of(format)), "",
           "give each category a name of its own, which differs in more than spaces at its ends");
    }
    if (is_xml(format) && name != category.name && ++trimmed_names == 1) first = category.name;
  }
  if (trimmed_names == 0) return;
  left_out[fmt::format("spaces at the ends of names of classes, which {} does not keep (the first is \"{}\")",
                       name_of(format), printable(first))] += trimmed_names;
}

// Every name is a file of its own, and no folder that another one lies in.
void check_file_names(const std::vector<std::string>& names) {
  const std::unordered_set<std::string> all(names.begin(), names.end());
  std::unordered_set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      fail(ErrorKind::bad_data, fmt::format("two images would have the file {}", printable(name)), "",
           "rename one of them; names that differ in the suffix alone are the same here");
    }
    if (std::count(name.begin(), name.end(), '/') > kMostFolders + 1) {
      fail(ErrorKind::unsupported, fmt::format("{} lies deeper than five folders", printable(name)), "",
           "move the images to folders further up");
    }
    for (size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1)) {
      if (!all.contains(name.substr(0, slash))) continue;
      fail(ErrorKind::bad_data, fmt::format("{} would be a file and a folder", printable(name.substr(0, slash))), "",
           "rename one of the images");
    }
  }
}

bool have_own_ids(const LabelledSet& set) {
  std::unordered_set<int64_t> seen;
  return std::all_of(set.images.begin(), set.images.end(),
                     [&](const SetImage& image) { return image.id && seen.insert(*image.id).second; });
}

void count_category_ids(SetFormat format, const LabelledSet& set, Tally& left_out) {
  for (size_t i = 0; i < set.categories.size(); ++i) {
    const detect::Category& category = set.categories[i];
    if (set.has_category_ids && category.id != static_cast<int64_t>(i) + 1) {
      ++left_out[fmt::format("ids of categories, of which {} keeps the order alone", name_of(format))];
    }
    if (!category.supercategory.empty()) {
      ++left_out[fmt::format("supercategories, which {} cannot say", name_of(format))];
    }
  }
}

// COCO's own are counted where they are written. Ids that count from 1 come back as they were.
void count_ids(SetFormat format, const LabelledSet& set, Tally& left_out) {
  if (format == SetFormat::coco) return;
  count_category_ids(format, set, left_out);
  const bool keeps_ids = (format == SetFormat::cvat || format == SetFormat::labelstudio) && have_own_ids(set);
  int64_t objects = 0;
  for (size_t i = 0; i < set.images.size(); ++i) {
    const std::optional<int64_t> id = set.images[i].id;
    if (id && !keeps_ids && *id != static_cast<int64_t>(i) + 1) {
      ++left_out[fmt::format("ids of images, which {} does not keep", name_of(format))];
    }
    for (const SetObject& object : set.images[i].objects) {
      ++objects;
      if (object.id && *object.id != objects) {
        ++left_out[fmt::format("ids of annotations, which {} does not keep", name_of(format))];
      }
      if (!object.area) continue;
      ++left_out[fmt::format("areas other than those of box or mask, which {} cannot say", name_of(format))];
    }
  }
}

// Of an earlier conversion. What others put there stays.
void remove_earlier(const OwnedFolder& folder) {
  for (const std::string_view pattern : kConvertedFiles) {
    for (const std::string& name : folder.files(pattern)) {
      if (!folder.holds_foreign(name)) folder.remove(name);
    }
  }
}

struct CopiedImage {
  std::string name;
  fs::path file;
};

// Known before anything is removed: an image that could not be read would leave a set without it.
void check_copy(const CopiedImage& image) {
  std::error_code error;
  const auto size = static_cast<int64_t>(fs::file_size(image.file, error));
  const bool readable = !error && std::ifstream(image.file, std::ios::binary).good();
  const int64_t most = image::DecodeLimits{}.max_bytes;
  if (!readable) {
    fail(ErrorKind::io, "cannot be read to be copied", printable(image.file.string()),
         "make it readable, or leave out --copy-images");
  }
  if (size <= most) return;
  fail(ErrorKind::bad_data, fmt::format("has {} bytes; an image of at most {} is copied", size, most),
       printable(image.file.string()), "make it smaller, or leave out --copy-images");
}

std::vector<CopiedImage> images_to_copy(const LabelledSet& set, const ConvertOptions& options) {
  std::vector<CopiedImage> images;
  for (const SetImage& image : set.images) {
    if (image.file.empty()) {
      const std::string folder = printable(options.read.images.string());
      fail(ErrorKind::bad_data, fmt::format("the image {} is not there to be copied", printable(image.name)), "",
           folder.empty() ? "name the folder of the images with --images, or leave out --copy-images"
                          : fmt::format("put it into {}, or leave out --copy-images", folder));
    }
    images.push_back({fmt::format("{}/{}", image_folder(options.to), image.name), image.file});
    check_copy(images.back());
  }
  return images;
}

ConvertReport counts_of(const LabelledSet& set) {
  ConvertReport report;
  report.images = static_cast<int64_t>(set.images.size());
  report.categories = static_cast<int64_t>(set.categories.size());
  for (const SetImage& image : set.images) {
    report.objects += static_cast<int64_t>(image.objects.size());
    if (image.objects.empty()) ++report.images_without_objects;
    for (const SetObject& object : image.objects) report.masks += object.mask.empty() ? 0 : 1;
  }
  return report;
}

struct PreparedFiles {
  std::vector<SetFile> files;
  std::vector<CopiedImage> images;
  ConvertReport report;
};

void check_all_names(const PreparedFiles& prepared) {
  std::vector<std::string> names{kReport};
  for (const SetFile& file : prepared.files) names.push_back(file.name);
  for (const CopiedImage& image : prepared.images) names.push_back(image.name);
  check_file_names(names);
}

void leave_masks_out(LabelledSet& set, ConvertReport& report) {
  for (SetImage& image : set.images) {
    for (SetObject& object : image.objects) object.mask = {};
  }
  if (report.masks > 0) report.not_written["masks, because of --boxes-only"] = report.masks;
}

// All that is written, before anything is; none of it takes the place of what was read.
PreparedFiles prepare(const fs::path& source, const fs::path& out, const ConvertOptions& options) {
  ReadSetOptions reading = options.read;
  reading.zero_based = options.zero_based;
  ReadSet read = read_set(options.from, source, reading);
  refuse_read_inside(out, read.files, read.folders);
  PreparedFiles prepared;
  prepared.report = counts_of(read.set);
  prepared.report.not_read = std::move(read.left_out);
  prepared.report.first_places = std::move(read.first_places);
  if (options.boxes_only) leave_masks_out(read.set, prepared.report);
  prepared.files = write_set(options.to, read.set, options.zero_based, prepared.report.not_written);
  if (options.copy_images) prepared.images = images_to_copy(read.set, options);
  check_all_names(prepared);
  prepared.report.file_count = static_cast<int64_t>(prepared.files.size() + prepared.images.size()) + 1;
  return prepared;
}

}  // namespace

ReadSet read_set(SetFormat format, const fs::path& source, const ReadSetOptions& options) {
  switch (format) {
    case SetFormat::coco:
      return read_coco_set(source, options);
    case SetFormat::yolo:
      return read_yolo_set(source, options);
    case SetFormat::voc:
      return read_voc_set(source, options);
    case SetFormat::labelstudio:
      return read_label_studio_set(source, options);
    case SetFormat::cvat:
      return read_cvat_set(source, options);
    case SetFormat::csv:
      return read_csv_set(source, options);
  }
  fail(ErrorKind::usage, "no such format", source.string(), "use one that the help lists");
}

std::vector<SetFile> write_set(SetFormat format, const LabelledSet& set, bool zero_based, Tally& left_out) {
  check_category_names(format, set, left_out);
  count_trimmed_traits(format, set, left_out);
  count_ids(format, set, left_out);
  std::vector<SetFile> files;
  switch (format) {
    case SetFormat::coco:
      files = write_coco_set(set, left_out);
      break;
    case SetFormat::yolo:
      files = write_yolo_set(set, left_out);
      break;
    case SetFormat::voc:
      files = write_voc_set(set, zero_based, left_out);
      break;
    case SetFormat::labelstudio:
      files = write_label_studio_set(set, left_out);
      break;
    case SetFormat::cvat:
      files = write_cvat_set(set, left_out);
      break;
    case SetFormat::csv:
      files = write_csv_set(set, left_out);
      break;
  }
  std::vector<std::string> names;
  for (const SetFile& file : files) names.push_back(file.name);
  check_file_names(names);
  return files;
}

ConvertReport convert_set(const fs::path& source, const fs::path& out, const ConvertOptions& options) {
  refuse_inside(out, source, "the source");
  refuse_inside(out, options.read.images, "the images");
  refuse_inside(out, options.class_file, "the list of classes");
  OwnedFolder folder(out, kConvertedSet);
  PreparedFiles prepared;
  try {
    prepared = prepare(source, out, options);
    for (const SetFile& file : prepared.files) refuse_foreign(folder, file.name);
    for (const CopiedImage& image : prepared.images) refuse_foreign(folder, image.name);
    refuse_foreign(folder, kReport);
  } catch (...) {
    std::move(folder).take_back();
    throw;
  }
  remove_earlier(folder);
  for (const CopiedImage& image : prepared.images) folder.file(image.name).write(image::read_limited(image.file));
  for (const SetFile& file : prepared.files) folder.file(file.name).write(file.text);
  folder.file(kReport).write(to_text(to_json(prepared.report)));
  return std::move(prepared.report);
}

Json to_json(const ConvertReport& report) {
  return Json{{"images", report.images},
              {"images_without_objects", report.images_without_objects},
              {"objects", report.objects},
              {"masks", report.masks},
              {"categories", report.categories},
              {"files", report.file_count},
              {"not_read", report.not_read},
              {"not_written", report.not_written},
              {"first_places", report.first_places}};
}

}  // namespace spinenet::data
