#include "plot/report.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "base/score_text.h"
#include "plot/heat_map.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

constexpr int kChartHeight = 290;

std::string draw_curves(const std::vector<ReportCurve>& curves) {
  if (curves.empty()) return "";
  std::string html;
  for (const ReportCurve& curve : curves) {
    ChartOptions options;
    options.title = curve.title;
    options.x_label = "step";
    options.y_label = curve.y_label;
    options.log_y = curve.log_y;
    options.width = kHalfPageWidth;
    options.height = kChartHeight;
    html += page_chart(line_chart(curve.series, options));
  }
  return page_section("Training", page_charts(html));
}

std::string draw_precision_recall(const std::vector<Series>& curves) {
  if (curves.empty()) return "";
  ChartOptions options;
  options.x_label = "recall";
  options.y_label = "precision";
  options.x_min = options.y_min = 0;
  options.x_max = options.y_max = 1;
  options.width = kPageWidth;
  options.height = 400;
  return page_section("Precision and recall",
                      fmt::format("<div class=\"wide\">{}</div>\n", line_chart(curves, options)));
}

std::string draw_confusion(const ConfusionTable& confusion) {
  if (confusion.names.empty()) return "";
  ChartOptions options;
  options.x_label = "found";
  options.y_label = "true";
  options.width = kPageWidth;
  const HeatMap map{confusion.names, confusion.names, confusion.counts};
  return page_section("Confusion", fmt::format("<div class=\"wide\">{}</div>\n", heat_map(map, options)));
}

std::string score_cell(double score) {
  return fmt::format("<td class=\"number\">{}</td>", score_text(score));
}

std::string draw_classes(const std::vector<ReportClass>& classes) {
  if (classes.empty()) return "";
  std::string html =
      "<div class=\"wide\"><table>\n<thead><tr><th class=\"number\">id</th><th class=\"name\">class</th>"
      "<th class=\"number\">objects</th><th class=\"number\">AP</th><th class=\"number\">AP50</th>"
      "<th class=\"number\">AP75</th><th class=\"number\">recall</th><th></th></tr></thead>\n<tbody>\n";
  for (const ReportClass& row : classes) {
    const double share = std::isfinite(row.ap) ? std::clamp(row.ap, 0.0, 1.0) : 0;
    html += fmt::format(
        "<tr><td class=\"number\">{}</td><td>{}</td><td class=\"number\">{}</td>{}{}{}{}"
        "<td class=\"share\"><span><i style=\"width:{:.1f}%\"></i></span></td></tr>\n",
        row.id, escape_markup(row.name), row.objects, score_cell(row.ap), score_cell(row.ap50), score_cell(row.ap75),
        score_cell(row.recall), 100 * share);
  }
  return page_section("Classes", html + "</tbody></table></div>\n");
}

std::string draw_table(const ReportTable& table) {
  std::string html = fmt::format("<div class=\"wide\"><table>\n<thead><tr><th class=\"name\">{}</th>",
                                 escape_markup(table.name_column));
  for (const std::string& column : table.columns) {
    html += fmt::format("<th class=\"number\">{}</th>", escape_markup(column));
  }
  html += "<th></th></tr></thead>\n<tbody>\n";
  for (const ReportTable::Row& row : table.rows) {
    if (row.values.size() != table.columns.size() || table.bar >= row.values.size()) {
      fail(ErrorKind::failed, fmt::format("the row \"{}\" does not fit the columns", row.name),
           fmt::format("report table \"{}\"", table.title));
    }
    html += fmt::format("<tr><td>{}</td><td class=\"number\">{:.0f}</td>", escape_markup(row.name), row.values[0]);
    for (size_t i = 1; i < row.values.size(); ++i) html += score_cell(row.values[i]);
    const double bar = row.values[table.bar];
    html += fmt::format("<td class=\"share\"><span><i style=\"width:{:.1f}%\"></i></span></td></tr>\n",
                        100 * (std::isfinite(bar) ? std::clamp(bar, 0.0, 1.0) : 0));
  }
  return page_section(table.title, html + "</tbody></table></div>\n");
}

std::string draw_calibration(const std::vector<Series>& curves) {
  if (curves.empty()) return "";
  ChartOptions options;
  options.x_label = "score";
  options.y_label = "share that is right";
  options.x_min = options.y_min = 0;
  options.x_max = options.y_max = 1;
  options.width = kHalfPageWidth;
  options.height = kChartHeight;
  return page_section("Calibration", fmt::format("<div class=\"wide\">{}</div>\n", line_chart(curves, options)));
}

std::string_view media_type(const std::string& bytes, const std::string& label) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  fail(ErrorKind::failed, "neither a PNG nor a JPEG file", fmt::format("report image \"{}\"", label));
}

std::string draw_image(const ReportImage& image) {
  const std::string_view type = media_type(image.bytes, image.label);
  if (image.truth.empty()) return page_image(image.label, type, image.bytes);
  return page_image_pair({"annotated", media_type(image.truth, image.label), image.truth}, {"found", type, image.bytes},
                         image.label);
}

std::string draw_images(const std::vector<ReportImage>& images) {
  if (images.empty()) return "";
  const bool pairs = std::ranges::any_of(images, [](const ReportImage& image) { return !image.truth.empty(); });
  std::string html = fmt::format("<div class=\"images{}\">\n", pairs ? " pairs" : "");
  for (const ReportImage& image : images) html += draw_image(image);
  return page_section("Predictions", html + "</div>\n");
}

}  // namespace

std::string render_report(const ReportData& data) {
  std::string html = page_head(data.title, data.subtitle);
  html += page_headline(data.headline);
  html += page_notes(data.notes);
  html += draw_images(data.images);
  html += draw_curves(data.curves);
  html += draw_precision_recall(data.precision_recall);
  html += draw_classes(data.classes);
  for (const ReportTable& table : data.tables) html += draw_table(table);
  html += draw_calibration(data.calibration);
  html += draw_confusion(data.confusion);
  html += page_facts(data.facts);
  html += page_recipe(data.recipe);
  return html + page_tail();
}

}  // namespace spinenet::plot
