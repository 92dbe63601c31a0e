#include "base/field_value.h"

#include "base/known_names.h"

namespace spinenet {
namespace {

std::string describe_found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::plain:
      return short_quote(node.text);
    case YamlNode::Kind::quoted:
      return "the quoted text " + short_quote(node.text);
    case YamlNode::Kind::list:
      return fmt::format("a list of {}", node.items.size());
    case YamlNode::Kind::map:
      return "a group of keys";
  }
  return "something else";
}

// Shortest text that reads back to the same number. Readers of YAML 1.1 take 1e-05 for text, so it becomes 1.0e-05.
std::string with_point(std::string text) {
  const size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) text.insert(exponent, ".0");
  return text;
}

template <class T>
std::string shortest(T value) {
  if (!std::isfinite(value)) fail(ErrorKind::failed, fmt::format("a config holds {}, which is no number", value));
  return with_point(fmt::format("{}", value));
}

}  // namespace

std::string place_of(const YamlNode& node, std::string_view place) {
  if (node.line == 0) return std::string(place);
  return fmt::format("{}:{}:{}", place, node.line, node.column);
}

void mismatch(const YamlNode& found, const Expectation& expected) {
  fail(expected.kind, fmt::format("{} wants {}, found {}", expected.key, expected.wanted, describe_found(found)),
       place_of(found, expected.place));
}

std::string describe_number(std::string_view name, const Range& range) {
  const bool bounded_above = range.high < std::numeric_limits<double>::infinity();
  if (range.low == -std::numeric_limits<double>::infinity()) {
    return bounded_above ? fmt::format("{} of at most {}", name, range.high) : std::string(name);
  }
  if (range.above_low) {
    return fmt::format("{} above {}", name, range.low) +
           (bounded_above ? fmt::format(" and at most {}", range.high) : "");
  }
  if (bounded_above) return fmt::format("{} from {} to {}", name, range.low, range.high);
  return fmt::format("{} of at least {}", name, range.low);
}

std::string number_text(double value) {
  return shortest(value);
}
std::string number_text(float value) {
  return shortest(value);
}

bool read_bool(const YamlNode& node, const Expectation& expected) {
  if (node.kind == YamlNode::Kind::plain && (node.text == "true" || node.text == "false")) return node.text == "true";
  mismatch(node, expected);
}

std::string read_text(const YamlNode& node, const Expectation& expected) {
  if (node.kind == YamlNode::Kind::plain || node.kind == YamlNode::Kind::quoted) return node.text;
  mismatch(node, expected);
}

size_t read_choice(const YamlNode& node, const Expectation& expected, std::span<const std::string_view> choices) {
  if (node.kind != YamlNode::Kind::plain && node.kind != YamlNode::Kind::quoted) mismatch(node, expected);
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == node.text) return i;
  }
  const std::string near = nearest_name(node.text, choices);
  if (near.empty()) mismatch(node, expected);
  fail(expected.kind, fmt::format("{} wants {}, found {}", expected.key, expected.wanted, describe_found(node)),
       place_of(node, expected.place), did_you_mean(near));
}

const std::vector<YamlNode>& read_list(const YamlNode& node, const Expectation& expected) {
  if (node.kind == YamlNode::Kind::list) return node.items;
  mismatch(node, expected);
}

}  // namespace spinenet
