#include "data/coco/coco_check.h"

#include <utility>

#include "data/coco/coco.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_inspection.h"
#include "data/coco/coco_scan.h"

namespace spinenet::data {
namespace {

void look_at_files(CocoScan& scan, const std::filesystem::path& image_dir, const CheckOptions& options, FindingLog& log,
                   Inspection& inspection) {
  check_names(scan.images(), log);
  if (!image_dir.empty()) {
    const auto frame_of = [&scan](const ScannedImage& image, image::ImageSize upright) {
      return scan.frame_of(image, {image.info.id, "", upright.height, upright.width});
    };
    inspection.image_sizes = check_image_files(scan.images(), image_dir, options.files, frame_of, log);
  }
  if (options.other_annotations.empty()) return;
  const CocoReadOptions lenient{.segmentations = false, .policy = DataPolicy::skip, .limits = options.limits};
  const detect::Annotations other = read_coco(options.other_annotations, lenient);
  check_groups(scan.images(), other.images, log);
  if (image_dir.empty()) return;
  const std::filesystem::path& other_dir = options.other_image_dir.empty() ? image_dir : options.other_image_dir;
  check_shared_pixels(scan.images(), image_dir, other.images, other_dir, options.files, log);
}

// Sizes that are there as texts, then those of run-length codes; those of files, where they were looked at, come
// before.
void take_other_sizes(CocoScan& scan, bool masks, Inspection& inspection) {
  const auto take = [&inspection](const std::unordered_map<int64_t, detect::ImageInfo>& sizes) {
    for (const auto& [position, size] : sizes) {
      inspection.image_sizes.try_emplace(position,
                                         image::ImageSize{static_cast<int>(size.height), static_cast<int>(size.width)});
    }
  };
  take(scan.take_sizes_in_text());
  if (masks) take(scan.take_sizes_of_masks());
}

CheckReport report_of(const FindingLog& log, const detect::Annotations& sound) {
  CheckReport report;
  report.counts = log.counts();
  report.findings = log.findings();
  report.errors = log.errors();
  for (const auto& [name, count] : report.counts) report.warnings += count;
  report.warnings -= report.errors;
  report.images = static_cast<int64_t>(sound.images.size());
  report.categories = static_cast<int64_t>(sound.categories.size());
  return report;
}

}  // namespace

Inspection inspect_coco(const CocoDocument& document, const std::filesystem::path& image_dir,
                        const CheckOptions& options, FindingLog& log) {
  Inspection inspection;
  const SetTask asked = options.task.value_or(SetTask::detect);
  CocoScan scan(document.root(), {.thorough = true, .repairs = true, .keep_annotations = false, .task = asked}, log);
  const bool classes = !options.task && scan.has_annotations() && !scan.has_shapes();
  if (classes) scan.set_task(SetTask::classify);
  look_at_files(scan, image_dir, options, log, inspection);
  take_other_sizes(scan, !classes && asked != SetTask::classify, inspection);
  scan.scan_annotations();
  inspection.annotations = scan.take_repairs();
  inspection.categories = scan.category_repairs();
  inspection.report = report_of(log, scan.take());
  inspection.report.annotations = scan.sound_annotations();
  inspection.report.task = classes ? SetTask::classify : asked;
  inspection.report.task_found = classes;
  return inspection;
}

CheckReport check_text(std::string text, const std::filesystem::path& image_dir, const CheckOptions& options,
                       FindingLog& log) {
  if (log.errors() > 0) return report_of(log, {});
  const CocoDocument document(std::move(text), options.limits, log);
  return document.sound() ? inspect_coco(document, image_dir, options, log).report : report_of(log, {});
}

CheckReport check_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                       const CheckOptions& options) {
  FindingLog log;
  std::string text = read_limited(annotation_path.string(), options.limits, log);
  return check_text(std::move(text), image_dir, options, log);
}

CheckReport check_coco_text(std::string text, const std::filesystem::path& image_dir, const CheckOptions& options) {
  FindingLog log;
  return check_text(std::move(text), image_dir, options, log);
}

Json to_json(const CheckReport& report) {
  Json json;
  json["errors"] = report.errors;
  json["warnings"] = report.warnings;
  json["images"] = report.images;
  json["annotations"] = report.annotations;
  json["categories"] = report.categories;
  json["task"] = name_of(report.task);
  json["task_found"] = report.task_found;
  json["counts"] = Json::object();
  for (const auto& [name, count] : report.counts) json["counts"][name] = count;
  json["findings"] = Json::array();
  for (const Finding& finding : report.findings) {
    Json entry;
    entry["code"] = finding.code;
    entry["severity"] = name_of(finding.severity);
    entry["place"] = finding.place;
    entry["message"] = finding.message;
    entry["remedy"] = finding.remedy;
    entry["fixable"] = finding.fixable;
    json["findings"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace spinenet::data
