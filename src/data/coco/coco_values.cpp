#include "data/coco/coco_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::data {
namespace {

namespace dom = simdjson::dom;

// An integer, written as an integer or as a double without fraction.
std::optional<int64_t> whole_number(dom::element element) {
  int64_t number = 0;
  if (element.get(number) == simdjson::SUCCESS) return number;
  double real = 0;
  if (!element.is_double() || element.get(real) != simdjson::SUCCESS) return std::nullopt;
  if (std::floor(real) != real || std::abs(real) > static_cast<double>(kMaxId)) return std::nullopt;
  return static_cast<int64_t>(real);
}

std::string_view why_not_id(dom::element number) {
  const bool fraction = number.is_double() && std::abs(double(number)) <= static_cast<double>(kMaxId);
  return fraction ? "is a fraction" : "is above 2^53";
}

std::optional<std::vector<uint32_t>> read_counts(dom::array list, uint64_t pixels, std::string& why) {
  std::vector<uint32_t> counts;
  counts.reserve(list.size());
  uint64_t sum = 0;
  for (const dom::element item : list) {
    const std::optional<int64_t> count = whole_number(item);
    if (!count || *count < 0 || *count > std::numeric_limits<uint32_t>::max()) {
      why = "a count is not an integer from 0 to 2^32";
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
  MaybeElement size, counts;
};

RleFields rle_fields(dom::object object) {
  RleFields fields;
  for (const auto field : object) {
    if (field.key == "size") fields.size = field.value;
    if (field.key == "counts") fields.counts = field.value;
  }
  return fields;
}

bool read_rle_size(const MaybeElement& element, detect::Rle& rle) {
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

std::optional<int64_t> read_id(Field field, const MaybeElement& element, std::string& why) {
  why = why_refused(field, element);
  if (!why.empty()) return std::nullopt;
  const std::optional<int64_t> id = whole_number(*element);
  if (id && *id >= 0 && *id <= kMaxId) return id;
  why = id ? (*id < 0 ? "is negative" : "is above 2^53") : why_not_id(*element);
  return std::nullopt;
}

std::optional<int64_t> read_side(const MaybeElement& element) {
  if (!element) return std::nullopt;
  const std::optional<int64_t> side = whole_number(*element);
  if (!side || *side < 1 || *side > kMaxImageSide) return std::nullopt;
  return side;
}

std::optional<int64_t> side_in_text(const MaybeElement& element) {
  std::string_view text;
  if (!element || element->get(text) != simdjson::SUCCESS) return std::nullopt;
  int64_t side = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
  if (error != std::errc() || end != text.data() + text.size() || side < 1 || side > kMaxImageSide) return std::nullopt;
  return side;
}

std::optional<std::string> read_name(Field field, const MaybeElement& element, std::string& why, bool& converted) {
  why = why_refused(field, element);
  converted = false;
  if (!why.empty()) return std::nullopt;
  switch (type_of(element)) {
    case JsonType::text:
      return std::string(std::string_view(*element));
    case JsonType::number:
      if (const std::optional<int64_t> number = whole_number(*element)) {
        converted = true;
        why = fmt::format("is a number; taken as the text \"{}\"", *number);
        return std::to_string(*number);
      }
      why = why_refused_value(field, element);
      return std::nullopt;
    default:
      return "";
  }
}

std::optional<double> read_number(dom::element element) {
  double number = 0;
  if (element.get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

std::optional<std::array<double, 4>> read_bbox(Field field, const MaybeElement& element, std::string& why) {
  why = why_refused(field, element);
  dom::array list;
  if (!why.empty() || !element || element->get(list) != simdjson::SUCCESS) return std::nullopt;
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
  if (is_polygon(points)) return points;
  why = fmt::format("has {} numbers", points.size());
  return std::nullopt;
}

bool is_polygon(const std::vector<double>& numbers) {
  return numbers.size() >= 6 && numbers.size() % 2 == 0 &&
         std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::abs(number) <= kMaxCoordinate; });
}

bool is_huge(const std::array<double, 4>& bbox) {
  return std::any_of(bbox.begin(), bbox.end(), [](double number) { return std::abs(number) > kMaxCoordinate; });
}

}  // namespace spinenet::data
