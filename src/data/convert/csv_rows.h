// Rows of a CSV file: fields with separators, line breaks and quotes in them stand in quotes.
//
// Thread contract: a CsvRows belongs to one thread.
// Source: RFC 4180.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spinenet::data {

class CsvRows {
 public:
  // The separator is a comma, or a semicolon where the first line has no comma.
  CsvRows(std::string_view text, std::string_view place);

  // Spaces around a field are passed over, those in its quotes are not. False at the end. Lines without any character
  // are passed over. ErrorKind::bad_data for a quote that is not closed.
  bool next(std::vector<std::string>& fields);
  // Of the row that was given last, from 1.
  int line() const { return row_line_; }

 private:
  bool is_line_end() const;
  std::string field();

  std::string_view text_;
  std::string place_;
  size_t at_ = 0;
  int line_ = 1, row_line_ = 0;
  char separator_ = ',';
};

// In quotes where it needs them.
std::string csv_field(std::string_view text);

}  // namespace spinenet::data
