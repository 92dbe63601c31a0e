// Completion scripts and manual pages, held against the help of every verb: what shells complete is what the parser
// knows. Shells and checkers of pages that are not installed are skipped by name.
#include <algorithm>
#include <set>
#include <sstream>

#include "arch/families.h"
#include "arch/task.h"
#include "base/enum_names.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "base/shell_text.h"
#include "cli/program.h"

namespace spinenet {
namespace {

using Words = std::set<std::string>;

class Completion : public ProgramTest {
 protected:
  static bool has(const std::string& tool) {
    return std::system(fmt::format("command -v {} >/dev/null 2>&1", tool).c_str()) == 0;
  }

  std::string write_script(const std::string& shell) const {
    const Outcome outcome = run("completion " + shell);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    fixture::put_file(folder_ / (shell + "-script"), outcome.out);
    return outcome.out;
  }

  // What a command of this folder says; it must end well and complain of nothing.
  std::string said(const std::string& command) const {
    const std::string line = fmt::format("cd '{}' && ( {} ) >said 2>complaints", folder_.string(), command);
    EXPECT_EQ(std::system(line.c_str()), 0) << command << "\n" << read_file(folder_ / "complaints");
    EXPECT_EQ(read_file(folder_ / "complaints"), "") << command;
    return read_file(folder_ / "said");
  }

  static Words lines_of(const std::string& text) {
    Words words;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) words.insert(line);
    return words;
  }

  // What bash is offered where these words are typed, the last of them in part.
  Words in_bash(const std::vector<std::string>& words) const {
    std::string line = "COMP_WORDS=(";
    for (const std::string& word : words) line += in_quotes(word) + " ";
    fixture::put_file(
        folder_ / "drive.bash",
        fmt::format(". ./bash-script\n{})\nCOMP_CWORD={}\n_spinenet\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n", line,
                    words.size() - 1));
    Words offered = lines_of(said("bash --norc drive.bash"));
    offered.erase("");
    return offered;
  }

  // Flags that the help of a verb names.
  Words flags_of(const std::string& verb) const {
    Words flags;
    std::istringstream lines(run(verb + " --help").out);
    bool in_options = false;
    for (std::string line; std::getline(lines, line);) {
      if (line == "Options:") in_options = true;
      if (line.empty()) in_options = false;
      if (!in_options || !line.starts_with("  -")) continue;
      std::istringstream names(line);
      for (std::string name; names >> name && name.starts_with('-');) flags.insert(name.substr(0, name.find(',')));
    }
    return flags;
  }

