#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/output.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_document.h"
#include "data/coco/coco_inspection.h"
#include "data/coco/coco_values.h"

namespace spinenet::data {
namespace {

// Ids that no annotation has: those above all others, and when these are used up, from 1.
class FreeIds {
 public:
  explicit FreeIds(const Json& annotations) {
    for (const Json& annotation : annotations) {
      const auto id = annotation.is_object() ? annotation.find("id") : annotation.end();
      if (id == annotation.end() || !id->is_number()) continue;
      const auto number = id->get<double>();
      if (number >= 0 && number <= static_cast<double>(kMaxId)) used_.insert(static_cast<int64_t>(number));
    }
    if (!used_.empty()) last_ = *std::max_element(used_.begin(), used_.end());
  }
  int64_t next() {
    do {
      last_ = last_ < kMaxId ? last_ + 1 : 1;
    } while (!used_.insert(last_).second);
    return last_;
  }

 private:
  std::unordered_set<int64_t> used_;
  int64_t last_ = 0;
};

void mend(Json& annotation, const AnnotationRepair& repair, FreeIds& ids) {
  if (repair.renumber) annotation["id"] = ids.next();
  if (repair.clear_crowd) annotation["iscrowd"] = 0;
  if (repair.bbox) annotation["bbox"] = *repair.bbox;
  if (repair.area) annotation["area"] = *repair.area;
  for (auto bad = repair.bad_polygons.rbegin(); bad != repair.bad_polygons.rend(); ++bad) {
    annotation["segmentation"].erase(static_cast<size_t>(*bad));
  }
}

int64_t mend_annotations(Json& annotations, const Inspection& inspection) {
  FreeIds ids(annotations);
  Json kept = Json::array();
  int64_t position = -1;
  for (Json& annotation : annotations) {
    ++position;
    const auto found = inspection.annotations.find(position);
    if (found != inspection.annotations.end()) {
      if (found->second.drop) continue;
      mend(annotation, found->second, ids);
    }
    kept.push_back(std::move(annotation));
  }
  const auto dropped = static_cast<int64_t>(annotations.size() - kept.size());
  annotations = std::move(kept);
  return dropped;
}

// Counted by a second look: what needs a file that is not there stays.
std::map<std::string, int64_t> gone(const CheckReport& before, const std::string& repaired,
                                    const std::filesystem::path& image_dir, const CheckOptions& options) {
  FindingLog log;
  CheckOptions headers;
  headers.limits = options.limits;
  headers.files = {.decode = false, .threads = options.files.threads};
  inspect_coco(repaired, image_dir, headers, log);
  std::map<std::string, int64_t> counts;
  for (int i = 0; i < kFaultCount; ++i) {
    const auto fault = static_cast<Fault>(i);
    const auto found = before.counts.find(code(fault));
    if (!rule(fault).fixable || found == before.counts.end()) continue;
    const int64_t fewer = found->second - log.count(fault);
    if (fewer > 0) counts[code(fault)] = fewer;
  }
  return counts;
}

FixReport fix(const std::string& text, const std::filesystem::path& image_dir, const CheckOptions& options,
              std::string_view place, std::string& repaired) {
  FindingLog log;
  const Inspection inspection = inspect_coco(text, image_dir, options, log);
  if (!inspection.sound_text) log.refuse_errors(place);
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::string_view body = text;
  if (body.starts_with(kMark)) body.remove_prefix(kMark.size());
  Json json = parse_json(body, place);
  FixReport report;
  report.before = inspection.report;
  for (const auto& [position, size] : inspection.image_sizes) {
    Json& image = json["images"][static_cast<size_t>(position)];
    image["height"] = size.height;
    image["width"] = size.width;
  }
  if (json.is_object() && json.contains("annotations") && json["annotations"].is_array()) {
    report.dropped_annotations = mend_annotations(json["annotations"], inspection);
  }
  repaired = json.dump() + "\n";
  report.repaired = gone(inspection.report, repaired, image_dir, options);
  return report;
}

}  // namespace

FixReport fix_coco(const std::filesystem::path& annotation_path, const std::filesystem::path& image_dir,
                   const Output& output, const CheckOptions& options) {
  FindingLog log;
  const std::string text = read_limited(annotation_path.string(), options.limits, log);
  log.refuse_errors(annotation_path.string());
  std::string repaired;
  FixReport report = fix(text, image_dir, options, annotation_path.string(), repaired);
  output.write(repaired);
  return report;
}

FixReport fix_coco_text(const std::string& text, const std::filesystem::path& image_dir, std::string& repaired,
                        const CheckOptions& options) {
  return fix(text, image_dir, options, "", repaired);
}

}  // namespace spinenet::data
