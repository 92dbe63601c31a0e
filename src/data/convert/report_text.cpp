#include "data/convert/report_text.h"

#include <map>
#include <vector>

#include "base/format.h"
#include "base/printable.h"
#include "base/text_table.h"

namespace spinenet::data {
namespace {

std::string tally_text(std::string_view heading, const Tally& tally,
                       const std::map<std::string, std::string>& first_places = {}) {
  std::string text;
  for (const auto& [what, count] : tally) {
    const auto place = first_places.find(what);
    const std::string first = place == first_places.end() ? "" : fmt::format(" (first: {})", printable(place->second));
    text += fmt::format("  {}: {}{}\n", count, printable(what), first);
  }
  return text.empty() ? "" : fmt::format("{}:\n{}", heading, text);
}

}  // namespace

std::string report_text(const ConvertReport& report, SetFormat to, const std::string& out) {
  return fmt::format("{} images ({} without objects), {} objects ({} with masks), {} categories: {} files in {}\n",
                     report.images, report.images_without_objects, report.objects, report.masks, report.categories,
                     report.file_count, printable(out)) +
         tally_text("not kept of the source", report.not_read, report.first_places) +
         tally_text(fmt::format("not kept in {}", name_of(to)), report.not_written);
}

std::string report_text(const SplitReport& report, const std::string& out) {
  std::vector<std::vector<std::string>> rows{{"class"}};
  for (const SplitPart& part : report.parts) {
    rows.front().push_back(part.name + " images");
    rows.front().push_back(part.name + " objects");
  }
  const auto add = [&](const std::string& name, const std::vector<int64_t>& images,
                       const std::vector<int64_t>& objects) {
    std::vector<std::string> row{name};
    for (size_t i = 0; i < images.size(); ++i) {
      row.push_back(std::to_string(images[i]));
      row.push_back(std::to_string(objects[i]));
    }
    rows.push_back(std::move(row));
  };
  for (const SplitClassCount& count : report.classes) add(printable(count.category.name), count.images, count.objects);
  add("all", report.images, report.objects);
  std::string text = table_text(rows);
  if (report.without_group > 0) text += fmt::format("{} images of no group, each for itself\n", report.without_group);
  return text + fmt::format("written to {}\n", printable(out));
}

std::string report_text(const MergeReport& report, const std::string& out) {
  std::string text = fmt::format("{} files: {} images, {} annotations, {} categories in {}\n", report.files,
                                 report.images, report.annotations, report.categories, printable(out));
  if (report.images_renumbered + report.annotations_renumbered + report.categories_renumbered > 0) {
    text += fmt::format("new ids: {} images, {} annotations, {} categories\n", report.images_renumbered,
                        report.annotations_renumbered, report.categories_renumbered);
  }
  return text + tally_text("keys with another value in an earlier file, which stands", report.left_out) +
         tally_text("to be known", report.notes);
}

}  // namespace spinenet::data
