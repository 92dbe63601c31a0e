#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet {
namespace {

std::string refusal(std::string_view text) {
  try {
    parse_json(text, "a.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "accepted";
}

void expect_refusal(std::string_view text, std::string_view part) {
  const std::string message = refusal(text);
  EXPECT_TRUE(message.starts_with("a.json: ")) << message;
  EXPECT_NE(message.find(part), std::string::npos) << "wanted: " << part << "\nfound:  " << message;
}

TEST(Json, KeepsTheOrderOfKeys) {
  const Json json = parse_json(R"({"z": 1, "a": {"y": [1, 2.5, "x", null, true]}, "m": -0.0})", "a.json");
  EXPECT_EQ(json.dump(), R"({"z":1,"a":{"y":[1,2.5,"x",null,true]},"m":-0.0})");
  EXPECT_EQ(to_text(Json::parse(R"({"b":[],"a":1})")), "{\n  \"b\": [],\n  \"a\": 1\n}\n");
}

TEST(Json, FaultsNameLineAndColumn) {
  expect_refusal("{\n  \"a\": 1,\n  oops\n}", "not valid JSON at line 3, column 3");
  expect_refusal("[1, 2", "line 1, column ");
  expect_refusal("", "not valid JSON");
  expect_refusal("{} {}", "line 1, column 4");
  expect_refusal("[NaN]", "not valid JSON");
  expect_refusal("[01]", "not valid JSON");
  expect_refusal("[1e999]", "not valid JSON");
}

TEST(Json, RefusesWhatHurtsLater) {
  expect_refusal(R"({"a": 1, "b": {"a": 2}, "a": 3})", "key \"a\" appears twice");
  EXPECT_EQ(refusal(R"([{"a": 1}, {"a": {"a": 2}}])"), "accepted");
  expect_refusal("\xEF\xBB\xBF{}", "byte order mark");
  expect_refusal("[\"\xFF\"]", "not valid JSON");
  expect_refusal("[\"\xED\xA0\x80\"]", "not valid JSON");
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(refusal(nested(64)), "accepted");
  expect_refusal(nested(66), "nested deeper than 64 levels");
  expect_refusal(nested(1'000'000), "nested deeper than 64 levels");
  expect_refusal(std::string(1'000'000, '['), "nested deeper than 64 levels");
}

// Each of these took minutes when every key was compared with all others.
TEST(Json, ObjectsOfManyKeysAreReadInOrder) {
  constexpr int kKeys = 200'000;
  const auto object_of = [](std::string_view value) {
    std::string text = "{";
    for (int i = 0; i < kKeys; ++i) text += fmt::format("{}\"k{}\":{}", i > 0 ? "," : "", kKeys - i, value);
    return text + "}";
  };
  const std::string numbers = object_of("1");
  EXPECT_EQ(parse_json(numbers, "a.json").dump(), numbers);
  const std::string objects = object_of(R"({"b":[1],"a":{}})");
  EXPECT_EQ(parse_json(objects, "a.json").dump(), objects);
  const SortedJson sorted = parse_sorted_json(objects, "a.json");
  EXPECT_EQ(sorted.size(), size_t{kKeys});
  EXPECT_EQ(sorted["k7"].dump(), R"({"a":{},"b":[1]})");
  const std::string nested = R"([[{"x":)" + numbers + "}]]";
  EXPECT_EQ(parse_json(nested, "a.json").dump(), nested);
  std::string repeated = numbers;
  repeated.replace(repeated.rfind("\"k1\""), 4, "\"k200000\"");
  expect_refusal(repeated, "key \"k200000\" appears twice");
}

TEST(Json, NumbersReadBackBitForBit) {
  for (const double x : {0.1, 1.0 / 3, 1e-300, 1.7976931348623157e308, 5e-324, -2.5}) {
    EXPECT_EQ(parse_json(to_text(Json(x)), "a.json").get<double>(), x);
  }
  EXPECT_EQ(parse_json("18446744073709551615", "a.json").get<uint64_t>(), UINT64_MAX);
}

}  // namespace
}  // namespace spinenet
