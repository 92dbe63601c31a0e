#include "data/coco/plain_lists.h"

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace spinenet::data {
namespace {

std::string without(std::string_view text) {
  std::string out = "<";
  append_without_lists(text, "key", out);
  return out.substr(1);
}

TEST(PlainLists, OfNumbersAreLeftEmpty) {
  const std::array<std::pair<std::string_view, std::string_view>, 8> kCases{{
      {R"({"key":[1,2.5,-3,0,-0.25]})", R"({"key":[]})"},
      {R"({"key":[]})", R"({"key":[]})"},
      {R"({"key":[[1,2],[3]]})", R"({"key":[[]]})"},
      {R"({"key":[[]]})", R"({"key":[[]]})"},
      {"{\"key\" :\n[ [ 1 , 2 ] ,\t[ ] ] , \"b\":1}", "{\"key\" :\n[[]] , \"b\":1}"},
      {R"([{"key":[1]},{"key":[[2]]}])", R"([{"key":[]},{"key":[[]]}])"},
      {R"({"key":[123456789012345678,0.1234567890123456]})", R"({"key":[]})"},
      {R"({"a\"key":[1]})", R"({"a\"key":[]})"},
  }};
  for (const auto& [text, expected] : kCases) EXPECT_EQ(without(text), expected) << text;
}

TEST(PlainLists, EveryOtherValueStays) {
  for (const std::string_view value : {"1",
                                       "\"[1]\"",
                                       "{\"a\":[1]}",
                                       "null",
                                       "[true]",
                                       "[\"1\"]",
                                       "[1,[2]]",
                                       "[[1],2]",
                                       "[[[1]]]",
                                       "[{}]",
                                       "[01]",
                                       "[-]",
                                       "[+1]",
                                       "[1.]",
                                       "[.5]",
                                       "[1e5]",
                                       "[1 2]",
                                       "[1,]",
                                       "[,1]",
                                       "[1",
                                       "[[1]",
                                       "[[1],",
                                       "[[1],]",
                                       "[",
                                       "[[",
                                       "",
                                       "[1234567890123456789]",
                                       "[-123456789012345678]",
                                       "[0.12345678901234567]",
                                       "[1\x01]"}) {
    const std::string text = R"({"id":[1],"key":)" + std::string(value);
    EXPECT_EQ(without(text), text);
    EXPECT_EQ(without(text + R"(,"key":[2]})"), text + R"(,"key":[]})");
  }
}

TEST(PlainLists, OfOtherKeysStay) {
  for (const std::string_view text :
       {R"({"keys":[1],"ke":[2],"a":"key","b":[3]})", R"("key")", R"("key":)", "key", "", R"({"a":"\"key\":[1]"})"}) {
    EXPECT_EQ(without(text), text);
  }
}

}  // namespace
}  // namespace spinenet::data
