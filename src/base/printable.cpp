#include "base/printable.h"

#include <algorithm>

#include "base/format.h"

namespace spinenet {
namespace {

bool is_hidden(uint32_t code) {
  const bool separator = code == 0x2028 || code == 0x2029 || code == 0xFEFF;
  const bool direction = (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
                         (code >= 0x2060 && code <= 0x2069) || code == 0x061C;
  return separator || direction || (code >= 0x7F && code < 0xA0);
}

std::string written(const Symbol& symbol, std::string_view bytes) {
  if (symbol.bytes == 0) return fmt::format("\\x{:02x}", static_cast<uint8_t>(bytes[0]));
  if (symbol.code == '\n') return "\\n";
  if (symbol.code == '\r') return "\\r";
  if (symbol.code == '\t') return "\\t";
  if (symbol.code < 0x20 || symbol.code == 0x7F) return fmt::format("\\x{:02x}", symbol.code);
  if (is_hidden(symbol.code)) return fmt::format("\\u{{{:x}}}", symbol.code);
  return std::string(bytes);
}

}  // namespace

Symbol symbol_at(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {1, first};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xC2 || first > 0xF4 || at + bytes > text.size()) return {};
  uint32_t code = first & (0x7FU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[bytes] || surrogate || code > 0x10FFFF ? Symbol{} : Symbol{bytes, code};
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Symbol symbol = symbol_at(text, at);
    const size_t bytes = std::max<size_t>(symbol.bytes, 1);
    out += written(symbol, text.substr(at, bytes));
    at += bytes;
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    const size_t end = std::min(text.find_first_of("\n\t"), text.size());
    out += printable(text.substr(0, end));
    if (end == text.size()) return out;
    out += text[end];
    text.remove_prefix(end + 1);
  }
}

}  // namespace spinenet
