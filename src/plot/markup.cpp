#include "plot/markup.h"

#include <cstddef>
#include <cstdint>

namespace spinenet::plot {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the well-formed UTF-8 character at the start of `text`, 0 where there is none (Unicode, table 3-7), and its
// code point.
size_t take_character(std::string_view text, uint32_t& code) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) {
    code = first;
    return 1;
  }
  const size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  code = first & (0xFFU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return 0;
    code = code << 6 | (next & 0x3FU);
  }
  const bool shortest = code >= (size == 4 ? 0x10000U : size == 3 ? 0x800U : 0x80U);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return shortest && !surrogate && code <= 0x10FFFF ? size : 0;
}

// The Char production of XML 1.0.
bool allowed_in_xml(uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code != 0x7F && code != 0xFFFE && code != 0xFFFF;
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    uint32_t code = 0;
    const size_t size = take_character(text, code);
    if (size == 0 || !allowed_in_xml(code)) {
      result += kReplacement;
    } else if (const std::string_view escaped = entity(text[0]); !escaped.empty()) {
      result += escaped;
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return result;
}

// Colours are written twice instead of through CSS variables, which programs other than browsers do not know.
std::string_view chart_style() {
  return R"(.chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:11.5px}
.chart .title{font-size:13.5px;font-weight:600}.chart .title,.chart .value{fill:#1b2530}
.chart .label,.chart .tick{fill:#5c6873}.chart .tick{font-size:11px}.chart .over{fill:#fff}
.chart .tick,.chart .value,.chart .over{font-variant-numeric:tabular-nums}
.chart .grid{stroke:#e6eaee}.chart .axis{stroke:#aeb8c1}.chart .cell{fill:#f1f4f6}
.chart .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.chart .dashed{stroke-dasharray:6 4}.chart .dotted{stroke-dasharray:1 4}
.chart .s0{stroke:#1668c7}.chart .s1{stroke:#d4511e}.chart .s2{stroke:#0b8457}.chart .s3{stroke:#8642b0}
.chart .s4{stroke:#b07d05}.chart .s5{stroke:#c2255c}.chart .s6{stroke:#0c8599}.chart .s7{stroke:#66737f}
.chart .f0{fill:#1668c7}.chart .f1{fill:#d4511e}.chart .f2{fill:#0b8457}.chart .f3{fill:#8642b0}
.chart .f4{fill:#b07d05}.chart .f5{fill:#c2255c}.chart .f6{fill:#0c8599}.chart .f7{fill:#66737f}
@media (prefers-color-scheme:dark){.chart .title,.chart .value{fill:#e8ecef}
.chart .label,.chart .tick{fill:#9aa6b1}.chart .over{fill:#0c131a}
.chart .grid{stroke:#28323b}.chart .axis{stroke:#56636e}.chart .cell{fill:#1d262e}
.chart .s0{stroke:#62aefc}.chart .s1{stroke:#ff9166}.chart .s2{stroke:#48c98f}.chart .s3{stroke:#c592ea}
.chart .s4{stroke:#e3b341}.chart .s5{stroke:#f47ba3}.chart .s6{stroke:#4cc5d6}.chart .s7{stroke:#a4b0bb}
.chart .f0{fill:#62aefc}.chart .f1{fill:#ff9166}.chart .f2{fill:#48c98f}.chart .f3{fill:#c592ea}
.chart .f4{fill:#e3b341}.chart .f5{fill:#f47ba3}.chart .f6{fill:#4cc5d6}.chart .f7{fill:#a4b0bb}})";
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t size = bytes.size() - i < 3 ? bytes.size() - i : 3;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < size ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) result += k <= size ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return result;
}

}  // namespace spinenet::plot
