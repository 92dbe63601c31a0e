// A classification set as plain data: which image is of which class. Read from a folder with a subfolder for each
// class, or from a JSON file as iNaturalist writes them (images, annotations with image_id and category_id,
// categories).
//
// Invariant: every label is an index into `classes`; classes have different ids and names, images different names.
// Thread contract: free functions on their arguments.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/coco/coco_limits.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct ClassifiedImage {
  int64_t id = 0;
  std::string file_name;  // relative to the image folder
  int label = 0;
};

struct ClassSet {
  std::vector<detect::Category> classes;
  std::vector<ClassifiedImage> images;
};

// Classes in the order of their names with ids from 0, images in the order of theirs with ids from 1. Images anywhere
// below a class's folder count (image/image_folder.h says what an image is); what is passed over is counted in the log.
// ErrorKind::io when there is no such folder; ErrorKind::bad_data naming the place for a folder without class folders,
// a class without images, a link that leads out of the folder or to a folder.
ClassSet read_image_folder(const std::filesystem::path& root);

struct ClassReadOptions {
  // Which key of a category is taken as its super-category: "supercategory", or a rank such as "family".
  std::string group_key = "supercategory";
  CocoLimits limits;
};

// ErrorKind::bad_data with the file, the first places as JSON pointers, and remedies: what coco.h refuses in images and
// categories, and also names that are used twice, an image of two classes, of none, or of an unknown one.
ClassSet read_class_json(const std::filesystem::path& path, const ClassReadOptions& options = {});
ClassSet parse_class_json(std::string text, std::string_view place, const ClassReadOptions& options = {});

// ErrorKind::bad_data naming the classes without an image: nothing can be learned of them.
void check_no_empty_class(const ClassSet& set, std::string_view place);

// `val` with the classes of `train` and labels that mean the same. Classes are matched by name; with `ids`, their ids
// must be the same too. ErrorKind::bad_data naming a class with images that `train` has not, with the nearest name.
ClassSet with_classes_of(const std::vector<detect::Category>& train, ClassSet val, bool ids, std::string_view place);

// Splits off the share of each class's images that is to be measured on instead of learned from: first what stays.
// Each class keeps an image at least. Depends on image ids and seed alone.
std::pair<ClassSet, ClassSet> hold_out(const ClassSet& set, double share, uint64_t seed = 1);

}  // namespace spinenet::data
