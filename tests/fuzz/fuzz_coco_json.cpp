// Any bytes as an annotation file and as a results file: read, or refused as bad data. What check finds is what reading
// refuses, what was read survives being written, a repaired copy has nothing left to repair, and in pieces a list is
// read as in one go, faults included.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.h"
#include "data/coco/coco.h"
#include "data/coco/coco_check.h"
#include "data/coco/coco_stats.h"

namespace spinenet {
namespace {

constexpr data::CocoLimits kLimits{.max_file_bytes = 1 << 20, .max_string_bytes = 1 << 12};

void require(bool holds) {
  if (!holds) std::abort();
}

// What the body gives, or nothing when it refuses the text as bad data.
template <class Body>
auto unless_refused(const Body& body) -> std::optional<decltype(body())> {
  try {
    return body();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
    return std::nullopt;
  }
}

detect::Annotations truth() {
  detect::Annotations all;
  all.images = {{1, "a.png", 10, 20}, {2, "b.png", 100, 200}};
  all.categories = {{1, "cat", ""}};
  return all;
}

// What the body gives as text, or what it is refused with.
template <class Body>
std::string text_or_refusal(const Body& body) {
  try {
    return body();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::bad_data);
    return error.what();
  }
}

constexpr data::CocoPieces kOneGo{.bytes = 1 << 30, .threads = 1};

void try_pieces(const std::string& text, size_t bytes) {
  const data::CocoPieces small{.bytes = bytes, .threads = 1};
  const auto annotations = [&](const data::CocoPieces& pieces, bool masks) {
    data::CocoReadOptions options;
    options.limits = kLimits;
    options.segmentations = masks;
    options.pieces = pieces;
    return text_or_refusal([&] { return data::to_json(data::parse_coco(text, "fuzz", options)).dump(); });
  };
  for (const bool masks : {true, false}) require(annotations(small, masks) == annotations(kOneGo, masks));
  const auto results = [&](const data::CocoPieces& pieces) {
    return text_or_refusal(
        [&] { return data::results_to_text(data::parse_results(text, "fuzz", truth(), kLimits, pieces)); });
  };
  require(results(small) == results(kOneGo));
}

void try_annotations(const std::string& text) {
  data::CocoReadOptions options;
  options.limits = kLimits;
  data::CheckOptions checks;
  checks.limits = kLimits;
  const data::CheckReport report = data::check_coco_text(text, {}, checks);
  const auto strict = unless_refused([&] { return data::parse_coco(text, "fuzz", options); });
  require(strict.has_value() == (report.errors == 0));
  if (strict) {
    const detect::Annotations again = data::parse_coco(data::to_json(*strict).dump(), "again");
    require(again.annotations.size() == strict->annotations.size() && again.images.size() == strict->images.size());
    require(data::stats(*strict).images == static_cast<int64_t>(strict->images.size()));
  }
  options.policy = data::DataPolicy::skip;
  const auto lenient = unless_refused([&] { return data::parse_coco(text, "fuzz", options); });
  require(lenient || !strict);
  if (lenient) data::parse_coco(data::to_json(*lenient).dump(), "again");

  std::string copy;
  if (!unless_refused([&] { return data::fix_coco_text(text, {}, copy, checks); })) return;
  for (const auto& [code, count] : data::check_coco_text(copy).counts) {
    const std::string needs_files = spinenet::data::code(data::Fault::wrong_image_size);
    for (int i = 0; i < data::kFaultCount; ++i) {
      const auto fault = static_cast<data::Fault>(i);
      require(spinenet::data::code(fault) != code || !data::rule(fault).fixable || code == needs_files);
    }
  }
}

void try_results(const std::string& text) {
  const detect::Annotations images = truth();
  const auto results = unless_refused([&] { return data::parse_results(text, "fuzz", images, kLimits); });
  if (!results) return;
  require(data::parse_results(data::results_to_text(*results), "again", images).size() == results->size());
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  spinenet::try_annotations(text);
  spinenet::try_results(text);
  spinenet::try_pieces(text, size % 3 == 0 ? 1 : 100);
  return 0;
}
