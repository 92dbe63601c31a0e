// Nothing of a user's is changed by a path: every option that writes, as the program's own table lists them, is given
// what the command reads (under other names, too), what others made, folders, devices, pipes, and places that take
// nothing. An option without a case fails.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "arch/text.h"
#include "base/files.h"
#include "base/format.h"
#include "base/output_fixture.h"
#include "cli/program.h"
#include "image/encode.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

// A command line that would work, as values of its options.
struct Sound {
  std::string command;
  std::map<std::string, std::string> values;
  std::string more = {};            // flags that it needs
  std::set<std::string> runs = {};  // options with which it ends well, and soon, when they name a device or a pipe
};

const std::vector<Sound> kSound{
    {"describe", {{"ARCH", "model.safetensors"}, {"--svg", "new.svg"}}, "", {"--svg"}},
    {"data check", {{"ANNOTATIONS", "val.json"}}},
    {"data stats", {{"ANNOTATIONS", "val.json"}}},
    {"data fix", {{"ANNOTATIONS", "val.json"}, {"--images", "images"}, {"--out", "fixed.json"}}, "", {"--out"}},
    {"data scenes", {{"--out", "scenes"}}, "--images 1 --val-images 1"},
    {"data preview",
     {{"ANNOTATIONS", "val.json"}, {"--images", "images"}, {"--out", "seen.png"}},
     "--size 64",
     {"--out"}},
    {"train", {{"RECIPE", "training.yaml"}, {"--from", "model.safetensors"}, {"--out", "run"}}},
    {"data convert",
     {{"SOURCE", "val.json"}, {"--images", "images"}, {"--out", "converted"}},
     "--from coco --to yolo --copy-images"},
    {"data split", {{"ANNOTATIONS", "val.json"}, {"--out", "divided"}}, "--parts all=1"},
    {"data merge", {{"ANNOTATIONS", "val.json"}, {"--out", "merged.json"}}, "val.json"},
    {"compare", {{"RECIPE", "training.yaml"}, {"--out", "comparison"}}, "--seeds 1"},
    {"eval",
     {{"MODEL", "model.safetensors"},
      {"--annotations", "val.json"},
      {"--images", "images"},
      {"--save-results", "results.json"},
      {"--autotune-cache", "cache.json"},
      {"--choices", "cache.json"},
      {"--cache", "packed"}},
     "",
     {"--save-results"}},
    {"predict",
     {{"MODEL", "model.safetensors"},
      {"INPUT", "images"},
      {"--annotations", "val.json"},
      {"--json", "found.json"},
      {"--out", "drawn"},
      {"--autotune-cache", "cache.json"},
      {"--choices", "cache.json"},
      {"--cache", "packed"}},
     "--threshold 0.9",
     {"--json"}},
    {"calibrate",
     {{"MODEL", "model.safetensors"},
      {"INPUT", "images/1.png"},
      {"--annotations", "val.json"},
      {"--out", "int8.safetensors"}},
     "",
     {"--out"}},
    {"export", {{"MODEL", "model.safetensors"}, {"--onnx", "model.onnx"}}, "", {"--onnx"}},
    {"import",
     {{"SOURCE", "source.pth"}, {"--as", "narrow.json"}, {"--classes", "names.txt"}, {"--out", "imported.safetensors"}},
     "",
     {"--out"}},
    {"search", {{"RECIPE", "search.yaml"}, {"--study", "new.study"}, {"--out", "trials"}, {"--weights", "weights"}}},
    {"study export",
     {{"STUDY", "kept.study"},
      {"--architecture", "a.json"},
      {"--csv", "a.csv"},
      {"--json", "s.json"},
      {"--html", "p.html"},
      {"--compare", "kept.study"}}},
    {"bench",
     {{"MODEL", "spinenet-49s"}, {"--autotune-cache", "cache.json"}, {"--choices", "cache.json"}},
     "--size 128 --runs 1"},
};

struct Option {
  std::string command, name, role;
  bool argument = false, required = false;
  bool writes() const { return role == "output" || role == "owned_folder"; }
};

// Options that lie in wait: the command needs them only where they are asked for.
bool is_cache(const std::string& name) {
  return name == "--autotune-cache" || name == "--choices";
}

struct Attempt {
  std::string path;
  std::string why;
  bool overwrite = false;
};

