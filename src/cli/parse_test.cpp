#include "cli/parse.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::cli {
namespace {

std::string refusal_of(std::vector<std::string> words) {
  words.insert(words.begin(), "spinenet");
  Invocation invocation;
  try {
    parse_command_line(words, invocation);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
    EXPECT_FALSE(invocation.run);
    return error.what();
  }
  return "accepted";
}

struct WrongLine {
  std::vector<std::string> words;
  std::string message;
};

void PrintTo(const WrongLine& line, std::ostream* out) {
  *out << fmt::format("{}", fmt::join(line.words, " "));
}

class WrongCommandLine : public testing::TestWithParam<WrongLine> {};

TEST_P(WrongCommandLine, IsAnswered) {
  const std::string refusal = refusal_of(GetParam().words);
  EXPECT_NE(refusal.find(GetParam().message), std::string::npos) << refusal;
}

INSTANTIATE_TEST_SUITE_P(
    Parse, WrongCommandLine,
    testing::Values(WrongLine{{"predct", "m.safetensors"}, "unknown command \"predct\"; did you mean \"predict\"?"},
                    WrongLine{{"xyzzyxyzzy"}, "unknown command \"xyzzyxyzzy\"; see spinenet --help"},
                    WrongLine{{"data", "chek", "a.json"}, "unknown command \"chek\"; did you mean \"check\"?"},
                    WrongLine{{"describe", "spinenet-49", "--jsn"}, "unknown flag \"--jsn\"; did you mean \"--json\"?"},
                    WrongLine{{"predict", "m", "a.jpg", "--treshold=0.5"},
                              "unknown flag \"--treshold\"; did you mean \"--threshold\"?"},
                    WrongLine{{"describe", "--zzzzzzzz"}, "unknown flag \"--zzzzzzzz\"; see spinenet describe --help"},
                    WrongLine{{"data", "check", "--imags", "x"}, "did you mean \"--images\"?"},
                    WrongLine{{"describe"}, "ARCH is required; see spinenet describe --help"},
                    WrongLine{{"data", "check"}, "ANNOTATIONS is required; see spinenet data check --help"},
                    WrongLine{{"describe", "a", "b"}, "b; see spinenet describe --help"},
                    WrongLine{{"describe", "a", "--size", "0"}, "--size: 0 is not between 1 and 65536"},
                    WrongLine{{"describe", "a", "--size", "-5"}, "--size: -5 is not between 1 and 65536"},
                    WrongLine{{"describe", "a", "--size", "many"}, "--size: many is not between"},
                    WrongLine{{"describe", "a", "--size"}, "--size: 1 required N missing"},
                    WrongLine{{"describe", "a", "--size", "1", "--size", "2"}, "--size"},
                    WrongLine{{"describe", ""}, "ARCH: an empty value"},
                    WrongLine{{"describe", "a", "--svg", ""},
                              "--svg: an empty value; give it a value, or leave it out"},
                    WrongLine{{"describe", "a", "--svg="}, "--svg"},
                    WrongLine{{"train", "a.yaml", "--from", ""}, "--from: an empty value"},
                    WrongLine{{"train", "a.yaml", "--out", ""}, "--out: an empty value"},
                    WrongLine{{"predict", "m", "a.jpg", "--annotations", ""}, "--annotations: an empty value"},
                    WrongLine{{"predict", "m", "a.jpg", ""}, "INPUT: an empty value"},
                    WrongLine{{"data", "split", "a.json", "--out", "o", "--parts", "a=1", "--group-by", ""},
                              "--group-by: an empty value"},
                    WrongLine{{"describe", "a", "-q", "-v"}, "--verbose"},
                    WrongLine{{"predict", "m", "a.jpg", "--threshold", "1.5"}, "1.5 is not between 0 and 1"},
                    WrongLine{{"predict", "m.safetensors"}, "INPUT is required"},
                    WrongLine{{"data", "scenes"}, "--out is required"},
                    WrongLine{{"data", "convert", "a"}, "is required; see spinenet data convert --help"},
                    WrongLine{{"data", "split", "a.json", "--out", "b"}, "--parts is required"},
                    WrongLine{{"data", "merge", "--out", "b.json"}, "ANNOTATIONS is required"},
                    WrongLine{{"completion"}, "SHELL is required"},
                    WrongLine{{"completion", "fihs"}, "unknown shell \"fihs\"; did you mean \"fish\"?"},
                    WrongLine{{"man", "data", "chek"}, "unknown command \"chek\"; did you mean \"check\"?"},
                    WrongLine{{"man", "check"}, "unknown command \"check\""}));

TEST(Parse, GivesAnActionForAGoodLine) {
  Invocation invocation;
  parse_command_line({"spinenet", "describe", "spinenet-49", "--json", "--threads", "3", "-v"}, invocation);
  EXPECT_TRUE(invocation.run);
  EXPECT_TRUE(invocation.common.json);
  EXPECT_TRUE(invocation.common.verbose);
  EXPECT_EQ(threads_of(invocation.common), 3);
}

TEST(Parse, TakesFlagsAnywhereBehindTheVerb) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"spinenet", "data", "check", "--images", "dir", "a.json"},
        {"spinenet", "data", "check", "a.json", "--images=dir"},
        {"spinenet", "predict", "-q", "m.safetensors", "--", "a.jpg", "-odd-name.jpg"},
        {"spinenet", "predict", "m.safetensors", "-", "--json"},
        {"spinenet", "predict", "m.safetensors", "--json", "a.jpg", "b.jpg"},
        {"spinenet", "train", "r.yaml", "--set", "a.b=1", "--set", "c=2"},
        {"spinenet"},
        {"spinenet", "data"},
        {"spinenet", "study"},
        {"spinenet", "man"},
        {"spinenet", "man", "data", "check"},
        {"spinenet", "completion", "zsh"},
        {"spinenet", "help", "data", "check"},
        {"spinenet", "data", "--help"}}) {
    Invocation invocation;
    EXPECT_NO_THROW(parse_command_line(words, invocation)) << words.back();
    EXPECT_TRUE(invocation.run);
  }
}

TEST(Threads, AreAllCoresUnlessGiven) {
  EXPECT_GE(threads_of({}), 1);
}

TEST(Parse, KnowsOfEveryOptionWhetherItIsAPath) {
  const std::vector<std::string> unknown = options_of_unknown_type();
  EXPECT_TRUE(unknown.empty()) << fmt::format("{}", fmt::join(unknown, "\n"));
}

}  // namespace
}  // namespace spinenet::cli
