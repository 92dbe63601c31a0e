#include "train/report_classify.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/score_text.h"
#include "image/draw.h"
#include "train/report_images.h"

namespace spinenet::train {
namespace {

constexpr size_t kClassImages = 12;
constexpr size_t kMistakes = 20;               // in the table
constexpr size_t kLargestConfusionTable = 24;  // classes: more are not readable

plot::ReportTable class_table(const eval::TopKMetrics& metrics) {
  plot::ReportTable table{"Classes", "class", {"images", "top 1", "top 5", "precision"}, {}, 1};
  for (const eval::ClassAccuracy& c : metrics.per_class) {
    table.rows.push_back({c.name, {static_cast<double>(c.images), c.top1, c.top5, c.precision}});
  }
  return table;
}

plot::ReportTable group_table(const eval::TopKMetrics& metrics) {
  plot::ReportTable table{"Super-categories", "super-category", {"images", "very class", "super-category"}, {}, 2};
  for (const eval::GroupAccuracy& g : metrics.per_group) {
    table.rows.push_back({g.name, {static_cast<double>(g.images), g.top1, g.group_top1}});
  }
  return table;
}

// Pairs of classes by how often the second was found for the first.
plot::ReportTable mistake_table(const eval::TopKMetrics& metrics) {
  plot::ReportTable table{"Most frequent mistakes", "class, taken for", {"times", "of its images"}, {}, 1};
  const size_t classes = metrics.per_class.size();
  for (size_t truth = 0; truth < classes; ++truth) {
    for (size_t found = 0; found < classes; ++found) {
      const auto times = static_cast<double>(metrics.confusion[truth * classes + found]);
      if (truth == found || times == 0) continue;
      const eval::ClassAccuracy& c = metrics.per_class[truth];
      table.rows.push_back({fmt::format("{}, {}", c.name, metrics.per_class[found].name),
                            {times, times / static_cast<double>(c.images)}});
    }
  }
  std::ranges::stable_sort(table.rows, [](const auto& a, const auto& b) { return a.values > b.values; });
  table.rows.resize(std::min(table.rows.size(), kMistakes));
  return table;
}

std::vector<plot::Series> calibration_curves(const eval::TopKMetrics& metrics) {
  plot::Series measured{"measured", {}, {}};
  for (const eval::CalibrationBin& bin : metrics.calibration) {
    if (bin.images == 0) continue;
    measured.x.push_back(bin.score);
    measured.y.push_back(bin.accuracy);
  }
  return {std::move(measured), {"perfect", {0, 1}, {0, 1}}};
}

plot::ReportImage draw_sample(const image::Image& image, const eval::Classified& found,
                              const eval::TopKMetrics& metrics) {
  const int best = eval::best_classes(found.scores, 1).front();
  const std::string& name = metrics.per_class[static_cast<size_t>(best)].name;
  image::DrawnObject said;
  said.label = best;
  said.name = name;
  said.detail = fmt::format("{:.2f}", found.scores[static_cast<size_t>(best)]);
  const std::string& truth = metrics.per_class[static_cast<size_t>(found.label)].name;
  return {best == found.label ? fmt::format("{}, found", truth) : fmt::format("{}, taken for {}", truth, name),
          drawn_for_report(image, {&said, 1})};
}

std::vector<plot::ReportImage> sample_images(const data::Dataset& val, std::span<const eval::Classified> found,
                                             const eval::TopKMetrics& metrics) {
  std::vector<plot::ReportImage> images;
  const int64_t stride = std::max<int64_t>(1, val.size() / static_cast<int64_t>(kClassImages));
  for (int64_t i = 0; i < val.size() && images.size() < kClassImages; i += stride) {
    try {
      const data::LabelledImage sample = val.get(i);
      const auto at = std::ranges::find(found, sample.image_id, &eval::Classified::image_id);
      if (at != found.end()) add_if_room(images, draw_sample(sample.image, *at, metrics));
    } catch (const Error& error) {
      log_warning(fmt::format("left out of the report: {}", error.what()));
    }
  }
  return images;
}

}  // namespace

void add_classification(plot::ReportData& report, const data::Dataset& val, std::span<const eval::Classified> found,
                        const eval::TopKMetrics& metrics) {
  for (const auto& [name, value] : eval::named_numbers(metrics)) {
    report.headline.push_back({name, score_text(value)});
  }
  report.tables.push_back(class_table(metrics));
  if (!metrics.per_group.empty()) report.tables.push_back(group_table(metrics));
  report.tables.push_back(mistake_table(metrics));
  report.calibration = calibration_curves(metrics);
  if (metrics.per_class.size() <= kLargestConfusionTable) {
    for (const eval::ClassAccuracy& c : metrics.per_class) report.confusion.names.push_back(c.name);
    report.confusion.counts.assign(metrics.confusion.begin(), metrics.confusion.end());
  }
  report.images = sample_images(val, found, metrics);
}

}  // namespace spinenet::train