class Paths : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    formats::write_model(fixture::output(folder_ / "model.safetensors"), tiny_model());
    fs::create_directories(folder_ / "images");
    fixture::put_file(folder_ / "images/1.png", image::encode_png(test_image(80, 60, 1)));
    fixture::put_file(folder_ / "val.json", R"({"images": [{"id": 1, "file_name": "1.png", "height": 80, "width": 60}],
 "categories": [{"id": 3, "name": "apple"}, {"id": 7, "name": "pear"}],
 "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 30, 40], "area": 1200, "iscrowd": 0}]})");
    fixture::put_file(folder_ / "training.yaml",
                      "architecture:\n  base: spinenet-49s\ndata:\n  root: nowhere\n  train_annotations: train.json\n"
                      "image_size: 128\nbatch: 2\n");
    fixture::put_file(folder_ / "source.pth", torchvision_file());
    fixture::put_file(folder_ / "narrow.json", to_text(arch::to_json(narrow_resnet())));
    fixture::put_file(folder_ / "names.txt", "apple\npear\n");
    for (const char* name : {"search.yaml", "kept.study"}) fixture::put_file(folder_ / name, "precious\n");
    fixture::put_file(folder_ / "foreign", "somebody else's\n");
    ::chmod((folder_ / "foreign").c_str(), 0640);
    fs::create_directories(folder_ / "theirs/images");
    fixture::put_file(folder_ / "theirs/best.safetensors", "somebody else's model\n");
    fixture::put_file(folder_ / "theirs/images/000001.jpg", "somebody else's image\n");
  }

  std::vector<Option> table() const {
    std::vector<Option> options;
    for (const Json& row : run_json("checks --paths")) {
      options.push_back({row["command"], row["option"], row["role"], row["argument"], row["required"]});
    }
    return options;
  }

  static const Sound* sound(const std::string& command) {
    const auto found = std::ranges::find(kSound, command, &Sound::command);
    return found == kSound.end() ? nullptr : &*found;
  }

  // Every entry below the folder with its kind, mode, links, time and content, but for the tests' own output files.
  std::map<std::string, std::string> state() const {
    std::map<std::string, std::string> entries;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      const std::string name = entry.path().lexically_relative(folder_).string();
      if (name == ".out" || name == ".err" || name.starts_with("std-")) continue;
      struct stat is {};
      ::lstat(entry.path().c_str(), &is);
      std::string text =
          fmt::format("{:o} {} {} {}.{}", is.st_mode, is.st_ino, is.st_size, is.st_mtim.tv_sec, is.st_mtim.tv_nsec);
      if (S_ISDIR(is.st_mode)) text = "folder";
      if (S_ISFIFO(is.st_mode)) text = "pipe";
      if (S_ISREG(is.st_mode)) text += fmt::format(" {:016x}", checksum(read_file(entry.path())));
      if (S_ISLNK(is.st_mode)) text += fs::read_symlink(entry.path()).string();
      entries[name] = text;
    }
    return entries;
  }

  // All that the command reads, the outputs that it needs, and the one that is tried.
  static std::string line_of(const Sound& given, const std::vector<Option>& table, const Option& tried,
                             const Attempt& attempt) {
    std::string line = given.command;
    for (const Option& option : table) {
      const auto value = given.values.find(option.name);
      const bool chosen = option.name == tried.name;
      const bool left_out = (option.writes() && !option.required) || option.name == "--compare";
      if (option.command != given.command || value == given.values.end() || (left_out && !chosen)) continue;
      const std::string text = chosen ? attempt.path : value->second;
      line += option.argument ? fmt::format(" '{}'", text) : fmt::format(" {}='{}'", option.name, text);
    }
    if (is_cache(tried.name)) line += tried.name == "--choices" ? " --choose measure" : " --autotune";
    if (attempt.overwrite) line += " --overwrite";
    return line + " " + given.more;
  }

  // What must be refused for an output file of this command.
  std::vector<Attempt> attempts_on_file(const Sound& given, const std::vector<Option>& table, const Option& tried) {
    std::vector<Attempt> attempts;
    const auto both = [&](const std::string& path, const std::string& why, bool flag) {
      attempts.push_back({path, why, false});
      if (flag) attempts.push_back({path, why, true});
    };
    const bool has_flag = !is_cache(tried.name);
    for (const Option& option : table) {
      const auto value = given.values.find(option.name);
      if (option.command != given.command || option.writes() || value == given.values.end()) continue;
      const fs::path file = folder_ / value->second;
      if (!fs::exists(file)) continue;
      if (fs::is_directory(file)) {
        both(value->second + "/1.png", "a file in " + option.name, has_flag);
        both(value->second, "the folder " + option.name, has_flag);
        continue;
      }
      const std::string flat = file.filename().string(), hard = "hard-" + flat, soft = "soft-" + flat;
      if (!fs::exists(folder_ / hard)) fs::create_hard_link(file, folder_ / hard);
      if (!fs::is_symlink(folder_ / soft)) fs::create_symlink(value->second, folder_ / soft);
      both(value->second, option.name, has_flag);
      both(hard, option.name + " by a hard link", has_flag);
      both(soft, option.name + " by a link", has_flag);
      both("images/../" + value->second, option.name + " by another spelling", has_flag);
      both((folder_ / value->second).string(), option.name + " by its whole name", has_flag);
    }
    if (!fs::is_symlink(folder_ / "to-foreign")) fs::create_symlink("foreign", folder_ / "to-foreign");
    if (!fs::is_symlink(folder_ / "loop")) fs::create_symlink("loop", folder_ / "loop");
    for (const char* name : {"foreign", "to-foreign", "./foreign", "theirs/best.safetensors"}) {
      attempts.push_back({name, "a file that others made", false});
    }
    both("theirs", "a folder", has_flag);
    both("nowhere/file", "a folder that is not there", has_flag && !is_cache(tried.name));
    both("foreign/file", "a file as folder", has_flag);
    both("loop", "a link to itself", has_flag);
    if (is_cache(tried.name)) std::erase_if(attempts, [](const Attempt& a) { return a.path == "nowhere/file"; });
    return attempts;
  }

  static std::vector<Attempt> attempts_on_folder() {
    return {{"theirs", "a folder that others made"},
            {"./theirs/", "its other spelling"},
            {"to-theirs", "a link to it"},
            {"images", "a folder of images"},
            {"foreign", "a file"},
            {"theirs/best.safetensors", "a file in it"},
            {"foreign/below", "below a file"},
            {"marked", "a folder of another kind"},
            {"half-marked", "a marker that is none"},
            {".", "the working folder"},
            {"loop", "a link to itself"}};
  }

  int cases_ = 0;
};

