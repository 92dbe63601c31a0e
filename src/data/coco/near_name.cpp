#include "data/coco/near_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "base/printable.h"

namespace spinenet::data {
namespace {

namespace fs = std::filesystem;

// The plain small letter of each letter from `first` on; a point where there is none.
struct LetterRow {
  uint32_t first = 0;
  std::string_view letters;
};
constexpr std::array<LetterRow, 4> kLetters{{
    {0x00C0, "aaaaaa.ceeeeiiii.nooooo..uuuuy..aaaaaa.ceeeeiiii.nooooo..uuuuy.y"},
    {0x0100,
     "aaaaaaccccccccdd..eeeeeeeeeegggggggghh..iiiiiiiii...jjkk.llllll....nnnnnn...oooooo..rrrrrrssssss"
     "sstttt..uuuuuuuuuuuuwwyyyzzzzzz."},
    {0x0180,
     "................................oo.............uu............................aaiioouuuuuuuuuu.aa"
     "aa....ggkkoooo..j...gg..nnaa....aaaaeeeeiiiioooorrrruuuusstt..hh......aaeeooooooooyy............"
     "................"},
    {0x1E00,
     "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr"
     "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy......aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
     "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy......"},
}};

std::string without_percent_codes(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    unsigned byte = 0;
    const char* begin = name.data() + i + 1;
    const bool code =
        name[i] == '%' && i + 2 < name.size() && std::from_chars(begin, begin + 2, byte, 16).ptr == begin + 2;
    out += code ? static_cast<char>(byte) : name[i];
    if (code) i += 2;
  }
  return out;
}

bool is_mark(uint32_t code) {
  return (code >= 0x300 && code <= 0x36F) || code == 0x3099 || code == 0x309A;
}

void append_code(std::string& out, uint32_t code) {
  out += std::to_string(code);
  out += ';';
}

// Japanese letters with a voicing mark stand behind the plain one.
uint32_t plain_kana(uint32_t code) {
  const uint32_t katakana = code >= 0x30A0 ? 0x60 : 0;
  const uint32_t c = code - katakana;
  if (c == 0x3094) return 0x3046 + katakana;
  if (c >= 0x304B && c <= 0x3062) return code - (c % 2 == 0 ? 1 : 0);
  if (c >= 0x3064 && c <= 0x3069) return code - (c % 2 == 1 ? 1 : 0);
  if (c >= 0x306F && c <= 0x307D) return code - (c % 3);
  return code;
}

uint32_t folded_letter(uint32_t code) {
  if (code >= 'A' && code <= 'Z') return code + 32;
  for (const LetterRow& row : kLetters) {
    if (code < row.first || code >= row.first + row.letters.size()) continue;
    const char letter = row.letters[code - row.first];
    if (letter != '.') return static_cast<uint32_t>(letter);
  }
  if (code == 0x419 || code == 0x439) return 0x438;                   // short i
  if (code == 0x401 || code == 0x451) return 0x435;                   // io
  if (code == 0x407 || code == 0x457 || code == 0x406) return 0x456;  // yi
  if (code >= 0x391 && code <= 0x3A9) return code + 32;
  if (code >= 0x410 && code <= 0x42F) return code + 32;
  if (code >= 0x3041 && code <= 0x30FF) return plain_kana(code);
  return code;
}

// Syllables of Korean as their two or three parts.
void append_folded(std::string& out, uint32_t code) {
  if (code < 0xAC00 || code > 0xD7A3) return append_code(out, folded_letter(code));
  const uint32_t syllable = code - 0xAC00;
  append_code(out, 0x1100 + syllable / 588);
  append_code(out, 0x1161 + syllable % 588 / 28);
  if (syllable % 28 != 0) append_code(out, 0x11A7 + syllable % 28);
}

std::string_view without_spaces(std::string_view part) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t first = part.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return "";
  return part.substr(first, part.find_last_not_of(kSpaces) + 1 - first);
}

std::string_view last_part(std::string_view folded) {
  return folded.substr(folded.rfind('/') + 1);
}

}  // namespace

std::string folded_name(std::string_view name) {
  std::string plain = without_percent_codes(name);
  for (char& c : plain) c = c == '\\' ? '/' : c;
  std::string out;
  for (size_t begin = 0; begin <= plain.size();) {
    const size_t end = std::min(plain.find('/', begin), plain.size());
    const std::string_view part = without_spaces(std::string_view(plain).substr(begin, end - begin));
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    for (size_t at = 0; at < part.size();) {
      const Symbol symbol = symbol_at(part, at);
      if (symbol.bytes == 0) {
        append_code(out, 0x110000U + static_cast<uint8_t>(part[at++]));
        continue;
      }
      at += symbol.bytes;
      if (!is_mark(symbol.code)) append_folded(out, symbol.code);
    }
  }
  return out;
}

NearNames::NearNames(const fs::path& folder) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unknown;
    if (!entry->is_regular_file(unknown)) continue;
    const std::string name = entry->path().lexically_relative(folder).string();
    const std::string folded = folded_name(name);
    by_file_.emplace(last_part(folded), name);
    by_path_.emplace(folded, name);
  }
}

std::string NearNames::near(std::string_view name) const {
  const std::string folded = folded_name(name);
  if (const auto found = by_path_.find(folded); found != by_path_.end()) return found->second;
  const auto found = by_file_.find(std::string(last_part(folded)));
  return found == by_file_.end() ? "" : found->second;
}

}  // namespace spinenet::data
