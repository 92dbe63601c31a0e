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
  if (image_dir.empty()) return;
  inspection.image_sizes = check_image_files(scan.images(), image_dir, options.files, log);
  if (options.other_annotations.empty()) return;
  const CocoReadOptions lenient{.segmentations = false, .policy = DataPolicy::skip, .limits = options.limits};
  const detect::Annotations other = read_coco(options.other_annotations, lenient);
  check_shared_pixels(scan.images(), image_dir, other.images, options.other_image_dir, options.files, log);
}

CheckReport report_of(const FindingLog& log, const detect::Annotations& sound) {
  CheckReport report;
  report.counts = log.counts();
  report.findings = log.findings();
  report.errors = log.errors();
  for (const auto& [name, count] : report.counts) report.warnings += count;
  report.warnings -= report.errors;
  report.images = static_cast<int64_t>(sound.images.size());
  report.annotations = static_cast<int64_t>(sound.annotations.size());
  report.categories = static_cast<int64_t>(sound.categories.size());
  return report;
}

}  // namespace

Inspection inspect_coco(std::string text, const std::filesystem::path& image_dir, const CheckOptions& options,
                        FindingLog& log) {
  Inspection inspection;
  detect::Annotations sound;
  if (log.errors() == 0) {
    const CocoDocument document(std::move(text), options.limits, log);
    inspection.sound_text = document.sound();
    if (document.sound()) {
      CocoScan scan(document.root(), {.thorough = true, .repairs = true}, log);
      look_at_files(scan, image_dir, options, log, inspection);
      scan.scan_annotations();
      inspection.annotations = scan.repairs();
      sound = scan.take();
    }
  }
  inspection.report = report_of(log, sound);
  return inspection;
}

CheckReport check_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                       const CheckOptions& options) {
  FindingLog log;
  std::string text = read_limited(annotation_path.string(), options.limits, log);
  return inspect_coco(std::move(text), image_dir, options, log).report;
}

CheckReport check_coco_text(std::string text, const std::filesystem::path& image_dir, const CheckOptions& options) {
  FindingLog log;
  return inspect_coco(std::move(text), image_dir, options, log).report;
}

Json to_json(const CheckReport& report) {
  Json json;
  json["errors"] = report.errors;
  json["warnings"] = report.warnings;
  json["images"] = report.images;
  json["annotations"] = report.annotations;
  json["categories"] = report.categories;
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
