#include "data/convert/convert.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/owned_folder.h"
#include "base/printable.h"
#include "data/convert/set_coco.h"
#include "data/convert/set_csv.h"
#include "data/convert/set_cvat.h"
#include "data/convert/set_label_studio.h"
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
constexpr std::ptrdiff_t kMostFolders = 5;  // above an image's file

std::string_view image_folder(SetFormat format) {
  return format == SetFormat::voc ? "JPEGImages" : "images";
}

bool goes_by_names(SetFormat format) {
  return format != SetFormat::coco && format != SetFormat::yolo;
}

void check_category_names(SetFormat format, const LabelledSet& set) {
  std::unordered_set<std::string> seen;
  for (const detect::Category& category : set.categories) {
    if (!goes_by_names(format) || seen.insert(category.name).second) continue;
    fail(
        ErrorKind::bad_data,
        fmt::format("two categories have the name \"{}\", by which {} goes", printable(category.name), name_of(format)),
        "", "give each category a name of its own");
  }
}

void check_file_names(const std::vector<SetFile>& files) {
  std::unordered_set<std::string> seen;
  for (const SetFile& file : files) {
    if (!seen.insert(file.name).second) {
      fail(ErrorKind::bad_data, fmt::format("two images would have the file {}", printable(file.name)), "",
           "rename one of them; names that differ in the suffix alone are the same here");
    }
    if (std::count(file.name.begin(), file.name.end(), '/') > kMostFolders + 1) {
      fail(ErrorKind::unsupported, fmt::format("{} lies deeper than five folders", printable(file.name)), "",
           "move the images to folders further up");
    }
  }
}

bool have_own_ids(const LabelledSet& set) {
  std::unordered_set<int64_t> seen;
  return std::all_of(set.images.begin(), set.images.end(),
                     [&](const SetImage& image) { return image.id && seen.insert(*image.id).second; });
}

void count_ids(SetFormat format, const LabelledSet& set, Tally& left_out) {
  if (format == SetFormat::coco) return;
  for (size_t i = 0; i < set.categories.size(); ++i) {
    const detect::Category& category = set.categories[i];
    if (set.has_category_ids && category.id != static_cast<int64_t>(i) + 1) {
      ++left_out[fmt::format("ids of categories, of which {} keeps the order alone", name_of(format))];
    }
    if (!category.supercategory.empty()) {
      ++left_out[fmt::format("supercategories, which {} cannot say", name_of(format))];
    }
  }
  const bool keeps_ids = (format == SetFormat::cvat || format == SetFormat::labelstudio) && have_own_ids(set);
  for (size_t i = 0; i < set.images.size(); ++i) {
    const std::optional<int64_t> id = set.images[i].id;
    if (id && !keeps_ids && *id != static_cast<int64_t>(i) + 1) {
      ++left_out[fmt::format("ids of images, which {} does not keep", name_of(format))];
    }
    for (const SetObject& object : set.images[i].objects) {
      if (!object.area) continue;
      ++left_out[fmt::format("areas other than those of box or mask, which {} cannot say", name_of(format))];
    }
  }
}

std::string real_path(const fs::path& path) {
  std::error_code error;
  const std::string real = fs::weakly_canonical(path, error).string();
  return error ? path.string() : real;
}

// The folder's own files may be replaced, so the source is none of them.
void refuse_source_inside(const fs::path& out, const fs::path& source, std::string_view what) {
  if (source.empty()) return;
  const std::string folder = real_path(out), read = real_path(source);
  if (read != folder && !read.starts_with(folder + "/")) return;
  fail(ErrorKind::usage, fmt::format("holds {}, which the command reads", what), out.string(),
       "name another folder with --out");
}

void refuse_foreign(const OwnedFolder& folder, const std::string& name) {
  if (!folder.holds_foreign(name)) return;
  fail(ErrorKind::usage, fmt::format("{} was not made here: nothing in the folder is touched", printable(name)),
       folder.path().string(), "name another folder with --out, or take the file away");
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

std::vector<CopiedImage> images_to_copy(const LabelledSet& set, SetFormat format) {
  std::vector<CopiedImage> images;
  std::set<std::string> seen;
  for (const SetImage& image : set.images) {
    if (image.file.empty()) {
      fail(ErrorKind::bad_data, fmt::format("the image {} is not there to be copied", printable(image.name)), "",
           "name the folder of the images with --images, or leave out --copy-images");
    }
    std::string name = fmt::format("{}/{}", image_folder(format), image.name);
    if (seen.insert(name).second) images.push_back({std::move(name), image.file});
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

// All that is written, before anything is.
PreparedFiles prepare(const fs::path& source, const ConvertOptions& options) {
  ReadSetOptions reading = options.read;
  reading.zero_based = options.zero_based;
  ReadSet read = read_set(options.from, source, reading);
  PreparedFiles prepared;
  prepared.report = counts_of(read.set);
  prepared.report.not_read = std::move(read.left_out);
  if (options.boxes_only) {
    for (SetImage& image : read.set.images) {
      for (SetObject& object : image.objects) object.mask = {};
    }
    if (prepared.report.masks > 0) {
      prepared.report.not_written["masks, because of --boxes-only"] = prepared.report.masks;
    }
  }
  prepared.files = write_set(options.to, read.set, options.zero_based, prepared.report.not_written);
  if (options.copy_images) prepared.images = images_to_copy(read.set, options.to);
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
  check_category_names(format, set);
  count_ids(format, set, left_out);
  std::vector<SetFile> files;
  switch (format) {
    case SetFormat::coco:
      files = write_coco_set(set);
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
  check_file_names(files);
  return files;
}

ConvertReport convert_set(const fs::path& source, const fs::path& out, const ConvertOptions& options) {
  refuse_source_inside(out, source, "the source");
  refuse_source_inside(out, options.read.images, "the images");
  OwnedFolder folder(out, kConvertedSet);
  PreparedFiles prepared;
  try {
    prepared = prepare(source, options);
    for (const SetFile& file : prepared.files) refuse_foreign(folder, file.name);
    for (const CopiedImage& image : prepared.images) refuse_foreign(folder, image.name);
  } catch (...) {
    std::move(folder).take_back();
    throw;
  }
  remove_earlier(folder);
  for (const CopiedImage& image : prepared.images) folder.file(image.name).write(image::read_limited(image.file));
  for (const SetFile& file : prepared.files) folder.file(file.name).write(file.text);
  folder.file("conversion.json").write(to_text(to_json(prepared.report)));
  return std::move(prepared.report);
}

Json to_json(const ConvertReport& report) {
  return Json{{"images", report.images},         {"images_without_objects", report.images_without_objects},
              {"objects", report.objects},       {"masks", report.masks},
              {"categories", report.categories}, {"files", report.file_count},
              {"not_read", report.not_read},     {"not_written", report.not_written}};
}

}  // namespace spinenet::data
