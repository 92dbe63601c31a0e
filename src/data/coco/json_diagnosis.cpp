#include "data/coco/json_diagnosis.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/format.h"
#include "base/json.h"

namespace spinenet::data {
namespace {

struct Level {
  bool array = false;
  int64_t index = -1;
  std::string key;
};

struct Diagnosis {
  Fault fault = Fault::not_json;
  std::string message;
};

std::string line_and_column(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t start = before.rfind('\n');
  return fmt::format("line {}, column {}", line, start == std::string_view::npos ? byte + 1 : byte - start);
}

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// The run of letters around a byte, in lower case.
std::string word_around(std::string_view text, size_t byte) {
  size_t begin = byte;
  size_t end = byte;
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  while (end < text.size() && is_letter(text[end])) ++end;
  std::string word(text.substr(begin, std::min<size_t>(end - begin, 16)));
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

bool comma_before(std::string_view text, size_t byte) {
  const size_t last = text.substr(0, byte).find_last_not_of(" \t\r\n");
  return last != std::string_view::npos && text[last] == ',';
}

// What stopped the event parser at this byte.
Diagnosis classify(std::string_view text, size_t byte) {
  if (byte >= text.size()) return {Fault::not_json, "the text ends too early"};
  const std::string word = word_around(text, byte);
  if (word == "nan" || word == "inf" || word == "infinity") {
    return {Fault::not_a_number, fmt::format("{} is not a JSON number", word == "nan" ? "NaN" : "Infinity")};
  }
  if (text[byte] == '/' || text[byte] == '#') return {Fault::comma_or_comment, "a comment"};
  if ((text[byte] == ']' || text[byte] == '}') && comma_before(text, byte)) {
    return {Fault::comma_or_comment, "a comma before the closing bracket"};
  }
  return {Fault::not_json, "not valid JSON"};
}

// Follows the way through the tree until the parser, or one of our own rules, stops it.
class Locator : public nlohmann::json_sax<Json> {
 public:
  explicit Locator(std::string_view text) : text_(text) {}

  const std::optional<Diagnosis>& diagnosis() const { return diagnosis_; }
  size_t byte() const { return byte_; }
  bool has_byte() const { return has_byte_; }

  std::string pointer() const {
    std::string pointer;
    for (const Level& level : levels_) {
      if (level.array) pointer += fmt::format("/{}", std::max<int64_t>(level.index, 0));
      if (!level.array && !level.key.empty()) pointer.append("/").append(escape_pointer(level.key));
    }
    return pointer;
  }

  bool null() override { return value(); }
  bool boolean(bool /*flag*/) override { return value(); }
  bool number_integer(number_integer_t /*number*/) override { return value(); }
  bool number_unsigned(number_unsigned_t /*number*/) override { return value(); }
  bool number_float(number_float_t /*number*/, const string_t& written) override {
    value();
    if (written.find_first_of(".eE") != std::string::npos) return true;
    return huge(written);
  }
  bool string(string_t& /*text*/) override { return value(); }
  bool binary(binary_t& /*bytes*/) override { return value(); }
  bool start_object(std::size_t /*size*/) override { return open(false); }
  bool start_array(std::size_t /*size*/) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    levels_.back().key = name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    has_byte_ = true;
    byte_ = position > 0 ? position - 1 : 0;
    if (error.id == kNumberOverflow) return huge(token);
    diagnosis_ = classify(text_, byte_);
    return false;
  }

 private:
  bool value() {
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    return true;
  }
  bool open(bool array) {
    value();
    levels_.push_back({array, -1, {}});
    if (levels_.size() <= kMaxJsonDepth) return true;
    diagnosis_ = {Fault::too_deep, fmt::format("nested deeper than {} levels", kMaxJsonDepth)};
    return false;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }
  // An integer beyond 64 bits or a number beyond double: an id, or a coordinate.
  bool huge(std::string_view written) {
    const bool id = !levels_.empty() && !levels_.back().array && levels_.back().key.ends_with("id");
    diagnosis_ = {id ? Fault::bad_id : Fault::huge_number, fmt::format("{} is too large", written.substr(0, 40))};
    return false;
  }

  std::string_view text_;
  std::vector<Level> levels_;
  std::optional<Diagnosis> diagnosis_;
  size_t byte_ = 0;
  bool has_byte_ = false;
};

}  // namespace

std::string escape_pointer(std::string_view key) {
  std::string escaped;
  for (const char c : key) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void diagnose_json(std::string_view text, bool invalid_utf8, std::string_view reason, FindingLog& log) {
  Locator locator(text);
  Json::sax_parse(text.begin(), text.end(), &locator);
  Diagnosis diagnosis = locator.diagnosis().value_or(Diagnosis{Fault::not_json, std::string(reason)});
  if (invalid_utf8) diagnosis = {Fault::invalid_utf8, "a byte that is not UTF-8"};
  if (locator.has_byte()) diagnosis.message.append(" at ").append(line_and_column(text, locator.byte()));
  log.add(diagnosis.fault, locator.pointer(), diagnosis.message);
}

}  // namespace spinenet::data
