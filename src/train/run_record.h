// What a run was begun with, beside its recipe: the data in few numbers, and the network that architecture.base may
// have read from a file. record.json of the run folder, so that a run which goes on is told from one on other data.
//
// The images themselves are not read: their names and everything that their annotations say are compared, no pixels.
// Thread contract: pure functions but for the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/architecture.h"
#include "base/json.h"
#include "base/owned_folder.h"
#include "data/classes/class_set.h"
#include "data/classes/fashion_mnist.h"
#include "detect/annotations.h"

namespace spinenet::train {

// One set of images, in the order in which it is learned from.
struct SetRecord {
  int64_t images = 0;
  int64_t objects = 0;   // 0 of a classifier's set, where each image has one class
  uint64_t content = 0;  // checksum of names, sizes, boxes, masks where they are read, classes

  bool operator==(const SetRecord&) const = default;
};

struct DataRecord {
  int64_t classes = 0;
  uint64_t class_content = 0;  // checksum of their ids and names
  SetRecord training;
  std::optional<SetRecord> validation;
};

struct RunRecord {
  DataRecord data;
  arch::Architecture architecture;
};

SetRecord record_of(const detect::Annotations& annotations);
SetRecord record_of(const data::ClassSet& set);
SetRecord record_of(const data::FashionMnist& garments);
// Without its sets.
DataRecord record_of(const std::vector<detect::Category>& classes);

Json to_json(const RunRecord& record);
// ErrorKind::bad_data where a key is missing or of another type.
RunRecord run_record_from_json(const Json& json, std::string_view place);

// Each fact that differs, with both values where they say something: "8 training images, now 40".
std::vector<std::string> differences(const RunRecord& before, const RunRecord& now);

inline constexpr const char* kRecordFile = "record.json";  // in the run folder
// ErrorKind::bad_data naming each difference from the folder's record; a warning where it has none, as an earlier
// version made it.
void compare_record(const OwnedFolder& run, const RunRecord& now);

}  // namespace spinenet::train
