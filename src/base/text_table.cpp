#include "base/text_table.h"

#include <algorithm>
#include <array>

#include "base/format.h"

namespace spinenet {
namespace {

// Bytes that do not continue a UTF-8 sequence.
size_t characters_in(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The character that begins the text and its length in bytes; a length of 0 where it is no UTF-8.
struct Character {
  uint32_t code = 0;
  size_t length = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  uint32_t code = lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool sound = code >= kLeast[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return sound ? Character{code, length} : Character{};
}

// Controls, line and paragraph ends, and what turns the direction of writing.
bool is_printing(uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029;
  const bool direction = code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
                         (code >= 0x2066 && code <= 0x2069) || code == 0x061C;
  return !control && !direction;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-+ kMGT%x") == std::string_view::npos;
}

}  // namespace

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
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

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.length > 0 && is_printing(c.code)) {
      shown += text.substr(0, c.length);
    } else if (c.code == '\n') {
      shown += "\\n";
    } else if (c.code == '\t') {
      shown += "\\t";
    } else if (c.code == '\r') {
      shown += "\\r";
    } else if (c.length == 0) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(text.front())));
    } else {
      shown += c.code < 0x80 ? fmt::format("\\x{:02x}", c.code) : fmt::format("\\u{:04x}", c.code);
    }
    text.remove_prefix(std::max<size_t>(c.length, 1));
  }
  return shown;
}

}  // namespace spinenet
