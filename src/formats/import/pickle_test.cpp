#include "formats/import/pickle.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/import/pytorch_fixture.h"

namespace spinenet::formats {
namespace {

namespace pk = fixture::pickle;

std::string pickle_refusal(const std::string& bytes) {
  try {
    read_pickle(bytes, "a.pth");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    EXPECT_TRUE(std::string_view(error.what()).starts_with("a.pth: pickle, byte ")) << error.what();
    return error.what();
  }
  return "read";
}

Pickle read_value(const std::string& value) {
  return read_pickle(pk::whole(value), "a.pth");
}

TEST(Pickle, ReadsNumbersTextAndContainers) {
  const Pickle pickle = read_value(pk::list({pk::integer(-5), "K\x07", "M\x01\x02", "J\xff\xff\xff\xff", "N", "\x88",
                                             std::string("G\x3f\xf8\0\0\0\0\0\0", 9), pk::text("hé"),
                                             pk::tuple({pk::text("a")}), pk::dict({{"k", pk::integer(9)}})}));
  const PickleNode& root = pickle.at(pickle.root);
  ASSERT_EQ(root.kind, PickleKind::list);
  ASSERT_EQ(root.items.size(), 10U);
  const auto item = [&](size_t i) { return pickle.at(root.items[i]); };
  EXPECT_EQ(item(0).integer, -5);
  EXPECT_EQ(item(1).integer, 7);
  EXPECT_EQ(item(2).integer, 0x201);
  EXPECT_EQ(item(3).integer, -1);
  EXPECT_EQ(item(4).kind, PickleKind::none);
  EXPECT_EQ(item(5).integer, 1);
  EXPECT_EQ(item(6).real, 1.5);
  EXPECT_EQ(item(7).text, "hé");
  EXPECT_EQ(pickle.at(item(8).items[0]).text, "a");
  ASSERT_NE(pickle.find(item(9), "k"), nullptr);
  EXPECT_EQ(pickle.find(item(9), "k")->integer, 9);
  EXPECT_EQ(pickle.find(item(9), "x"), nullptr);
}

TEST(Pickle, LongNumbersOfEveryWidth) {
  EXPECT_EQ(read_value("\x8a\x01\xfe").at(3).integer, -2);
  EXPECT_EQ(read_value(std::string("\x8a\0", 2)).at(3).integer, 0);
  EXPECT_EQ(read_value("\x8a\x09" + std::string(9, '\x01')).at(3).kind, PickleKind::long_integer);
}

// What Python would do with it is run a command. Here it is a name and its argument.
TEST(Pickle, AForeignCallIsANodeAndNothingIsRun) {
  const Pickle pickle = read_value(pk::call(pk::global("os", "system"), {pk::text("touch /tmp/never")}));
  const PickleNode& root = pickle.at(pickle.root);
  EXPECT_EQ(root.kind, PickleKind::call);
  EXPECT_EQ(pickle.at(root.callee).text, "os.system");
  EXPECT_EQ(pickle.at(pickle.at(root.arguments).items[0]).text, "touch /tmp/never");
}

TEST(Pickle, AnObjectKeepsItsState) {
  const Pickle pickle = read_value(pk::call(pk::global("a", "B"), {}) + pk::dict({{"x", pk::integer(1)}}) + "b");
  const PickleNode& root = pickle.at(pickle.root);
  EXPECT_EQ(pickle.find(pickle.at(root.state), "x")->integer, 1);
}

TEST(Pickle, TheMemoGivesTheSameObject) {
  const Pickle pickle =
      read_value(std::string("](") + pk::text("a") + "q\x05h\x05" + std::string("r\x09\0\0\0j\x09\0\0\0", 10) + "e");
  const PickleNode& root = pickle.at(pickle.root);
  ASSERT_EQ(root.items.size(), 3U);
  EXPECT_EQ(root.items[0], root.items[1]);
  EXPECT_EQ(root.items[0], root.items[2]);
}

TEST(Pickle, WhatFollowsItsEndIsNotRead) {
  EXPECT_EQ(read_pickle(pk::whole("N") + "behind", "a.pth").bytes, 4U);
}

TEST(Pickle, BrokenOnesAreRefused) {
  const std::vector<std::pair<std::string, std::string>> broken{
      {"", "1 bytes are needed, but 0 follow"},
      {".", "the stack is empty"},
      {"\x80\x06N.", "protocol 6 is newer"},
      {"\xff.", "opcode 0xff is not known"},
      {std::string("X\xff\xff\xff\xff", 5) + "abc", "4294967295 bytes are needed, but 3 follow"},
      {std::string("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 9), "are needed, but 0 follow"},
      {"cos\nsystem", "a line does not end"},
      {"t.", "there is no mark"},
      {"(0.", "the stack is empty"},
      {"h\x01.", "nothing is remembered as 1"},
      {"q\x01.", "the stack is empty"},
      {"NNa.", "appends to what is no list"},
      {"N(NNu.", "sets a key in what is no dict"},
      {"}(Nu.", "a key has no value"},
      {"NNb.", "gives a state to what has none"},
      {"NN\x93.", "a global's name is no text"},
  };
  for (const auto& [bytes, message] : broken) {
    EXPECT_NE(pickle_refusal(bytes).find(message), std::string::npos) << pickle_refusal(bytes);
  }
}

TEST(Pickle, TextFormsAreToldWithTheRemedy) {
  for (const char* bytes : {"S'text'\n.", "(lp0\n.", "I5\n.", "L5L\n."}) {
    try {
      read_pickle(bytes, "a.pth");
      FAIL() << bytes;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_NE(std::string(error.what()).find("of protocols 0 and 1, in text"), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("pickle_protocol=2"), std::string::npos) << error.what();
    }
  }
}

// One byte for each, or five.
TEST(Pickle, WhatGrowsWithoutObjectsIsBounded) {
  const std::string many(kMaxPickleObjects + 2, 'N');
  EXPECT_NE(pickle_refusal(many + ".").find("more than 1000000 entries of the stack"), std::string::npos);
  EXPECT_NE(pickle_refusal(std::string(kMaxPickleObjects + 2, '(') + ".").find("more than 1000000 marks"),
            std::string::npos);
  std::string memo = "N";
  for (uint32_t i = 0; i < kMaxPickleObjects + 2; ++i) memo += "r" + fixture::number_bytes(i);
  EXPECT_NE(pickle_refusal(memo + ".").find("more than 1000000 remembered objects"), std::string::npos);
}

TEST(Pickle, TooManyObjectsAreRefused) {
  std::string many = "](";
  for (size_t i = 0; i < kMaxPickleObjects; ++i) many += "K\x01";
  EXPECT_NE(pickle_refusal(many + "e.").find("more than 1000000 objects"), std::string::npos);
}

// A list of pairs that is made into a dict by three bytes, again and again.
TEST(Pickle, AMemoBombIsRefused) {
  std::vector<std::string> pairs(2000, pk::tuple({pk::integer(1), pk::integer(2)}));
  std::string bomb = pk::global("collections", "OrderedDict") + "q\x01" + "0" + pk::list(pairs) + "\x85q\x02" + "0";
  for (int i = 0; i < 5000; ++i) bomb += "h\x01h\x02R0";
  EXPECT_NE(pickle_refusal(bomb + "N.").find("again and again"), std::string::npos);
}

TEST(Pickle, DeepNestingIsPlainData) {
  std::string deep = "N";
  for (int i = 0; i < 500'000; ++i) deep += "\x85";
  EXPECT_EQ(read_value(deep).nodes.size(), 500'003U);
}

}  // namespace
}  // namespace spinenet::formats
