#include "data/coco/coco.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "data/coco/coco_conversions.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_fields.h"
#include "data/coco/coco_scan.h"
#include "data/coco/list_pieces.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

struct Loaded {
  detect::Annotations content;
  Skipped skipped;
};

// Scans the annotations piece by piece. False where a piece is not sound, or there is an error in one.
bool scan_pieces(const ListPieces& list, const CocoReadOptions& options, CocoScan& scan, FindingLog& log) {
  struct Part {
    FindingLog log;
    std::optional<CocoScan> scan;
  };
  std::vector<Part> parts(list.pieces.size());
  const bool sound = read_pieces(list, options.limits, options.pieces.threads, [&](size_t at, dom::array entries) {
    Part& part = parts[at];
    part.scan.emplace(scan, part.log).scan_part(entries, 0);
    return part.log.errors() == 0;
  });
  if (!sound) return false;
  PieceParser parser(list, options.limits);
  for (size_t at = 0; at < parts.size(); ++at) {
    std::optional<CocoScan>& part = parts[at].scan;
    if (parts[at].log.total() > 0) {  // again, as now the position of its first entry is known
      part.emplace(scan, log).scan_part(parser.parse(list.pieces[at]).value(), scan.sound_annotations());
    }
    if (!scan.append(*std::move(part))) return false;
  }
  scan.end_parts();
  return true;
}

// A large file without errors, in pieces. Nothing where it has to be read in one go, which also says what is wrong.
std::optional<Loaded> read_in_pieces(std::string_view text, const CocoReadOptions& options, FindingLog& log) {
  const CocoLimits& limits = options.limits;
  if (static_cast<int64_t>(text.size()) > limits.max_file_bytes) return std::nullopt;
  std::optional<ListPieces> list = cut_list_of_key(text, "annotations", options.pieces.bytes);
  if (!list) return std::nullopt;
  if (!options.segmentations) list->unread = rule_of(Field::annotation_segmentation).key;
  FindingLog own;
  const CocoDocument around(std::string(list->before).append(list->after), limits, own);
  if (own.total() > 0) return std::nullopt;
  CocoScan scan(around.root(), {.segmentations = options.segmentations}, own);
  const auto has_no_size = [](const ScannedImage& image) { return image.info.height == 0; };
  if (own.errors() > 0 || std::ranges::any_of(scan.images(), has_no_size)) return std::nullopt;
  if (!scan_pieces(*list, options, scan, own)) return std::nullopt;
  Loaded reading{scan.take(), {0, 0, own.counts()}};
  log = std::move(own);
  return reading;
}

Loaded read_in_one_go(std::string text, std::string_view place, const CocoReadOptions& options, FindingLog& log) {
  const bool skip = options.policy == DataPolicy::skip;
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

Loaded read_text(std::string text, std::string_view place, const CocoReadOptions& options, FindingLog& log) {
  log.refuse_errors(place, options.policy == DataPolicy::skip);
  if (std::optional<Loaded> read = read_in_pieces(text, options, log)) return *std::move(read);
  return read_in_one_go(std::move(text), place, options, log);
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

detect::Annotations parse_kept_coco(const std::string& text, std::string_view place, const CocoReadOptions& options,
                                    Skipped* skipped) {
  FindingLog log;
  std::optional<Loaded> reading = read_in_pieces(text, options, log);
  if (!reading) reading = read_in_one_go(text, place, options, log);
  if (skipped != nullptr) *skipped = std::move(reading->skipped);
  return std::move(reading->content);
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
