#include "search/algorithms/state_text.h"

#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

[[noreturn]] void broken(std::string_view what) {
  fail(ErrorKind::bad_data, what, "state of a search algorithm", "the study's file is damaged, or of another program");
}

const Json& member(const Json& state, std::string_view key) {
  const auto it = state.is_object() ? state.find(std::string(key)) : state.end();
  if (it == state.end()) broken(fmt::format("\"{}\" is missing", key));
  return *it;
}

std::string space_hash(const arch::SearchSpace& space) {
  return fmt::format("{:016x}", arch::hash_of_space(space));
}

std::array<int, 256> digit_values() {
  std::array<int, 256> values;
  values.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int>(i);
  return values;
}

// Nothing when the text is not base64 of whole bytes.
std::optional<std::vector<uint8_t>> from_base64(std::string_view text) {
  static const std::array<int, 256> values = digit_values();
  if (text.size() % 4 != 0) return std::nullopt;
  size_t digits = text.size();
  while (digits > 0 && text.size() - digits < 2 && text[digits - 1] == '=') --digits;
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int value = values[static_cast<unsigned char>(text[i])];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if (i % 4 == 0) continue;
    const unsigned shift = 6 - 2 * static_cast<unsigned>(i % 4);  // bits that wait for the next digit
    bytes.push_back(static_cast<uint8_t>(bits >> shift & 0xff));
    bits &= (1u << shift) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace

Json state_head(std::string_view algorithm, int version, const arch::SearchSpace& space) {
  Json state;
  state["algorithm"] = algorithm;
  state["version"] = version;
  state["space"] = space_hash(space);
  return state;
}

Json parse_state(std::string_view text, std::string_view algorithm, int version, const arch::SearchSpace& space) {
  Json state = parse_json(text, "state of a search algorithm");
  if (const Json& found = member(state, "algorithm"); found != algorithm) {
    broken(fmt::format("is of the algorithm {}, not \"{}\"", found.dump(), algorithm));
  }
  if (const Json& found = member(state, "version"); found != version) {
    broken(fmt::format("has version {}; this program knows {}", found.dump(), version));
  }
  if (const Json& found = member(state, "space"); found != space_hash(space)) {
    broken(fmt::format("is of another search space: {}, not \"{}\"", found.dump(), space_hash(space)));
  }
  return state;
}

int64_t state_count(const Json& state, std::string_view key) {
  const Json& value = member(state, key);
  const bool whole = value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
  if (!whole || value.get<int64_t>() < 0) broken(fmt::format("\"{}\" is not an integer from 0 on", key));
  return value.get<int64_t>();
}

double state_number(const Json& state, std::string_view key) {
  const Json& value = member(state, key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) broken(fmt::format("\"{}\" is not a number", key));
  return value.get<double>();
}

const Json& state_list(const Json& state, std::string_view key) {
  const Json& value = member(state, key);
  if (!value.is_array()) broken(fmt::format("\"{}\" is not a list", key));
  return value;
}

std::vector<float> state_floats(const Json& state, std::string_view key, size_t size) {
  const Json& text = member(state, key);
  const auto bytes = text.is_string() ? from_base64(text.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes || bytes->size() != size * sizeof(float)) broken(fmt::format("\"{}\" is not {} floats", key, size));
  std::vector<float> values(size);
  for (size_t i = 0; i < size; ++i) {
    uint32_t bits = 0;
    for (size_t byte = 0; byte < 4; ++byte) bits |= static_cast<uint32_t>((*bytes)[4 * i + byte]) << (8 * byte);
    values[i] = std::bit_cast<float>(bits);
    if (!std::isfinite(values[i])) broken(fmt::format("\"{}\" holds a number that is not finite", key));
  }
  return values;
}

arch::Choices state_choices(const Json& state, std::string_view key, const arch::SearchSpace& space) {
  arch::Choices choices;
  for (const Json& value : state_list(state, key)) {
    if (!value.is_number_integer()) broken(fmt::format("\"{}\" holds what is not an integer", key));
    choices.push_back(value.get<int>());
  }
  arch::replay(space, choices);
  return choices;
}

std::string to_base64(std::span<const float> values) {
  std::string text;
  text.reserve((values.size() * sizeof(float) + 2) / 3 * 4);
  uint32_t bits = 0;
  size_t count = 0;
  const auto put = [&text](uint32_t triple, int digits) {
    for (int i = 0; i < 4; ++i) text += i < digits ? kAlphabet[triple >> (18 - 6 * i) & 63] : '=';
  };
  for (const float value : values) {
    const auto word = std::bit_cast<uint32_t>(value);
    for (unsigned byte = 0; byte < 4; ++byte) {
      bits = bits << 8 | (word >> (8 * byte) & 0xff);
      if (++count % 3 == 0) {
        put(bits, 4);
        bits = 0;
      }
    }
  }
  if (count % 3 == 1) put(bits << 16, 2);
  if (count % 3 == 2) put(bits << 8, 3);
  return text;
}

}  // namespace spinenet::search