  std::vector<std::string> words_of(const std::string& verb, std::vector<std::string> more) const {
    std::vector<std::string> words{"spinenet"};
    std::istringstream text(verb);
    for (std::string word; text >> word;) words.push_back(word);
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(Completion, BashKnowsEveryVerbAndEveryFlag) {
  write_script("bash");
  const std::vector<std::string> verbs = every_verb();
  ASSERT_GE(verbs.size(), 25U);
  for (const std::string& verb : verbs) {
    std::vector<std::string> words = words_of(verb, {});
    EXPECT_TRUE(in_bash(words).contains(words.back())) << verb;
    EXPECT_EQ(in_bash(words_of(verb, {"-"})), flags_of(verb)) << verb;
  }
}

TEST_F(Completion, BashKnowsClosedSetsAndPaths) {
  write_script("bash");
  fixture::put_file(folder_ / "model one.safetensors", "x");
  std::filesystem::create_directories(folder_ / "folder");
  EXPECT_EQ(in_bash({"spinenet", "stu"}), Words{"study"});
  EXPECT_EQ(in_bash({"spinenet", "data", "s"}), (Words{"stats", "scenes", "split"}));
  EXPECT_EQ(in_bash({"spinenet", "describe", "spinenet-49", "--task", ""}), (Words{"detect", "segment", "classify"}));
  EXPECT_EQ(in_bash({"spinenet", "bench", "--precision", "=", "b"}), Words{"bf16"});
  EXPECT_EQ(in_bash({"spinenet", "bench", "--precision", "="}), (Words{"fp32", "bf16", "int8", "auto"}));
  EXPECT_EQ(in_bash({"spinenet", "data", "scenes", "--level", "h"}), Words{"hard"});
  EXPECT_EQ(in_bash({"spinenet", "compare", "a.yaml", "--at", ""}), (Words{"best", "last"}));
  EXPECT_EQ(in_bash({"spinenet", "data", "convert", "--from", "lab"}), Words{"labelstudio"});
  EXPECT_EQ(in_bash({"spinenet", "import", "x.pth", "--as", "detn"}), (Words{"detnet-59", "detnet-59-fpn"}));
  EXPECT_EQ(in_bash({"spinenet", "describe", "mod"}), Words{"model one.safetensors"});
  EXPECT_EQ(in_bash({"spinenet", "describe", "spinenet-19"}), Words{"spinenet-190"});
  EXPECT_EQ(in_bash({"spinenet", "predict", "mod"}), Words{"model one.safetensors"});
  EXPECT_EQ(in_bash({"spinenet", "predict", "m", "x", "--out", ""}), Words{"folder"}) << "folders alone";
  EXPECT_EQ(in_bash({"spinenet", "predict", "m", "x", "--max", ""}), Words{}) << "a number";
  EXPECT_EQ(in_bash({"spinenet", "completion", ""}), (Words{"bash", "zsh", "fish"}));
  EXPECT_TRUE(in_bash({"spinenet", "man", ""}).contains("predict"));
}

TEST_F(Completion, ShellsFindNoFaultInTheirScripts) {
  std::vector<std::string> missing;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    write_script(shell);
    if (has(shell)) {
      EXPECT_EQ(said(fmt::format("{} -n {}-script", shell, shell)), "") << shell;
    } else {
      missing.push_back(shell);
    }
  }
  if (!missing.empty()) GTEST_SKIP() << fmt::format("not installed: {}", fmt::join(missing, ", "));
}

TEST_F(Completion, ZshKnowsEveryVerbAndEveryFlag) {
  const std::string script = write_script("zsh");
  for (const std::string& verb : every_verb()) {
    std::string name = verb;
    std::ranges::replace(name, ' ', '_');
    const size_t begin = script.find(fmt::format("\n_spinenet_{}() {{\n", name));
    ASSERT_NE(begin, std::string::npos) << verb;
    const std::string function = script.substr(begin, script.find("\n}\n", begin) - begin);
    for (const std::string& flag : flags_of(verb)) {
      const bool is_there = std::ranges::any_of(std::string("'{,*)[=+ "), [&](char before) {
        return function.find(std::string{before} + flag) != std::string::npos;
      });
      EXPECT_TRUE(is_there) << verb << " " << flag;
    }
  }
}

// A terminal of its own, in which the line and two tabs are typed; 0 once the word that is waited for has come.
constexpr const char* kZshDriver = R"(
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT=; autoload -U compinit; compinit -u -D; . ./zsh-script; LISTMAX=1000; print rea""dy'
zpty -r shell out '*ready*'
zpty -w -n shell "$1"$'\t\t'
seen=
for ((i = 0; i < 300; ++i)); do
  while zpty -r -t shell out; do seen+=$out; done
  [[ $seen == *$2* ]] && exit 0
  sleep 0.1
done
print -r -- "$seen"
exit 1
)";

TEST_F(Completion, ZshOffersThem) {
  if (!has("zsh")) GTEST_SKIP() << "zsh is not installed";
  write_script("zsh");
  fixture::put_file(folder_ / "drive.zsh", kZshDriver);
  fixture::put_file(folder_ / "one.safetensors", "x");
  fixture::put_file(folder_ / "own.safetensors", "x");
  const std::vector<std::pair<std::string, std::string>> lines{{"spinenet ", "calibrate"},
                                                               {"spinenet data c", "convert"},
                                                               {"spinenet study export a.study --ht", "--html"},
                                                               {"spinenet describe spinenet-49 --task ", "segment"},
                                                               {"spinenet describe spinenet-19", "spinenet-190"},
                                                               {"spinenet predict o", "own.safetensors"},
                                                               {"spinenet completion ", "fish"}};
  for (const auto& [line, word] : lines) {
    const std::string command = fmt::format("cd '{}' && timeout 120 zsh -f drive.zsh {} {} >said 2>&1",
                                            folder_.string(), in_quotes(line), in_quotes(word));
    EXPECT_EQ(std::system(command.c_str()), 0) << line << ": " << read_file(folder_ / "said");
  }
}

TEST_F(Completion, FishKnowsEveryVerbAndEveryFlag) {
  const std::string script = write_script("fish");
  const Words lines = lines_of(script);
  const auto has_line = [&](const std::string& start, const std::string& part) {
    return std::ranges::any_of(lines, [&](const std::string& line) {
      return line.starts_with(start) && (line + " ").find(part) != std::string::npos;
    });
  };
  for (const std::string& verb : every_verb()) {
    const std::string start = fmt::format("complete -c spinenet -n '__spinenet_at {}' ", verb);
    for (const std::string& flag : flags_of(verb)) {
      const std::string as_fish =
          flag.starts_with("--") ? " -l " + flag.substr(2) + " " : " -s " + flag.substr(1) + " ";
      EXPECT_TRUE(has_line(start, as_fish)) << verb << " " << flag;
    }
  }
}

TEST_F(Completion, FishOffersThem) {
  if (!has("fish")) GTEST_SKIP() << "fish is not installed";
  write_script("fish");
  fixture::put_file(folder_ / "model.safetensors", "x");
  std::filesystem::create_directories(folder_ / "folder");
  const auto offered = [&](const std::string& line) {
    Words words;
    const std::string home = "HOME=. XDG_CONFIG_HOME=. XDG_DATA_HOME=.";
    for (const std::string& found : lines_of(
             said(fmt::format("{} fish --no-config -c {}", home,
                              in_quotes(fmt::format("source fish-script; complete -C {}", in_fish_quotes(line))))))) {
      words.insert(found.substr(0, found.find('\t')));
    }
    return words;
  };
  EXPECT_EQ(offered("spinenet stu"), Words{"study"});
  EXPECT_EQ(offered("spinenet data s"), (Words{"stats", "scenes", "split"}));
  EXPECT_EQ(offered("spinenet describe spinenet-49 --task "), (Words{"detect", "segment", "classify"}));
  EXPECT_EQ(offered("spinenet bench --precision=b"), Words{"--precision=bf16"});
  EXPECT_EQ(offered("spinenet predict mod"), Words{"model.safetensors"});
  EXPECT_EQ(offered("spinenet predict model.safetensors --out fo"), Words{"folder/"});
  EXPECT_EQ(offered("spinenet predict model.safetensors --max "), Words{});
  for (const std::string& flag : flags_of("data check")) {
    if (!flag.starts_with("--")) continue;
    EXPECT_TRUE(offered("spinenet data check --").contains(flag)) << flag;
  }
}

TEST_F(Completion, EveryNameOfAClosedSetIsInEveryScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = write_script(shell);
    for (const std::string& name : arch::architecture_names()) EXPECT_NE(script.find(name), std::string::npos) << name;
    for (const std::string_view name : names_of<arch::Task>()) EXPECT_NE(script.find(name), std::string::npos) << name;
  }
}

