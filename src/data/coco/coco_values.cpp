#include "data/coco/coco_values.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;
using OptionalElement = std::optional<dom::element>;

// A whole number, written as an integer or as a double without fraction.
std::optional<int64_t> whole_number(dom::element element) {
  int64_t number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  double real = 0;
  if (!element.is_double() || element.get(real) != simdjson::SUCCESS) return std::nullopt;
  if (std::floor(real) != real || std::abs(real) > static_cast<double>(kMaxId)) return std::nullopt;
  return static_cast<int64_t>(real);
}

std::string why_not_id(dom::element element) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return "is a string";
    case dom::element_type::NULL_VALUE:
      return "is null";
    case dom::element_type::DOUBLE:
      return std::abs(double(element)) > static_cast<double>(kMaxId) ? "is above 2^53" : "is a fraction";
    case dom::element_type::UINT64:
      return "is above 2^53";
    default:
      return "is not a number";
  }
}

std::optional<std::vector<uint32_t>> read_counts(dom::array list, uint64_t pixels, std::string& why) {
  std::vector<uint32_t> counts;
  counts.reserve(list.size());
  uint64_t sum = 0;
  for (const dom::element item : list) {
    const std::optional<int64_t> count = whole_number(item);
    if (!count || *count < 0 || *count > std::numeric_limits<uint32_t>::max()) {
      why = "a count is not a whole number from 0 to 2^32";
      return std::nullopt;
    }
    counts.push_back(static_cast<uint32_t>(*count));
    sum += static_cast<uint64_t>(*count);
  }
  if (sum == pixels && !counts.empty()) return counts;
  why = fmt::format("the counts sum to {}, height * width is {}", sum, pixels);
  return std::nullopt;
}

struct RleFields {
  OptionalElement size, counts;
};

RleFields rle_fields(dom::object object) {
  RleFields fields;
  for (const auto field : object) {
    if (field.key == "size") fields.size = field.value;
    if (field.key == "counts") fields.counts = field.value;
  }
  return fields;
}

bool read_rle_size(const OptionalElement& element, detect::Rle& rle) {
  dom::array size;
  if (!element || element->get(size) != simdjson::SUCCESS || size.size() != 2) return false;
  const std::optional<int64_t> height = read_side(size.at(0).value());
  const std::optional<int64_t> width = read_side(size.at(1).value());
  if (!height || !width) return false;
  rle.height = *height;
  rle.width = *width;
  return true;
}

}  // namespace

std::optional<int64_t> read_id(const OptionalElement& element, std::string& why) {
  if (!element) {
    why = "is missing";
    return std::nullopt;
  }
  const std::optional<int64_t> id = whole_number(*element);
  if (id && *id >= 0 && *id <= kMaxId) return id;
  why = id ? (*id < 0 ? "is negative" : "is above 2^53") : why_not_id(*element);
  return std::nullopt;
}

std::optional<int64_t> read_side(const OptionalElement& element) {
  if (!element) return std::nullopt;
  const std::optional<int64_t> side = whole_number(*element);
  if (!side || *side < 1 || *side > kMaxImageSide) return std::nullopt;
  return side;
}

std::optional<double> read_number(dom::element element) {
  double number = 0;
  if (element.get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::optional<std::array<double, 4>> read_bbox(const OptionalElement& element, std::string& why) {
  dom::array list;
  if (!element || element->get(list) != simdjson::SUCCESS) {
    why = element ? "is not a list" : "is missing";
    return std::nullopt;
  }
  std::array<double, 4> bbox{};
  size_t count = 0;
  for (const dom::element item : list) {
    const std::optional<double> number = read_number(item);
    if (!number) {
      why = "holds something that is not a number";
      return std::nullopt;
    }
    if (count < 4) bbox[count] = *number;
    ++count;
  }
  if (count == 4) return bbox;
  why = fmt::format("has {} numbers", count);
  return std::nullopt;
}

std::optional<detect::Rle> read_rle(dom::element element, std::string& why) {
  dom::object object;
  if (element.get(object) != simdjson::SUCCESS) {
    why = "is not an object with size and counts";
    return std::nullopt;
  }
  const RleFields fields = rle_fields(object);
  detect::Rle rle;
  if (!read_rle_size(fields.size, rle)) {
    why = "size is not [height, width]";
    return std::nullopt;
  }
  std::string_view text;
  dom::array list;
  if (fields.counts && fields.counts->get(text) == simdjson::SUCCESS) {
    try {
      return detect::rle_from_text(text, rle.height, rle.width);
    } catch (const Error& error) {  // here one broken mask is a finding among others
      why = error.what();
      return std::nullopt;
    }
  }
  if (!fields.counts || fields.counts->get(list) != simdjson::SUCCESS) {
    why = "counts is neither text nor a list";
    return std::nullopt;
  }
  std::optional<std::vector<uint32_t>> counts = read_counts(list, static_cast<uint64_t>(rle.height * rle.width), why);
  if (!counts) return std::nullopt;
  rle.counts = std::move(*counts);
  return rle;
}

std::optional<std::vector<double>> read_polygon(dom::element element, std::string& why) {
  dom::array list;
  if (element.get(list) != simdjson::SUCCESS) {
    why = "is not a list of numbers";
    return std::nullopt;
  }
  std::vector<double> points;
  points.reserve(list.size());
  for (const dom::element item : list) {
    const std::optional<double> number = read_number(item);
    if (!number || std::abs(*number) > kMaxCoordinate) {
      why = number ? "holds a huge number" : "holds something that is not a number";
      return std::nullopt;
    }
    points.push_back(*number);
  }
  if (points.size() >= 6 && points.size() % 2 == 0) return points;
  why = fmt::format("has {} numbers", points.size());
  return std::nullopt;
}

bool is_huge(const std::array<double, 4>& bbox) {
  return std::any_of(bbox.begin(), bbox.end(), [](double number) { return std::abs(number) > kMaxCoordinate; });
}

}  // namespace spinenet::data
