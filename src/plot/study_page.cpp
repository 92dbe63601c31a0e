#include "plot/study_page.h"

#include "base/format.h"

namespace spinenet::plot {
namespace {

constexpr int kHeight = 300;

ChartOptions options_of(std::string title, std::string x_label, std::string y_label) {
  ChartOptions options;
  options.title = std::move(title);
  options.x_label = std::move(x_label);
  options.y_label = std::move(y_label);
  options.width = kHalfPageWidth;
  options.height = kHeight;
  return options;
}

std::string draw_scores(const StudyPage& page) {
  if (page.scores.x.empty()) return "";
  std::string content = page_chart(line_chart(page.best_so_far, options_of("Best so far", "trial", page.score_name)));
  content += page_chart(scatter_chart(std::span(&page.scores, 1), options_of("Each trial", "trial", page.score_name)));
  return page_section("Score over trials", page_charts(content));
}

std::string draw_costs(const StudyPage& page) {
  if (page.costs.empty()) return "";
  ChartOptions options = options_of("", "multiply-adds (M)", page.score_name);
  options.width = kPageWidth;
  return page_section("Score against cost",
                      fmt::format("<div class=\"wide\">{}</div>\n", scatter_chart(page.costs, options)));
}

std::string draw_levels(const StudyPage& page) {
  if (page.levels_all.values.empty()) return "";
  std::string content = page_chart(heat_map(page.levels_all, options_of("All trials", "level", "place in the order")));
  if (!page.levels_best.values.empty()) {
    content += page_chart(heat_map(page.levels_best, options_of("The best tenth", "level", "place in the order")));
  }
  return page_section("Order of the blocks", page_charts(content));
}

std::string draw_parents(const StudyPage& page) {
  if (page.parents_all.empty()) return "";
  std::string content = page_chart(bar_chart(page.parents_all, options_of("All trials", "share of connections", "")));
  if (!page.parents_best.empty()) {
    content += page_chart(bar_chart(page.parents_best, options_of("The best tenth", "share of connections", "")));
  }
  return page_section("How far back parents stand", page_charts(content));
}

// A drawing is a document of its own: its style must not reach the page's charts.
std::string draw_networks(const std::vector<StudyNetwork>& networks) {
  if (networks.empty()) return "";
  std::string html;
  for (const StudyNetwork& network : networks) {
    html += "<div class=\"wide\">" + page_image(network.label, "image/svg+xml", network.svg) + "</div>\n";
  }
  return page_section("Best networks", html);
}

}  // namespace

std::string render_study_page(const StudyPage& page) {
  std::string html = page_head(page.title, page.subtitle);
  html += page_headline(page.headline);
  html += page_notes(page.notes);
  html += draw_scores(page);
  html += draw_costs(page);
  html += page_table("Best trials", page.best);
  html += draw_networks(page.networks);
  html += draw_levels(page);
  html += draw_parents(page);
  html += page_table("Trials without a measurement", page.failures);
  html += page_facts(page.facts);
  html += page_recipe(page.recipe);
  return html + page_tail();
}

}  // namespace spinenet::plot
