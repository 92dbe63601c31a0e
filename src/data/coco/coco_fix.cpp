#include <algorithm>
#include <array>
#include <utility>

#include "base/heap.h"
#include "base/output.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_copy.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_inspection.h"

namespace spinenet::data {
namespace {

FixChanges changes_of(const Inspection& inspection) {
  FixChanges changes;
  changes.image_sizes_written = static_cast<int64_t>(inspection.image_sizes.size());
  changes.category_texts_written = static_cast<int64_t>(inspection.categories.size());
  for (const auto& [position, mend] : inspection.annotations) {
    if (mend.drop == DropReason::no_box) ++changes.dropped_without_box;
    if (mend.drop == DropReason::unknown_image) ++changes.dropped_of_unknown_image;
    if (mend.drop == DropReason::unknown_category) ++changes.dropped_of_unknown_category;
    if (mend.drop != DropReason::none) continue;
    changes.polygons_regrouped += mend.polygons_regrouped ? 1 : 0;
    changes.polygons_left_out += mend.polygons_left_out;
    changes.masks_left_out += mend.mask_left_out ? 1 : 0;
    changes.boxes_without_mask += mend.polygons && mend.polygons->empty() ? 1 : 0;
    changes.boxes_from_masks += mend.box_from_mask ? 1 : 0;
    changes.boxes_clipped += mend.bbox && !mend.box_from_mask ? 1 : 0;
    changes.areas_computed += mend.area ? 1 : 0;
    changes.crowd_flags_written += mend.crowd ? 1 : 0;
    changes.annotations_renumbered += mend.renumber ? 1 : 0;
  }
  return changes;
}

// What only the image files tell stays as it was.
bool is_about_files(Fault fault) {
  constexpr std::array kFaults{Fault::unreadable_image,   Fault::repeated_image, Fault::unsafe_file_name,
                               Fault::nearly_equal_image, Fault::split_group,    Fault::turned_image};
  return std::ranges::find(kFaults, fault) != kFaults.end();
}

// By a second look, at the copy.
void look_again(std::string copy, const CheckOptions& options, FixReport& report) {
  FindingLog log;
  CheckOptions again;
  again.limits = options.limits;
  again.limits.max_file_bytes = std::max(again.limits.max_file_bytes, static_cast<int64_t>(copy.size()));
  again.task = report.before.task;
  const CocoDocument document(std::move(copy), again.limits, log);
  if (document.sound()) inspect_coco(document, {}, again, log);
  for (int i = 0; i < kFaultCount; ++i) {
    const auto fault = static_cast<Fault>(i);
    const auto found = report.before.counts.find(code(fault));
    const int64_t before = found == report.before.counts.end() ? 0 : found->second;
    const int64_t left = is_about_files(fault) ? std::max(before, log.count(fault)) : log.count(fault);
    if (left > 0) report.left[code(fault)] = left;
    if (before > left) report.repaired[code(fault)] = before - left;
  }
}

struct Fixed {
  FixReport report;
  std::string copy;
};

Fixed fix(std::string text, const std::filesystem::path& image_dir, const CheckOptions& options,
          std::string_view place) {
  FindingLog log;
  const CocoDocument document(std::move(text), options.limits, log);
  if (!document.sound()) log.refuse_errors(place);
  const Inspection inspection = inspect_coco(document, image_dir, options, log);
  Fixed fixed;
  fixed.report.before = inspection.report;
  fixed.report.changes = changes_of(inspection);
  const FixChanges& changes = fixed.report.changes;
  fixed.report.dropped_annotations =
      changes.dropped_without_box + changes.dropped_of_unknown_image + changes.dropped_of_unknown_category;
  return_freed_memory();  // of the tables of the inspection
  fixed.copy = repaired_copy(document, inspection);
  return fixed;
}

}  // namespace

std::vector<std::pair<std::string_view, int64_t>> named_changes(const FixChanges& c) {
  return {{"polygons_regrouped", c.polygons_regrouped},
          {"polygons_left_out", c.polygons_left_out},
          {"masks_left_out", c.masks_left_out},
          {"boxes_without_mask", c.boxes_without_mask},
          {"boxes_from_masks", c.boxes_from_masks},
          {"boxes_clipped", c.boxes_clipped},
          {"areas_computed", c.areas_computed},
          {"crowd_flags_written", c.crowd_flags_written},
          {"annotations_renumbered", c.annotations_renumbered},
          {"image_sizes_written", c.image_sizes_written},
          {"category_texts_written", c.category_texts_written},
          {"dropped_without_box", c.dropped_without_box},
          {"dropped_of_unknown_image", c.dropped_of_unknown_image},
          {"dropped_of_unknown_category", c.dropped_of_unknown_category}};
}

FixReport fix_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                   const Output& output, const CheckOptions& options) {
  FindingLog log;
  std::string text = read_limited(annotation_path.string(), options.limits, log);
  log.refuse_errors(annotation_path.string());
  Fixed fixed = fix(std::move(text), image_dir, options, annotation_path.string());
  output.write(fixed.copy);
  return_freed_memory();
  look_again(std::move(fixed.copy), options, fixed.report);
  return std::move(fixed.report);
}

FixReport fix_coco_text(const std::string& text, const std::filesystem::path& image_dir, std::string& repaired,
                        const CheckOptions& options) {
  Fixed fixed = fix(text, image_dir, options, "");
  repaired = fixed.copy;
  look_again(std::move(fixed.copy), options, fixed.report);
  return std::move(fixed.report);
}

}  // namespace spinenet::data
