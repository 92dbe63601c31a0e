#include "data/coco/printable.h"

#include "base/format.h"

namespace spinenet::data {
namespace {

bool is_hidden(uint32_t code) {
  const bool separator = code == 0x2028 || code == 0x2029 || code == 0xFEFF;
  const bool direction =
      (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069);
  return separator || direction || (code >= 0x7F && code < 0xA0);
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
    const size_t bytes = symbol.bytes > 0 ? symbol.bytes : 1;
    if (symbol.bytes == 0) {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[at]));
    } else if (symbol.code == '\n') {
      out += "\\n";
    } else if (symbol.code == '\r') {
      out += "\\r";
    } else if (symbol.code == '\t') {
      out += "\\t";
    } else if (symbol.code < 0x20 || symbol.code == 0x7F) {
      out += fmt::format("\\x{:02x}", symbol.code);
    } else if (is_hidden(symbol.code)) {
      out += fmt::format("\\u{{{:x}}}", symbol.code);
    } else {
      out += text.substr(at, bytes);
    }
    at += bytes;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const Symbol symbol = symbol_at(text, at);
    if (symbol.bytes == 0) return false;
    at += symbol.bytes;
  }
  return true;
}

}  // namespace spinenet::data