// The refusal is all that is said, and nothing is other than it was.
void expect_refused(Outcome outcome, const std::string& line, const std::string& why) {
  while (outcome.err.starts_with("warning: --cho")) outcome.err.erase(0, outcome.err.find('\n') + 1);  // old spellings
  EXPECT_TRUE(outcome.status == 1 || outcome.status == 2) << outcome.status << ": " << line << " (" << why << ")";
  EXPECT_TRUE(outcome.err.starts_with("error: ")) << line << " (" << why << "): " << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << line << ": work began: " << outcome.err;
  EXPECT_EQ(outcome.out, "") << line;
}

TEST_F(Paths, EveryOptionThatWritesHasACase) {
  for (const Option& option : table()) {
    const Sound* given = sound(option.command);
    if (!option.writes()) continue;
    ASSERT_NE(given, nullptr) << "no case for " << option.command;
    EXPECT_TRUE(given->values.contains(option.name)) << "no case for " << option.command << " " << option.name;
  }
}

TEST_F(Paths, NoOutputFileDestroysAnything) {
  const std::vector<Option> options = table();
  for (const Option& option : options) {
    if (option.role != "output") continue;
    const Sound& given = *sound(option.command);
    const std::vector<Attempt> attempts = attempts_on_file(given, options, option);
    const auto before = state();
    for (const Attempt& attempt : attempts) {
      const std::string line = line_of(given, options, option, attempt);
      expect_refused(run(line), line, attempt.why);
      ASSERT_EQ(state(), before) << line;
      ++cases_;
    }
  }
  RecordProperty("cases", cases_);
  EXPECT_GE(cases_, 250);
}

