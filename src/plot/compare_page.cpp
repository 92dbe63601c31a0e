#include "plot/compare_page.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace spinenet::plot {
namespace {

constexpr int kCompareHeight = 320;

ChartOptions curve_options(std::string title, std::string x_label, std::string y_label) {
  ChartOptions options;
  options.title = std::move(title);
  options.x_label = std::move(x_label);
  options.y_label = std::move(y_label);
  options.width = kHalfPageWidth;
  options.height = kCompareHeight;
  return options;
}

// Points at the ends of an axis would be hard to see, and so would networks of nearly one cost far from zero.
std::string cost_chart(const ComparePage& page) {
  ChartOptions options = curve_options("Against cost", "multiply-adds (M)", page.metric);
  double low = INFINITY, high = 0;
  for (const Series& series : page.costs) {
    for (const double x : series.x) low = std::min(low, x), high = std::max(high, x);
  }
  const double margin = std::max(0.15 * (high - low), 0.05 * high);
  options.x_min = std::max(low - margin, 0.0);
  options.x_max = high + margin;
  return scatter_chart(page.costs, options);
}

std::string draw_charts(const ComparePage& page) {
  std::string content;
  if (!page.costs.empty()) content += page_chart(cost_chart(page));
  if (!page.curves.empty()) {
    ChartOptions options = curve_options("Learning", "step", page.metric);
    options.y_min = 0;
    content += page_chart(line_chart(page.curves, options));
  }
  return content.empty() ? "" : page_section(page.metric, page_charts(content));
}

std::string draw_differences(const ComparePage& page) {
  std::string content;
  for (const auto& [number, curves] : page.difference_curves) {
    content +=
        page_chart(line_chart(curves, curve_options(fmt::format("Difference in {}", number), "step", "difference")));
  }
  if (!content.empty()) content = page_charts(content);
  return page_table("Differences", page.differences, page.differences_note, content);
}

// One scale for all groups, so that they can be compared.
std::string draw_sizes(const ComparePage& page) {
  if (page.sizes.empty()) return "";
  double high = 0;
  for (const auto& group : page.sizes) {
    for (const Bar& bar : group.bars) {
      if (std::isfinite(bar.value)) high = std::max(high, bar.value);
    }
  }
  std::string content;
  for (const auto& group : page.sizes) {
    ChartOptions options = curve_options(group.title, page.metric, "");
    if (high > 0) options.x_max = high;
    content += page_chart(bar_chart(group.bars, options));
  }
  return page_section("By object size", page_charts(content));
}

std::string draw_images(const std::vector<std::vector<ComparedImage>>& rows) {
  std::string html;
  for (const std::vector<ComparedImage>& row : rows) {
    html += fmt::format("<div class=\"columns\" style=\"grid-template-columns:repeat({},minmax(180px,1fr))\">\n",
                        row.size());
    for (const ComparedImage& image : row) html += page_image(image.label, "image/jpeg", image.jpeg);
    html += "</div>\n";
  }
  return html.empty() ? "" : page_section("The same images", html);
}

}  // namespace

std::string render_compare_page(const ComparePage& page) {
  std::string html = page_head(page.title, page.subtitle);
  html += page_notes(page.notes);
  html += page_table("Networks", page.networks);
  html += page_table("Result", page.table);
  html += draw_differences(page);
  html += draw_charts(page);
  html += draw_sizes(page);
  html += draw_images(page.images);
  html += page_facts(page.facts);
  return html + page_tail();
}

}  // namespace spinenet::plot
