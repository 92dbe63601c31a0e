#include "data/coco/coco.h"

#include <map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "data/coco/coco_conversions.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_scan.h"

namespace spinenet::data {
namespace {

struct Loaded {
  detect::Annotations content;
  Skipped skipped;
};

Loaded read_text(std::string text, std::string_view place, const CocoReadOptions& options, FindingLog& log) {
  const bool skip = options.policy == DataPolicy::skip;
  log.refuse_errors(place, skip);
  const CocoDocument document(std::move(text), options.limits, log);
  log.refuse_errors(place, skip && document.sound());
  CocoScan scan(document.root(), {.segmentations = options.segmentations}, log);
  scan.scan_annotations();
  log.refuse_errors(place, skip);
  Loaded reading;
  reading.content = scan.take();
  reading.skipped = {scan.dropped_images(), scan.dropped_annotations(), log.counts()};
  return reading;
}

void warn(std::string_view place, const Skipped& skipped, const FindingLog& log) {
  for (const Finding& finding : log.findings()) {
    const bool loud = finding.code == code(Fault::looks_like_corners) || finding.code == code(Fault::looks_normalised);
    if (loud) log_warning(fmt::format("{}: {}; {}", place, finding.message, finding.remedy));
  }
  warn_of_conversions(log, place);
  if (skipped.images + skipped.annotations == 0) return;
  std::string faults;
  for (const auto& [name, count] : skipped.faults) faults += fmt::format(" {} {}x", name, count);
  log_warning(
      fmt::format("{}: {} images and {} annotations left out:{}", place, skipped.images, skipped.annotations, faults));
}

std::map<int64_t, std::string> names_by_id(std::span<const detect::Category> categories) {
  std::map<int64_t, std::string> names;
  for (const detect::Category& category : categories) names[category.id] = category.name;
  return names;
}

}  // namespace

detect::Annotations read_coco(const std::filesystem::path& path, const CocoReadOptions& options, Skipped* skipped) {
  FindingLog log;
  std::string text = read_limited(path.string(), options.limits, log);
  Loaded reading = read_text(std::move(text), path.string(), options, log);
  warn(path.string(), reading.skipped, log);
  if (skipped != nullptr) *skipped = std::move(reading.skipped);
  return std::move(reading.content);
}

detect::Annotations parse_coco_aloud(std::string text, std::string_view place, const CocoReadOptions& options) {
  FindingLog log;
  Loaded reading = read_text(std::move(text), place, options, log);
  warn(place, reading.skipped, log);
  return std::move(reading.content);
}

detect::Annotations parse_coco(std::string text, std::string_view place, const CocoReadOptions& options,
                               Skipped* skipped) {
  FindingLog log;
  Loaded reading = read_text(std::move(text), place, options, log);
  if (skipped != nullptr) *skipped = std::move(reading.skipped);
  return std::move(reading.content);
}

std::vector<detect::Category> class_list(const detect::Annotations& annotations) {
  return annotations.categories;
}

void check_same_classes(std::span<const detect::Category> train, std::span<const detect::Category> val) {
  const std::map<int64_t, std::string> expected = names_by_id(train);
  const std::map<int64_t, std::string> found = names_by_id(val);
  if (expected == found) return;
  std::string differences;
  for (const auto& [id, name] : expected) {
    const auto other = found.find(id);
    if (other == found.end()) differences += fmt::format(", {} \"{}\" is missing in the second", id, name);
    if (other != found.end() && other->second != name) {
      differences += fmt::format(", {} is \"{}\" in the first and \"{}\" in the second", id, name, other->second);
    }
  }
  for (const auto& [id, name] : found) {
    if (!expected.contains(id)) differences += fmt::format(", {} \"{}\" is missing in the first", id, name);
  }
  fail(ErrorKind::bad_data, "training and validation data have different categories: " + differences.substr(2), "",
       "give both files the same list of categories");
}

}  // namespace spinenet::data
