// The text of a COCO file as a tree of values, sound in itself: strict JSON (RFC 8259) without duplicate keys, at most
// 64 levels deep, no string over the limit. What is wrong goes to the log as D001 to D009.
//
// The parser's tables are freed once the tree stands.
//
// simdjson's on-demand reader would leave unread parts unchecked, so its DOM is used: every byte is validated.
//
// Thread contract: a CocoDocument belongs to one thread. Only this module's .cpp files include this header.
#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

#include "data/coco/coco_findings.h"
#include "data/coco/coco_limits.h"

namespace spinenet::data {

class CocoDocument {
 public:
  // Faults are added to `log`. When sound() is false afterwards there is no root.
  CocoDocument(std::string text, const CocoLimits& limits, FindingLog& log);
  CocoDocument(const CocoDocument&) = delete;
  CocoDocument& operator=(const CocoDocument&) = delete;

  bool sound() const { return sound_; }
  simdjson::dom::element root() const { return root_; }
  // What the tree was made of.
  std::string_view text() const { return text_; }

 private:
  std::string text_;
  simdjson::dom::document document_;
  simdjson::dom::element root_;
  bool sound_ = false;
};

// Whether a value has no key twice in an object, and no string over the limit.
bool is_sound(simdjson::dom::element value, const CocoLimits& limits);

// The file's bytes; "" with D008 in the log when it is over the limit.
std::string read_limited(const std::string& path, const CocoLimits& limits, FindingLog& log);

}  // namespace spinenet::data
