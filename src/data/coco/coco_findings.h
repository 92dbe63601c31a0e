// The closed list of what can be wrong with a COCO file (D001 to D046), and a log of what was found: every fault is
// counted, the first five places of each are kept with message and remedy.
//
// Codes are stable: scripts may rely on them. Places are JSON pointers (RFC 6901), such as /annotations/17/bbox.
//
// Thread contract: a FindingLog belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"

namespace spinenet::data {

enum class Severity { warning, error };
constexpr auto names(Severity) {
  using enum Severity;
  return named<Severity>({{warning, "warning"}, {error, "error"}});
}

// In the order of the codes: not_json is D001, turned_image is D046.
enum class Fault {
  not_json,
  empty_file,
  byte_order_mark,
  comma_or_comment,
  not_a_number,
  duplicate_key,
  too_deep,
  over_limit,
  invalid_utf8,
  not_an_object,
  list_missing,
  bad_id,
  duplicate_image_id,
  duplicate_annotation_id,
  duplicate_category_id,
  duplicate_category_name,
  unknown_image,
  unknown_category,
  bbox_not_four_numbers,
  negative_size,
  zero_area,
  outside_image,
  partly_outside,
  huge_number,
  looks_like_corners,
  looks_normalised,
  wrong_area,
  bad_polygon,
  crossing_polygon,
  bad_rle,
  bad_crowd_flag,
  crowd_polygon,
  wrong_image_size,
  unreadable_image,
  repeated_image,
  unsafe_file_name,
  wrong_value,
  bad_area,
  converted_value,
  bad_category_text,
  repeated_annotation,
  mask_missing,
  not_one_class,
  nearly_equal_image,
  split_group,
  turned_image,
};
inline constexpr int kFaultCount = static_cast<int>(Fault::turned_image) + 1;

struct FaultRule {
  std::string_view title;
  Severity severity = Severity::error;
  bool fixable = false;
  std::string_view remedy;
};
const FaultRule& rule(Fault fault);
// "D001" to "D046".
std::string code(Fault fault);

// Whether leaving out the one image, annotation or category is an answer.
bool can_be_skipped(Fault fault);

struct Finding {
  std::string code;
  Severity severity = Severity::error;
  std::string place;  // JSON pointer, "" for the file as a whole
  std::string message;
  std::string remedy;
  bool fixable = false;
};

// Where something is: an entry of one of the three lists, and a key in it ("" for the entry itself).
struct Place {
  std::string_view list;
  int64_t index = 0;
  std::string_view key;

  std::string pointer() const;
};

class FindingLog {
 public:
  void add(Fault fault, const Place& place, std::string_view message);
  void add(Fault fault, std::string_view pointer, std::string_view message);

  int64_t count(Fault fault) const { return counts_[static_cast<size_t>(fault)]; }
  // Faults of severity error.
  int64_t errors() const { return errors_; }
  int64_t total() const { return total_; }
  // Of faults that occurred, by code.
  std::map<std::string, int64_t> counts() const;
  // At most five of a code, ordered by code and then as they were found.
  std::vector<Finding> findings() const;
  // Throws ErrorKind::bad_data with the first errors and the number of the others; returns when there are none. With
  // `skip`, errors that concern one entry (can_be_skipped) do not count.
  void refuse_errors(std::string_view file, bool skip = false) const;

 private:
  int64_t errors_ = 0, total_ = 0;
  std::array<int64_t, kFaultCount> counts_{};
  std::array<std::vector<Finding>, kFaultCount> kept_;
};

}  // namespace spinenet::data
