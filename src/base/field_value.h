// What a field of a config struct may hold, and how each type is described, read and written: bool, whole and floating
// numbers, text, enums with names, and optional, vector and array of these. fields.h is the part that users see.
//
// An enum takes part by the list of its names (enum_names.h).
// Thread contract: pure functions.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/format.h"
#include "base/yaml.h"

namespace spinenet {

// Numbers a field accepts; of a list or an optional, each number in it.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_low = false;  // low itself is outside

  bool contains(double x) const { return x <= high && (above_low ? x > low : x >= low); }
};
inline Range at_least(double low) {
  return {.low = low};
}
inline Range above(double low) {
  return {.low = low, .above_low = true};
}
inline Range between(double low, double high) {
  return {.low = low, .high = high};
}

// What a value has to be, and where it stands: enough for a message.
struct Expectation {
  std::string_view key;     // with its groups: optimizer.learning_rate
  std::string_view wanted;  // a number above 0
  std::string_view place;   // the file, or the option of the command line
  ErrorKind kind = ErrorKind::bad_data;
  Range range;
};

// "recipe.yaml:12:10"; only the place where the node came from no text.
std::string place_of(const YamlNode& node, std::string_view place);
// Throws: the key, what it wants and what was found.
[[noreturn]] void mismatch(const YamlNode& found, const Expectation& expected);

std::string describe_number(std::string_view name, const Range& range);
std::string number_text(double value);
std::string number_text(float value);
bool read_bool(const YamlNode& node, const Expectation& expected);
std::string read_text(const YamlNode& node, const Expectation& expected);
size_t read_choice(const YamlNode& node, const Expectation& expected, std::span<const std::string_view> choices);
const std::vector<YamlNode>& read_list(const YamlNode& node, const Expectation& expected);

template <class T>
struct FieldValue;

template <>
struct FieldValue<bool> {
  static std::string describe(const Range&) { return "true or false"; }
  static bool read(const YamlNode& node, const Expectation& expected) { return read_bool(node, expected); }
  static std::string write(bool value) { return value ? "true" : "false"; }
};

template <>
struct FieldValue<std::string> {
  static std::string describe(const Range&) { return "text"; }
  static std::string read(const YamlNode& node, const Expectation& expected) { return read_text(node, expected); }
  static std::string write(const std::string& value) { return yaml_text(value); }
};

template <class T>
requires std::integral<T> || std::floating_point<T>
struct FieldValue<T> {
  static std::string describe(const Range& range) {
    return describe_number(std::integral<T> ? "a whole number" : "a number", range);
  }
  static T read(const YamlNode& node, const Expectation& expected) {
    std::string_view text = node.text;
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    const auto number = static_cast<double>(value);
    if (node.kind != YamlNode::Kind::plain || !whole || !std::isfinite(number) || !expected.range.contains(number)) {
      mismatch(node, expected);
    }
    return value;
  }
  static std::string write(T value) {
    if constexpr (std::integral<T>) {
      return fmt::format("{}", value);
    } else {
      return number_text(value);
    }
  }
};

template <NamedEnum T>
struct FieldValue<T> {
  static std::string describe(const Range&) { return fmt::format("one of {}", fmt::join(names_of<T>(), ", ")); }
  static T read(const YamlNode& node, const Expectation& expected) {
    return static_cast<T>(read_choice(node, expected, names_of<T>()));
  }
  static std::string write(T value) { return yaml_text(name_of(value)); }
};

template <class T>
struct FieldValue<std::optional<T>> {
  static std::string describe(const Range& range) { return FieldValue<T>::describe(range) + ", or null"; }
  static std::optional<T> read(const YamlNode& node, const Expectation& expected) {
    if (node.kind == YamlNode::Kind::null) return std::nullopt;
    return FieldValue<T>::read(node, expected);
  }
  static std::string write(const std::optional<T>& value) { return value ? FieldValue<T>::write(*value) : "null"; }
};

template <class T>
struct FieldValue<std::vector<T>> {
  static std::string describe(const Range& range) { return "a list, each " + FieldValue<T>::describe(range); }
  static std::vector<T> read(const YamlNode& node, const Expectation& expected) {
    std::vector<T> values;
    for (const YamlNode& item : read_list(node, expected)) values.push_back(FieldValue<T>::read(item, expected));
    return values;
  }
  static std::string write(const std::vector<T>& values) {
    std::vector<std::string> items;
    for (const T& value : values) items.push_back(FieldValue<T>::write(value));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
};

template <class T, size_t N>
struct FieldValue<std::array<T, N>> {
  static std::string describe(const Range& range) {
    return fmt::format("a list of {}, each {}", N, FieldValue<T>::describe(range));
  }
  static std::array<T, N> read(const YamlNode& node, const Expectation& expected) {
    const std::vector<T> values = FieldValue<std::vector<T>>::read(node, expected);
    if (values.size() != N) mismatch(node, expected);
    std::array<T, N> result{};
    std::copy(values.begin(), values.end(), result.begin());
    return result;
  }
  static std::string write(const std::array<T, N>& values) {
    return FieldValue<std::vector<T>>::write({values.begin(), values.end()});
  }
};

}  // namespace spinenet
