#include "base/yaml.h"

#include <gtest/gtest.h>

#include "base/format.h"

namespace spinenet {
namespace {

using Kind = YamlNode::Kind;

// The message with which the text is refused.
std::string yaml_refusal(std::string_view text) {
  try {
    parse_yaml(text, "r.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "accepted";
}

void expect_yaml_refusal(std::string_view text, std::string_view part) {
  const std::string message = yaml_refusal(text);
  EXPECT_NE(message.find(part), std::string::npos) << "wanted: " << part << "\nfound:  " << message;
}

TEST(Yaml, KeepsScalarsAsTextWithTheirPlace) {
  const YamlNode root = parse_yaml("a: 1.10\nb:\n  - no\n  - \"5\"\n  - ~\nc: {d: e}  # comment\n", "r.yaml");
  ASSERT_EQ(root.kind, Kind::map);
  ASSERT_EQ(root.keys.size(), 3U);
  EXPECT_EQ(root.keys[0].text, "a");
  EXPECT_EQ(root.items[0].text, "1.10");
  EXPECT_EQ(root.items[0].kind, Kind::plain);
  EXPECT_EQ(root.items[0].line, 1);
  EXPECT_EQ(root.items[0].column, 4);
  const YamlNode& list = root.items[1];
  ASSERT_EQ(list.kind, Kind::list);
  ASSERT_EQ(list.items.size(), 3U);
  EXPECT_EQ(list.items[0].text, "no");
  EXPECT_EQ(list.items[1].kind, Kind::quoted);
  EXPECT_EQ(list.items[1].line, 4);
  EXPECT_EQ(list.items[2].kind, Kind::null);
  EXPECT_EQ(root.items[2].items[0].text, "e");
}

TEST(Yaml, NothingIsANull) {
  for (const std::string_view text :
       {std::string_view(), std::string_view(""), std::string_view("\n\n"), std::string_view("# only a comment\n"),
        std::string_view("---\n"), std::string_view("~"), std::string_view("\xEF\xBB\xBF")}) {
    EXPECT_EQ(parse_yaml(text, "r.yaml").kind, Kind::null) << text;
  }
}

TEST(Yaml, AByteOrderMarkAndWindowsLinesAreNoHindrance) {
  const YamlNode root = parse_yaml(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: gr\xC3\xBC\xC3\x9F\r\n",
      "r.yaml");
  ASSERT_EQ(root.items.size(), 2U);
  EXPECT_EQ(root.items[0].text, "1");
  EXPECT_EQ(root.items[1].text, "gr\xC3\xBC\xC3\x9F");
}

TEST(Yaml, RefusesWhatHurtsLater) {
  expect_yaml_refusal("a: 1\nb: 2\na: 3\n", "r.yaml:3:1: key \"a\" appears twice, first in line 1");
  expect_yaml_refusal("a:\n\tb: 1\n", "r.yaml:2:1: a tab in the indentation");
  expect_yaml_refusal("a:\n  \tb: 1\n", "r.yaml:2:3: a tab in the indentation");
  expect_yaml_refusal("a: &x 1\n", "anchors");
  expect_yaml_refusal("a: &x [1, 2]\nb: *x\n", "anchors");
  expect_yaml_refusal("a: *x\n", "r.yaml:1:");
  expect_yaml_refusal("a: !!str 5\n", "tags (tag:yaml.org,2002:str) are not supported");
  expect_yaml_refusal("a: !thing {}\n", "tags");
  expect_yaml_refusal("[a, b]: 1\n", "a key has to be a plain word");
  expect_yaml_refusal("? {a: 1}\n: 2\n", "r.yaml:1:3: a key has to be a plain word");
  expect_yaml_refusal("~: 1\n", "a key is missing");
  expect_yaml_refusal("a: 1\n---\nb: 2\n", "a second document begins");
  expect_yaml_refusal("a: [1, 2\n", "not valid YAML");
  expect_yaml_refusal("a: \"open\nb: 1\n", "not valid YAML");
  expect_yaml_refusal("a: 'open\n", "not valid YAML");
  expect_yaml_refusal("{a: 1, ", "not valid YAML");
  expect_yaml_refusal("a: 1\nb\n", "not valid YAML");
  expect_yaml_refusal("a: 1\n}\n", "not valid YAML");
  expect_yaml_refusal("a: 1\n b: 2\n", "r.yaml:2:");
  expect_yaml_refusal("a: b: c\n", "not valid YAML");
}

TEST(Yaml, RefusesWhatIsNotText) {
  expect_yaml_refusal("a: 1\nb: \xFF\n", "r.yaml:2:4: not UTF-8 text");
  expect_yaml_refusal("a: \xC0\xAF\n", "not UTF-8");          // overlong
  expect_yaml_refusal("a: \xED\xA0\x80\n", "not UTF-8");      // surrogate
  expect_yaml_refusal("a: \xF4\x90\x80\x80\n", "not UTF-8");  // above U+10FFFF
  expect_yaml_refusal("a: \xE2\x82", "not UTF-8");            // cut off
  expect_yaml_refusal(std::string_view("a: \0\n", 5), "control character 0x00");
  expect_yaml_refusal("a: \x1B[31m\n", "r.yaml:1:4: control character 0x1b");
  expect_yaml_refusal(std::string_view("\xFF\xFE"
                                       "a\0",
                                       4),
                      "not UTF-8");  // UTF-16
}

TEST(Yaml, DepthAndSizeAreLimited) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(parse_yaml(nested(32), "r.yaml").kind, Kind::list);
  expect_yaml_refusal(nested(33), "nested deeper than 32 levels");
  expect_yaml_refusal(nested(100'000), "nested deeper than 32 levels");
  expect_yaml_refusal(std::string(200'000, '['), "nested deeper");
  std::string stairs;
  for (size_t i = 0; i < 40; ++i) stairs += std::string(i, ' ') + "a:\n";
  expect_yaml_refusal(stairs + std::string(40, ' ') + "1\n", "nested deeper");
  expect_yaml_refusal(std::string((size_t{1} << 20) + 1, '#'), "1048577 bytes are more than");
}

TEST(Yaml, QuotesOfMessagesArePrintable) {
  EXPECT_EQ(short_quote("plain \u00fc"), "\"plain \u00fc\"");
  EXPECT_EQ(short_quote("a\nb\x1b[2J"), "\"a\\nb\\x1b[2J\"");
  const std::string cut = short_quote(std::string(59, 'x') + "\n" + std::string(50, 'y'));
  EXPECT_EQ(cut, "\"" + std::string(59, 'x') + "\\n...\"");
}

TEST(Yaml, TextIsQuotedOnlyWhereNeeded) {
  EXPECT_EQ(yaml_text("adamw"), "adamw");
  EXPECT_EQ(yaml_text("data/train-1.json"), "data/train-1.json");
  for (const std::string_view text :
       {"", "no", "Null", "1e5", "-x", "a: b", " a", "a\nb", "a\tb", "\"", "\\", "#", "~"}) {
    EXPECT_EQ(yaml_text(text).front(), '"') << text;
  }
}

std::string utf8(unsigned code) {
  if (code < 0x80) return {static_cast<char>(code)};
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x800) return {static_cast<char>(0xC0U | code >> 6U), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0U | code >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | code >> 18U), tail(12), tail(6), tail(0)};
}

TEST(Yaml, EveryCharacterReadsBackFromItsQuotedForm) {
  for (unsigned code = 0; code <= 0x10FFFF; code += code < 0x3000 || (code > 0xFEF0 && code < 0x10010) ? 1 : 997) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    const std::string character = utf8(code);
    EXPECT_TRUE(is_utf8(character)) << code;
    const std::string text = character + "a " + character + " b" + character;
    const YamlNode root = parse_yaml(fmt::format("key: {0}\nlist: [{0}, {0}]\n", yaml_text(text)), "r.yaml");
    ASSERT_EQ(root.items.at(0).text, text) << code;
    ASSERT_EQ(root.items.at(1).items.at(1).text, text) << code;
  }
}

}  // namespace
}  // namespace spinenet
