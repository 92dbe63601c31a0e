// What help looks like: groups, line breaks, defaults.
#include <algorithm>
#include <sstream>

#include "base/files.h"
#include "base/format.h"
#include "cli/program.h"

namespace spinenet {
namespace {

class Help : public ProgramTest {
 protected:
  // As a terminal of so many columns has it.
  std::string help(const std::string& verb, int columns) {
    environment_ = fmt::format("COLUMNS={}", columns);
    return run(verb + " --help").out;
  }

  std::vector<std::string> every_command() const {
    std::vector<std::string> verbs = every_verb();
    verbs.emplace_back("");
    return verbs;
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

TEST_F(Help, ListsEveryCommandOnce) {
  for (const std::string& verb : every_verb()) {
    const size_t space = verb.find(' ');
    const std::string outer = space == std::string::npos ? "" : verb.substr(0, space);
    const std::string entry = fmt::format("  {} ", space == std::string::npos ? verb : verb.substr(space + 1));
    const std::vector<std::string> lines = lines_of(help(outer, 100));
    EXPECT_EQ(std::ranges::count_if(lines, [&](const std::string& line) { return line.starts_with(entry); }), 1)
        << verb;
  }
}

// The table of README.md has the same groups with the same commands, in the same order.
TEST_F(Help, GroupsCommandsAsTheReadmeDoes) {
  const std::string readme = read_file(std::filesystem::path(SPINENET_PROGRAM_TEST_DIR) / "../../README.md");
  const std::string table = readme.substr(readme.find("\n| verb | does |\n"));
  std::vector<std::string> shown;
  for (const std::string& line : lines_of(help("", 100))) {
    if (line == "Options:") break;
    if (line.ends_with(':')) shown.push_back(line.substr(0, line.size() - 1));
    if (line.starts_with("  ") && line[2] != ' ') shown.push_back(words_of(line).front());
  }
  std::vector<std::string> written;
  for (const std::string& line : lines_of(table)) {
    if (line.starts_with("| **")) written.push_back(line.substr(4, line.find("**", 4) - 4));
    if (line.starts_with("| `")) {
      const std::string name = line.substr(3, line.find_first_of(" `", 3) - 3);
      if (written.empty() || written.back() != name) written.push_back(name);  // "data" has two rows
    }
    if (const size_t man = line.find(", `man "); line.starts_with("| `") && man != std::string::npos) {
      written.emplace_back("man");
    }
  }
  EXPECT_GE(std::ranges::count_if(shown, [](const std::string& name) { return name.find(' ') != std::string::npos; }),
            4);
  EXPECT_EQ(shown, written);
}

TEST_F(Help, NoLineIsLongerThanTheTerminalIsWide) {
  for (const std::string& verb : every_command()) {
    for (const int columns : {60, 80, 100, 200}) {
      const size_t most = static_cast<size_t>(std::min(columns, 100));
      for (const std::string& line : lines_of(help(verb, columns))) {
        EXPECT_LE(line.size(), most) << verb << ": " << line;
      }
    }
  }
}

TEST_F(Help, NoWordIsBroken) {
  for (const std::string& verb : every_command()) {
    const auto sorted = [&](int columns) {
      std::vector<std::string> words = words_of(help(verb, columns));
      std::erase(words, "\\");  // a line to type goes on
      std::ranges::sort(words);
      return words;
    };
    const std::vector<std::string> wide = sorted(100);
    EXPECT_FALSE(wide.empty()) << verb;
    EXPECT_EQ(sorted(60), wide) << verb;
    EXPECT_EQ(sorted(80), wide) << verb;
  }
}

// A bracket that opens neither a default nor a part of a usage line: "[OPTIONS]", "[IMAGE...]", "[A|B]".
bool strange_bracket(const std::string& words) {
  for (size_t at = words.find('['); at != std::string::npos; at = words.find('[', at + 1)) {
    const std::string_view after = std::string_view(words).substr(at + 1);
    const size_t end = after.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ|.");
    const bool usage = end != 0 && end != std::string_view::npos && after[end] == ']';
    if (!usage && !after.starts_with("default: ")) return true;
  }
  return false;
}

// "--threads INT=2" is how the parser's library says a default.
bool default_after_type(const std::vector<std::string>& words) {
  for (size_t i = 1; i < words.size(); ++i) {
    const size_t equals = words[i].find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (!words[i - 1].starts_with("--") || equals == 0 || equals == std::string::npos) continue;
    if (words[i][equals] == '=' && words[i].compare(equals + 1, 5, "VALUE") != 0) return true;
  }
  return false;
}

// What holds where an option is not given: "[default: 5]", and nothing else.
TEST_F(Help, DefaultsStandInOneWay) {
  size_t defaults = 0;
  for (const std::string& verb : every_command()) {
    const std::string text = help(verb, 100);
    const std::vector<std::string> words = words_of(text.substr(text.find("Usage:")));
    const std::string line = fmt::format("{} ", fmt::join(words, " "));
    for (const std::string_view phrase :
         {"(default", "by default", "the default", "default is", "not given", "unless given", "if none is given"}) {
      EXPECT_EQ(line.find(phrase), std::string::npos) << verb << ": " << phrase << "\n" << text;
    }
    EXPECT_FALSE(strange_bracket(line)) << verb << "\n" << text;
    EXPECT_FALSE(default_after_type(words)) << verb << "\n" << text;
    for (size_t at = 0; (at = line.find("[default: ", at)) != std::string::npos; ++at) ++defaults;
  }
  EXPECT_GT(defaults, 50U);
}

}  // namespace
}  // namespace spinenet
