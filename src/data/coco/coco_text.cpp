#include "data/coco/coco_text.h"

#include <algorithm>

#include "base/enum_names.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"

namespace spinenet::data {
namespace {

std::string finding_text(const Finding& finding) {
  const std::string place = finding.place.empty() ? "" : printable(finding.place) + ": ";
  const std::string remedy = finding.remedy.empty() ? "" : "; " + finding.remedy;
  return fmt::format("{} {}: {}{}{}{}\n", finding.code, name_of(finding.severity), place, printable(finding.message),
                     remedy, finding.fixable ? " (`spinenet data fix` can)" : "");
}

std::string spread_text(std::string_view name, const Spread& s) {
  return fmt::format("{}: {:.0f} to {:.0f}, median {:.0f}, mean {:.1f}\n", name, s.min, s.max, s.median, s.mean);
}

std::string sides_text(const DatasetStats& s) {
  std::vector<std::vector<std::string>> rows{{"side", "boxes"}};
  int below = 4;
  for (size_t i = 0; i < s.by_side.size(); ++i, below *= 2) {
    const bool last = i + 1 == s.by_side.size();
    rows.push_back(
        {last ? fmt::format("{} and more", below / 2) : fmt::format("below {}", below), std::to_string(s.by_side[i])});
  }
  return table_text(rows);
}

std::string second_looks(const DatasetStats& s) {
  std::string text;
  const auto line = [&](int64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("  {} {}\n", count, what);
  };
  line(s.empty_classes, "classes without a box");
  line(s.tiny_boxes, "boxes with a side below 4 pixels");
  line(s.near_duplicates, "boxes that nearly repeat another");
  line(s.crowded_images, "images with more than 500 boxes");
  line(s.category_id_gaps, "ids missing between the categories'");
  if (s.imbalance > 10)
    text += fmt::format("  {:.0f} times as many boxes in the largest class as in the smallest\n", s.imbalance);
  return text.empty() ? "" : "\nworth a second look:\n" + text;
}

}  // namespace

std::string to_text(const CheckReport& report, const std::string& file) {
  std::string text;
  for (const Finding& finding : report.findings) text += finding_text(finding);
  for (const auto& [code, count] : report.counts) {
    if (count > 5) text += fmt::format("{}: {} in all, the first 5 are shown\n", code, count);
  }
  if (report.task_found) text += "checked as a set to classify: no annotation has a box or a mask (see --task)\n";
  return text + fmt::format("{}: {} images, {} annotations, {} categories: {} errors, {} warnings\n", printable(file),
                            report.images, report.annotations, report.categories, report.errors, report.warnings);
}

std::string to_text(const DatasetStats& s) {
  std::string text = fmt::format("{} images, {} without boxes\n{} boxes, {} crowd regions, {} masks\n", s.images,
                                 s.images_without_boxes, s.boxes, s.crowds, s.with_masks);
  text +=
      fmt::format("small {}, medium {}, large {} (below 32x32, below 96x96, the rest)\n", s.small, s.medium, s.large);
  text += spread_text("boxes in an image", s.boxes_per_image);
  text += spread_text("height", s.image_height) + spread_text("width", s.image_width) + "\n";
  std::vector<std::vector<std::string>> rows{{"id", "class", "boxes", "images"}};
  for (const ClassCount& c : s.classes) {
    rows.push_back(
        {std::to_string(c.category.id), printable(c.category.name), std::to_string(c.boxes), std::to_string(c.images)});
  }
  return text + table_text(rows) + "\n" + sides_text(s) + second_looks(s);
}

std::string to_text(const DatasetAdvice& a) {
  return fmt::format(
      "\nadvice for a detector (fit_to_data of a recipe follows it):\n"
      "image_size {}: {}\nanchor_size {}, aspect_ratios [{}]: {}\n",
      a.image_size, a.image_size_reason, a.anchor_size, fmt::join(a.aspect_ratios, ", "), a.anchor_reason);
}

std::string to_text(const FixReport& report, const std::string& out) {
  std::string text;
  for (const auto& [code, count] : report.repaired) text += fmt::format("{}: {} repaired\n", code, count);
  for (const auto& [name, count] : named_changes(report.changes)) {
    if (count == 0) continue;
    std::string words(name);
    std::ranges::replace(words, '_', ' ');
    text += fmt::format("{}: {}\n", words, count);
  }
  if (report.before.task_found) text += "taken as a set to classify: no annotation has a box or a mask (see --task)\n";
  text += fmt::format("{} annotations left out of {}\n", report.dropped_annotations, printable(out));
  if (report.left.empty()) return text + "nothing is left to repair\n";
  text += "left in the copy:";
  std::string_view separator = " ";
  for (const auto& [code, count] : report.left) {
    text += fmt::format("{}{} {}x", separator, code, count);
    separator = ", ";
  }
  return text + "; `spinenet data check` has the places\n";
}

Json to_json(const FixReport& report, const std::string& out) {
  Json repaired = Json::object();
  for (const auto& [code, count] : report.repaired) repaired[code] = count;
  Json changes = Json::object();
  for (const auto& [name, count] : named_changes(report.changes)) changes[std::string(name)] = count;
  Json left = Json::object();
  for (const auto& [code, count] : report.left) left[code] = count;
  return Json{{"out", out},
              {"repaired", repaired},
              {"changes", changes},
              {"left", left},
              {"dropped_annotations", report.dropped_annotations},
              {"before", to_json(report.before)}};
}

}  // namespace spinenet::data
