#include "search/algorithms/state_text.h"

#include <bit>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

const arch::SearchSpace& state_space() {
  static const arch::SearchSpace value = arch::named_search_space("spinenet-49");
  return value;
}

Json state_of(std::span<const float> values) {
  Json state = state_head("test", 1, state_space());
  state["values"] = to_base64(values);
  return state;
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "";
}

// RFC 4648, section 10, on the bytes of floats: 0x6f6f66 "foo" with a zero byte in front is "\0foo" backwards.
TEST(StateText, IsBase64OfLittleEndianBytes) {
  const float foob = std::bit_cast<float>(0x626f6f66u);  // bytes f o o b
  const float arfo = std::bit_cast<float>(0x6f667261u);  // bytes a r f o
  EXPECT_EQ(to_base64({}), "");
  EXPECT_EQ(to_base64(std::vector{foob}), "Zm9vYg==");
  EXPECT_EQ(to_base64(std::vector{foob, arfo}), "Zm9vYmFyZm8=");
  EXPECT_EQ(to_base64(std::vector{foob, arfo, foob}), "Zm9vYmFyZm9mb29i");
}

TEST(StateText, KeepsFloatsBitForBit) {
  Random random(3);
  for (size_t size = 0; size < 20; ++size) {
    std::vector<float> values;
    while (values.size() < size) {
      const float value = std::bit_cast<float>(static_cast<uint32_t>(random.next()));
      if (std::isfinite(value)) values.push_back(value);
    }
    if (size > 2) values[1] = -0.0f, values[2] = std::numeric_limits<float>::denorm_min();
    const std::vector<float> read = state_floats(state_of(values), "values", size);
    ASSERT_EQ(read.size(), size);
    for (size_t i = 0; i < size; ++i) EXPECT_EQ(std::bit_cast<uint32_t>(read[i]), std::bit_cast<uint32_t>(values[i]));
  }
}

TEST(StateText, RefusesFloatsThatAreBroken) {
  Json state = state_of(std::vector<float>{1, 2});
  EXPECT_NE(message_of([&] { state_floats(state, "values", 3); }), "");
  EXPECT_NE(message_of([&] { state_floats(state, "others", 2); }), "");
  for (const char* text : {"AACAPwAAAE", "AACAPwAAAE*=", "AACAPwAAAEB=", "AACA=wAAAEA=", "AACAPwAAgH8="}) {
    state["values"] = text;  // too short, no digit, bits after the end, an end in the middle, infinity
    EXPECT_NE(message_of([&] { state_floats(state, "values", 2); }), "") << text;
  }
  state["values"] = 5;
  EXPECT_NE(message_of([&] { state_floats(state, "values", 2); }), "");
}

TEST(StateText, TellsWhichHeadIsWrong) {
  const std::string text = state_head("test", 2, state_space()).dump();
  EXPECT_NO_THROW(parse_state(text, "test", 2, state_space()));
  EXPECT_NE(message_of([&] { parse_state(text, "other", 2, state_space()); }).find("\"other\""), std::string::npos);
  EXPECT_NE(message_of([&] { parse_state(text, "test", 1, state_space()); }).find("version 2"), std::string::npos);
  EXPECT_NE(message_of([&] { parse_state(text, "test", 2, arch::named_search_space("fish")); }).find("space"),
            std::string::npos);
  for (const char* broken : {"", "[]", "7", "{", "{}"}) {
    EXPECT_NE(message_of([&] { parse_state(broken, "test", 2, state_space()); }), "") << broken;
  }
}

TEST(StateText, ChecksNumbers) {
  const Json state = parse_json(R"({"a": 3, "b": -1, "c": 2.5, "d": "x", "f": 18446744073709551615})", "");
  EXPECT_EQ(state_count(state, "a"), 3);
  EXPECT_EQ(state_number(state, "a"), 3);
  EXPECT_EQ(state_number(state, "c"), 2.5);
  for (const char* key : {"b", "c", "d", "f", "g"}) EXPECT_NE(message_of([&] { state_count(state, key); }), "") << key;
  for (const char* key : {"d", "g"}) EXPECT_NE(message_of([&] { state_number(state, key); }), "") << key;
}

TEST(StateText, ChecksChoices) {
  Random random(1);
  const arch::Sample sample = arch::random_sample(state_space(), random);
  Json state{{"choices", sample.choices}};
  EXPECT_EQ(state_choices(state, "choices", state_space()), sample.choices);
  state["choices"][3] = 99;
  EXPECT_NE(message_of([&] { state_choices(state, "choices", state_space()); }), "");
  state["choices"][3] = "3";
  EXPECT_NE(message_of([&] { state_choices(state, "choices", state_space()); }), "");
  state["choices"] = Json::array();
  EXPECT_NE(message_of([&] { state_choices(state, "choices", state_space()); }), "");
}

}  // namespace
}  // namespace spinenet::search
