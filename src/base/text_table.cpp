#include "base/text_table.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/printable.h"

namespace spinenet {
namespace {

// Bytes that do not continue a UTF-8 sequence.
size_t characters_in(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_number(std::string_view text) {
  return text == "–" || (!text.empty() && text.find_first_not_of("0123456789.-+ kMGT%x") == std::string_view::npos);
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& given) {
  std::vector<std::vector<std::string>> rows = given;  // a line break or an escape in a name would break the lines
  for (std::vector<std::string>& row : rows) {
    for (std::string& cell : row) cell = printable(cell);
  }
  const size_t columns = rows.empty() ? 0 : rows.front().size();
  std::vector<size_t> widths(columns, 0);
  std::vector<bool> numbers(columns, rows.size() > 1);
  for (size_t r = 0; r < rows.size(); ++r) {
    for (size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], characters_in(rows[r][c]));
      if (r > 0 && !rows[r][c].empty() && !is_number(rows[r][c])) numbers[c] = false;
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (size_t c = 0; c < columns; ++c) {
      const std::string space(widths[c] - characters_in(row[c]), ' ');
      line += numbers[c] ? space + row[c] : row[c] + space;
      if (c + 1 < columns) line += "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string short_count(int64_t number) {
  constexpr std::array<std::string_view, 5> kUnits{"", " k", " M", " G", " T"};
  auto value = static_cast<double>(number);
  size_t unit = 0;
  for (; value >= 999.995 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{}", number) : fmt::format("{:.2f}{}", value, kUnits[unit]);
}

}  // namespace spinenet