class ManPages : public Completion {
 protected:
  std::string page(const std::string& verb) const {
    const Outcome outcome = run("man " + verb);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  // All of them, as files of this folder.
  std::vector<std::string> write_pages() const {
    std::vector<std::string> names;
    std::vector<std::string> verbs = every_verb();
    verbs.emplace_back();
    for (const std::string& verb : verbs) {
      std::string name = verb.empty() ? "spinenet" : "spinenet-" + verb;
      std::ranges::replace(name, ' ', '-');
      fixture::put_file(folder_ / (name + ".1"), page(verb));
      names.push_back(name + ".1");
    }
    return names;
  }
};

TEST_F(ManPages, HaveEveryVerbAndEveryFlag) {
  const std::vector<std::string> verbs = every_verb();
  std::string list;
  for (const std::string& verb : verbs) {
    list += verb + "\n";
    const std::string text = page(verb);
    for (const std::string& flag : flags_of(verb)) {
      std::string escaped;
      for (const char c : flag) escaped += c == '-' ? "\\-" : std::string{c};
      EXPECT_NE(text.find("\\fB" + escaped + "\\fR"), std::string::npos) << verb << " " << flag;
    }
  }
  EXPECT_EQ(run("man --list").out, list);
  const std::string program = page("");
  for (const std::string& verb : verbs) {
    if (verb.find(' ') != std::string::npos) continue;
    EXPECT_NE(program.find("\\fB" + verb + "\\fR"), std::string::npos) << verb;
  }
}

TEST_F(ManPages, ReadWell) {
  if (!has("man") || !has("col")) GTEST_SKIP() << "man or col is not installed";
  for (const std::string& name : write_pages()) {
    const std::string shown = said(fmt::format("MANWIDTH=100 man --warnings -E UTF-8 -l {} | col -b", name));
    for (const char* section : {"NAME", "SYNOPSIS", "OPTIONS", "SEE ALSO"}) {
      EXPECT_NE(shown.find(std::string("\n") + section + "\n"), std::string::npos) << name << " " << section;
    }
  }
}

TEST_F(ManPages, HaveNoFaultOfMandocs) {
  if (!has("mandoc")) GTEST_SKIP() << "mandoc is not installed";
  for (const std::string& name : write_pages()) EXPECT_EQ(said("mandoc -T lint -W style " + name), "");
}

}  // namespace
}  // namespace spinenet
