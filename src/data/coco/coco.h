// COCO-style files: annotations and results, in and out. Ids and order are those of the file.
//
// Reading is strict: JSON without duplicate keys, whole-number ids from 0 to 2^53, boxes of four sane numbers, masks of
// the image's size (the error kinds of coco_findings.h that need no image file). What a value of another type means is
// in docs/data.md: a missing area is computed from the mask or box, an iscrowd of true is 1, one that is missing is 0,
// the number 5 as a category's name is the text "5"; all else is refused. Conversions are logged once.
//
// Thread contract: all functions may be called from any thread.
//
// Source: the data and results formats of https://cocodataset.org.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "data/coco/coco_limits.h"
#include "detect/annotations.h"
#include "detect/detections.h"

namespace spinenet::data {

// What to do with an image, annotation or category that has an error: refuse the file, or leave it out and count it.
// Errors of the file as a whole and unsafe file names are always refused.
enum class DataPolicy { strict, skip };

struct CocoReadOptions {
  bool segmentations = true;  // false: masks are neither read nor checked, but for being JSON
  DataPolicy policy = DataPolicy::strict;
  CocoLimits limits{};
  CocoPieces pieces{};
};

// What DataPolicy::skip left out. An annotation counts once, its faults (warnings, too) under every code that applies.
struct Skipped {
  int64_t images = 0;
  int64_t annotations = 0;
  std::map<std::string, int64_t> faults;
};

// ErrorKind::bad_data with the file, the first places as JSON pointers, and remedies. Logs a warning when something was
// left out and when the boxes as a whole look like another convention (D025, D026).
detect::Annotations read_coco(const std::filesystem::path& path, const CocoReadOptions& options = {},
                              Skipped* skipped = nullptr);
// The same from text; `place` appears in messages.
detect::Annotations parse_coco_aloud(std::string text, std::string_view place, const CocoReadOptions& options = {});
// The same without log.
detect::Annotations parse_coco(std::string text, std::string_view place, const CocoReadOptions& options = {},
                               Skipped* skipped = nullptr);
// The same of a text that is wanted again: it is copied only where it has to be read in one go.
detect::Annotations parse_kept_coco(const std::string& text, std::string_view place,
                                    const CocoReadOptions& options = {}, Skipped* skipped = nullptr);

// A results list. Every entry needs image_id (of an image in `truth`), category_id, score, and a bbox or a run-length
// code; where bbox is absent it is the mask's, as the COCO API does on loading.
std::vector<detect::Result> read_results(const std::filesystem::path& path, const detect::Annotations& truth,
                                         const CocoLimits& limits = {}, const CocoPieces& pieces = {});
// The same of two files. Where both have errors, those of the annotations are told.
struct TruthAndResults {
  detect::Annotations truth;
  std::vector<detect::Result> results;
};
TruthAndResults read_truth_and_results(const std::filesystem::path& annotations, const CocoReadOptions& options,
                                       const std::filesystem::path& results);
std::vector<detect::Result> parse_results(std::string text, std::string_view place, const detect::Annotations& truth,
                                          const CocoLimits& limits = {}, const CocoPieces& pieces = {});

// read_coco of the written text gives the same content; run-length codes are written in their text form.
Json to_json(const detect::Annotations& annotations);
// One result a line; the mask is written where there is one. ErrorKind::failed when a number is not finite.
std::string results_to_text(std::span<const detect::Result> results);

// The class list: label i is the i-th entry of `categories`.
std::vector<detect::Category> class_list(const detect::Annotations& annotations);
// ErrorKind::bad_data naming the ids that differ unless both have the same ids with the same names, in any order.
void check_same_classes(std::span<const detect::Category> train, std::span<const detect::Category> val);

}  // namespace spinenet::data
