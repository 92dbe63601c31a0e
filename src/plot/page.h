// Pieces of a page that holds everything it shows: the report of a run, the page of a study. One HTML text, styles,
// charts and images included, that needs no network.
//
// All text comes from outside and is escaped here. Pieces without content are empty.
// Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::plot {

inline constexpr int kPageWidth = 1024;     // pixels that a chart of full width has
inline constexpr int kHalfPageWidth = 494;  // and one of two that stand side by side

struct ReportFact {
  std::string name;
  std::string value;
};

// Up to and with the headings.
std::string page_head(std::string_view title, std::string_view subtitle);
std::string page_tail();
// `content` is markup.
std::string page_section(std::string_view title, std::string_view content);
// Charts side by side: `cells` are page_chart()s, of an SVG each.
std::string page_charts(std::string_view cells);
std::string page_chart(std::string_view svg);
// The few numbers that matter, shown large.
std::string page_headline(const std::vector<ReportFact>& facts);
std::string page_notes(const std::vector<std::string>& notes);
std::string page_facts(const std::vector<ReportFact>& facts);
std::string page_recipe(const std::string& recipe);
// Cells as they are.
struct PageTable {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
  size_t numbers_from = SIZE_MAX;  // this column and those behind it stand to the right
};
// `note` stands below it, `more` is markup behind that.
std::string page_table(std::string_view title, const PageTable& table, std::string_view note = {},
                       std::string_view more = {});
// A figure with its label below; the file travels inside.
std::string page_image(std::string_view label, std::string_view media_type, std::string_view bytes);
// Two of one size side by side, each with a word below, and a label for both.
struct PageImage {
  std::string_view label, media_type, bytes;
};
std::string page_image_pair(const PageImage& left, const PageImage& right, std::string_view label);

}  // namespace spinenet::plot
