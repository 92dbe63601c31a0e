#include "data/convert/csv_rows.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "data/convert/set_text.h"

namespace spinenet::data {

CsvRows::CsvRows(std::string_view text, std::string_view place) : text_(text), place_(place) {
  const std::string_view header = text.substr(0, std::min(text.find_first_of("\r\n"), text.size()));
  const bool semicolons = header.find(',') == std::string_view::npos && header.find(';') != std::string_view::npos;
  if (semicolons) separator_ = ';';
}

// A CR before an LF is a part of one line end.
bool CsvRows::is_line_end() const {
  const bool more = at_ + 1 < text_.size();
  return text_[at_] == '\n' || (text_[at_] == '\r' && !(more && text_[at_ + 1] == '\n'));
}

std::string CsvRows::field() {
  std::string value;
  // Spaces around a field are passed over, those within its quotes are not.
  const size_t first = std::min(text_.find_first_not_of(" \t", at_), text_.size());
  const bool quoted = first < text_.size() && text_[first] == '"';
  if (quoted) {
    at_ = first;
    const int begin = line_;
    for (++at_;; ++at_) {
      if (at_ >= text_.size()) {
        fail(ErrorKind::bad_data, "a quote is not closed", fmt::format("{}:{}", place_, begin), "close it");
      }
      if (is_line_end()) ++line_;
      if (text_[at_] == '"' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        ++at_;
      } else if (text_[at_] == '"') {
        break;
      }
      value += text_[at_];
    }
    ++at_;
  }
  std::string rest;
  for (; at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r'; ++at_) {
    rest += text_[at_];
  }
  return value + std::string(trimmed(rest));
}

bool CsvRows::next(std::vector<std::string>& fields) {
  fields.clear();
  while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
    if (is_line_end()) ++line_;
    ++at_;
  }
  if (at_ >= text_.size()) return false;
  row_line_ = line_;
  while (true) {
    fields.push_back(field());
    if (at_ >= text_.size()) return true;
    if (text_[at_] == '\n' || text_[at_] == '\r') return true;  // the next row passes over it
    ++at_;
  }
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",;\"\r\n") == std::string_view::npos && trimmed(text) == text) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace spinenet::data
