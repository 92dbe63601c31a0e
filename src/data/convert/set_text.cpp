#include "data/convert/set_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/yaml.h"
#include "data/coco/coco_root.h"

namespace spinenet::data {
namespace {

constexpr std::string_view kSpaces = " \t\r\n\f\v";

template <class T>
std::optional<T> number_as(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::string checked_text(std::string text, std::string_view place) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (is_utf8(text)) return text;
  fail(ErrorKind::bad_data, "is not UTF-8 text", printable(place), "save the file as UTF-8");
}

std::string read_set_file(const std::filesystem::path& path) {
  const std::string place = printable(path.string());
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  const std::string_view kind = other_than_file(status.type());
  if (!kind.empty()) fail(ErrorKind::bad_data, fmt::format("is a {}", kind), place, "name a file");
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, error));
  if (!error && size > kMaxSetFileBytes) {
    fail(ErrorKind::bad_data, fmt::format("has {} bytes, of which at most {} are read", size, kMaxSetFileBytes), place,
         "divide it");
  }
  return checked_text(read_file(path), place);
}

std::optional<double> number_in(std::string_view text) {
  const std::optional<double> number = number_as<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<int64_t> integer_in(std::string_view text) {
  return number_as<int64_t>(text);
}

std::optional<bool> flag_in(std::string_view text) {
  const std::string word = lower_case(trimmed(text));
  if (word == "0" || word == "false" || word == "no") return false;
  if (word == "1" || word == "true" || word == "yes") return true;
  return std::nullopt;
}

std::string number_text(double number) {
  return fmt::format("{}", number + 0.0);
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(text.starts_with("\r\n") ? 2 : std::min<size_t>(1, text.size()));
  }
  return lines;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(kSpaces); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

std::string without_suffix(std::string_view name) {
  const size_t slash = name.rfind('/');
  const size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = name.rfind('.');
  return std::string(dot == std::string_view::npos || dot <= begin ? name : name.substr(0, dot));
}

void check_coordinate(double pixels, std::string_view place) {
  constexpr double kMost = 10'000'000;
  if (std::abs(pixels) <= kMost) return;
  fail(ErrorKind::bad_data, fmt::format("{} pixels are further than any image reaches", pixels), place,
       "correct the number");
}

}  // namespace spinenet::data
