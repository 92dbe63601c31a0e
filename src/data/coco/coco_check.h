// Checks a COCO annotation file, and its image files where a folder is given, for the kinds of fault in
// coco_findings.h, and writes a repaired copy.
//
// A fault of the text as a whole (D001, D002, D004 to D009) ends the check: there is nothing more to look at.
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/output.h"
#include "data/coco/coco_files.h"
#include "data/coco/coco_findings.h"
#include "data/coco/coco_limits.h"
#include "data/coco/coco_task.h"

namespace spinenet::data {

struct CheckOptions {
  CocoLimits limits;
  // Nothing: classify where no annotation has a box or a mask, else detect.
  std::optional<SetTask> task = SetTask::detect;
  FileCheckOptions files;
  // A second set (validation beside training): images with the same or nearly the same pixels, and groups of images in
  // both (frames of one video), are reported.
  std::filesystem::path other_annotations, other_image_dir;
};

struct CheckReport {
  std::map<std::string, int64_t> counts;  // by code, those that occurred
  std::vector<Finding> findings;          // the first five of each code, in the order of the codes
  int64_t errors = 0, warnings = 0;
  int64_t images = 0, annotations = 0, categories = 0;  // sound ones
  SetTask task = SetTask::detect;
  bool task_found = false;  // it was not asked for, but told from the annotations
};

// An empty image_dir leaves the files alone.
CheckReport check_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir = {},
                       const CheckOptions& options = {});
CheckReport check_coco_text(std::string text, const std::filesystem::path& image_dir = {},
                            const CheckOptions& options = {});
Json to_json(const CheckReport& report);

// What was done, in numbers of annotations (or images, categories, polygons where the name says so).
struct FixChanges {
  int64_t polygons_regrouped = 0;  // annotations whose polygons were nested otherwise
  int64_t polygons_left_out = 0;   // parts of segmentations that were no polygon
  int64_t masks_left_out = 0;      // run-length codes and other values that were no mask
  int64_t boxes_without_mask = 0;  // annotations that lost all of their mask and kept their box
  int64_t boxes_from_masks = 0, boxes_clipped = 0, areas_computed = 0, crowd_flags_written = 0;
  int64_t annotations_renumbered = 0, image_sizes_written = 0, category_texts_written = 0;
  int64_t dropped_without_box = 0, dropped_of_unknown_image = 0, dropped_of_unknown_category = 0;
};

struct FixReport {
  CheckReport before;
  std::map<std::string, int64_t> repaired;  // by code
  std::map<std::string, int64_t> left;      // what the copy still has, by code
  FixChanges changes;
  int64_t dropped_annotations = 0;
};
// Each number of FixChanges with its name, in a fixed order.
std::vector<std::pair<std::string_view, int64_t>> named_changes(const FixChanges& changes);

// Writes a copy without the fixable faults; everything else stays as it is, in its order, unknown keys included. An
// annotation is left out where neither its box nor its mask gives a box, and where there is no such image or category.
// ErrorKind::bad_data when the text as a whole is faulty. Faults that are not fixable remain and are counted in `left`.
FixReport fix_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                   const Output& output, const CheckOptions& options = {});
// The same on text; `repaired` receives the copy.
FixReport fix_coco_text(const std::string& text, const std::filesystem::path& image_dir, std::string& repaired,
                        const CheckOptions& options = {});

}  // namespace spinenet::data
