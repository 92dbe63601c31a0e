#include "data/coco/coco_document.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "base/files.h"
#include "base/format.h"
#include "data/coco/json_diagnosis.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

// One step of the way from the root, kept on the stack while the tree is walked.
struct Step {
  const Step* parent = nullptr;
  std::string_view key;
  int64_t index = -1;
};

std::string pointer_to(const Step* step) {
  if (step == nullptr) return "";
  const std::string before = pointer_to(step->parent);
  return step->index >= 0 ? fmt::format("{}/{}", before, step->index) : before + "/" + escape_pointer(step->key);
}

// Few keys are compared with each other, many go through a set.
class KeyWatch {
 public:
  // False when the key was seen before.
  bool insert(std::string_view key) {
    if (count_ < kFew) {
      for (size_t i = 0; i < count_; ++i) {
        if (sizes_[i] == key.size() && std::memcmp(begins_[i], key.data(), key.size()) == 0) return false;
      }
      begins_[count_] = key.data();
      sizes_[count_++] = key.size();
      return true;
    }
    for (size_t i = 0; i < kFew && many_.size() < kFew; ++i) many_.emplace(begins_[i], sizes_[i]);
    return many_.insert(key).second;
  }

 private:
  static constexpr size_t kFew = 16;
  // Of the first keys; those from count_ on are left unset, as an object has few.
  std::array<const char*, kFew> begins_;
  std::array<size_t, kFew> sizes_;
  size_t count_ = 0;
  std::set<std::string_view> many_;
};

struct Walk {
  const CocoLimits& limits;
  FindingLog& log;

  void check_string(std::string_view text, const Step* at) const {
    if (static_cast<int64_t>(text.size()) <= limits.max_string_bytes) return;
    log.add(Fault::over_limit, pointer_to(at),
            fmt::format("a string of {} bytes; at most {} are read", text.size(), limits.max_string_bytes));
  }

  void visit(dom::element element, const Step* at) const {
    switch (element.type()) {
      case dom::element_type::ARRAY: {
        Step step{at, {}, 0};
        for (const dom::element child : dom::array(element)) {
          visit(child, &step);
          ++step.index;
        }
        break;
      }
      case dom::element_type::OBJECT:
        visit_object(dom::object(element), at);
        break;
      case dom::element_type::STRING:
        check_string(std::string_view(element), at);
        break;
      default:
        break;
    }
  }

  void visit_object(dom::object object, const Step* at) const {
    KeyWatch keys;
    for (const auto field : object) {
      const Step step{at, field.key, -1};
      check_string(field.key, at);
      if (!keys.insert(field.key)) {
        log.add(Fault::duplicate_key, pointer_to(&step), "this key appears twice in one object");
      }
      visit(field.value, &step);
    }
  }
};

}  // namespace

bool is_sound(dom::element value, const CocoLimits& limits) {
  FindingLog log;
  Walk{limits, log}.visit(value, nullptr);
  return log.errors() == 0;
}

CocoDocument::CocoDocument(std::string text, const CocoLimits& limits, FindingLog& log) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const size_t skip = text.starts_with(kMark) ? kMark.size() : 0;
  if (skip > 0) log.add(Fault::byte_order_mark, "", "starts with a byte order mark");
  const size_t size = text.size() - skip;
  if (text.find_first_not_of(" \t\r\n", skip) == std::string::npos) {
    log.add(Fault::empty_file, "", "the file is empty");
    return;
  }
  if (static_cast<int64_t>(size) > limits.max_file_bytes) {
    log.add(Fault::over_limit, "", fmt::format("{} bytes; at most {} are read", size, limits.max_file_bytes));
    return;
  }
  text.resize(text.size() + simdjson::SIMDJSON_PADDING);  // it reads, and ignores, some bytes past the end
  simdjson::dom::parser parser;
  simdjson::error_code error = parser.allocate(size, kMaxJsonDepth);
  if (error == simdjson::SUCCESS)
    error = parser.parse_into_document(document_, text.data() + skip, size, false).get(root_);
  if (error != simdjson::SUCCESS) {
    const std::string_view body(text.data() + skip, size);
    diagnose_json(body, error == simdjson::UTF8_ERROR, simdjson::error_message(error), log);
    return;
  }
  text.resize(size + skip);
  text.erase(0, skip);
  text_ = std::move(text);
  const int64_t before = log.errors();
  Walk{limits, log}.visit(root_, nullptr);
  sound_ = log.errors() == before;
}

std::string read_limited(const std::string& path, const CocoLimits& limits, FindingLog& log) {
  std::error_code unknown;
  const auto size = std::filesystem::file_size(path, unknown);
  if (!unknown && size > static_cast<uint64_t>(limits.max_file_bytes)) {
    log.add(Fault::over_limit, "", fmt::format("{} bytes; at most {} are read", size, limits.max_file_bytes));
    return "";
  }
  return read_file(path);
}

}  // namespace spinenet::data