TEST_F(Paths, NoFolderOfSomebodyElseIsTaken) {
  fs::create_symlink("theirs", folder_ / "to-theirs");
  fs::create_symlink("loop", folder_ / "loop");
  fs::create_directories(folder_ / "marked");
  fixture::put_file(folder_ / "marked/.spinenet", R"({"program": "spinenet", "kind": "another kind", "id": "1"})");
  fs::create_directories(folder_ / "half-marked");
  fixture::put_file(folder_ / "half-marked/.spinenet", "{");
  const std::vector<Option> options = table();
  for (const Option& option : options) {
    if (option.role != "owned_folder") continue;
    const Sound& given = *sound(option.command);
    const auto before = state();
    for (const Attempt& attempt : attempts_on_folder()) {
      const std::string line = line_of(given, options, option, attempt);
      const Outcome outcome = run(line);
      EXPECT_NE(outcome.status, 0) << line << " (" << attempt.why << ")";
      ASSERT_EQ(state(), before) << line;
      ++cases_;
    }
  }
  RecordProperty("cases", cases_);
}

TEST_F(Paths, DevicesAndPipesAreWrittenIntoAndStay) {
  fs::create_symlink("/dev/null", folder_ / "null");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const std::vector<Option> options = table();
  for (const Option& option : options) {
    const Sound* given = sound(option.command);
    if (option.role != "output" || !given->runs.contains(option.name)) continue;
    const auto before = state();
    const std::string to_null = line_of(*given, options, option, {"null", "a device"});
    EXPECT_EQ(run(to_null).status, 0) << to_null;
    ASSERT_EQ(state(), before) << to_null;
    ASSERT_TRUE(fs::is_character_file("/dev/null"));
    const std::string to_pipe = line_of(*given, options, option, {"pipe", "a pipe"});
    const std::string got = (folder_ / "std-pipe").string();
    ASSERT_EQ(std::system(fmt::format("cat '{}' > '{}' &", (folder_ / "pipe").string(), got).c_str()), 0);
    EXPECT_EQ(run(to_pipe).status, 0) << to_pipe;
    for (int tries = 0; tries < 100 && fs::file_size(got) == 0; ++tries) ::usleep(20'000);
    EXPECT_GT(fs::file_size(got), 0U) << to_pipe;
    ASSERT_EQ(state(), before) << to_pipe;
    cases_ += 2;
  }
  EXPECT_GE(cases_, 12);
}

// A place that may only be read and one that is full, as file systems of a namespace that the test's process has alone.
TEST_F(Paths, PlacesThatTakeNothingAreRefusedBeforeWorkBegins) {
  fs::create_directories(folder_ / "place");
  const std::string place = (folder_ / "place").string();
  const auto shell = [&](const std::string& words) {
    return std::system(fmt::format("unshare -rm sh -c '{}' > /dev/null 2>&1", words).c_str());
  };
  if (shell(fmt::format("mount -t tmpfs none {}", place)) != 0) GTEST_SKIP() << "no namespaces here";
  const std::vector<Option> options = table();
  for (const Option& option : options) {
    if (!option.writes() || is_cache(option.name)) continue;
    const Sound& given = *sound(option.command);
    const std::string line = line_of(given, options, option, {"place/new", "a place that takes nothing"});
    for (const char* mount : {"mount -t tmpfs -o ro none", "mount -t tmpfs -o size=4k,nr_inodes=9 none"}) {
      const auto before = state();
      // The full one is filled first.
      environment_ = fmt::format("unshare -rm sh -c '{} {}; (cat /dev/zero > {}/filler) 2>/dev/null; exec \"$@\"' sh",
                                 mount, place, place);
      const Outcome outcome = run(line);
      environment_.clear();
      if (option.command == "search") {
        EXPECT_NE(outcome.status, 0) << line;  // its recipe is none
      } else {
        expect_refused(outcome, line, mount);
      }
      ASSERT_EQ(state(), before) << line;
      ++cases_;
    }
  }
  EXPECT_GE(cases_, 20);
}

TEST_F(Paths, TwoOutputsOfOneNameAreRefused) {
  for (const char* line :
       {"study export kept.study --csv a --json ./a", "study export kept.study --html a --architecture a"}) {
    const auto before = state();
    expect_refused(run(line), line, "two outputs");
    EXPECT_EQ(state(), before) << line;
  }
}

}  // namespace
}  // namespace spinenet
