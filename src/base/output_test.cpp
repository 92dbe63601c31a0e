#include "base/output.h"

#include <cerrno>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/place_file.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

class Outputs : public testing::Test {
 protected:
  fs::path path(std::string_view name) const { return folder_ / name; }
  void put(std::string_view name, std::string_view content) const { std::ofstream(path(name)) << content; }
  std::string content(std::string_view name) const { return read_file(path(name)); }
  size_t count() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  OutputRequest request(std::string_view name, bool overwrite = false) const {
    return {path(name), "verb --flag", overwrite};
  }
  // The message, and nothing changed by the attempt.
  std::string refusal(RunFiles files, const OutputRequest& request, ErrorKind kind) const {
    const size_t before = count();
    try {
      files.output(request);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_EQ(count(), before);
      return error.what();
    }
    return "";
  }

  fixture::ScratchFolder folder_;
};

TEST_F(Outputs, ANewFileIsWrittenWholeAndAlone) {
  const Output output = RunFiles().output(request("new"));
  EXPECT_EQ(count(), 0U) << "nothing is made before the content is there";
  const std::vector<std::string_view> parts{"one ", "", "two"};
  output.write(parts);
  EXPECT_EQ(content("new"), "one two");
  EXPECT_EQ(count(), 1U);
}

TEST_F(Outputs, WhatTheCommandMadeItselfItReplaces) {
  RunFiles().output(request("f")).write("first");
  RunFiles().output(request("f")).write("second");
  EXPECT_EQ(content("f"), "second");
}

TEST_F(Outputs, WhatItDidNotLeaveSoIsForeign) {
  const auto made = [&] { RunFiles().output({path("f"), "verb --flag", true}).write("made"); };
  made();
  EXPECT_NE(refusal({}, {path("f"), "verb --other", false}, ErrorKind::usage).find("--overwrite"), std::string::npos);
  put("f", "changed by hand");
  EXPECT_NE(refusal({}, request("f"), ErrorKind::usage), "");
  made();
  fs::rename(path("f"), path("kept"));
  EXPECT_NE(refusal({}, request("kept"), ErrorKind::usage), "");
  fs::copy_file(path("kept"), path("g"));
  EXPECT_NE(refusal({}, request("g"), ErrorKind::usage), "");
  put("h", "by another program");
  EXPECT_NE(refusal({}, request("h"), ErrorKind::usage).find("name another file, or add --overwrite"),
            std::string::npos);
  EXPECT_EQ(content("h"), "by another program");
  RunFiles().output(request("h", true)).write("meant");
  EXPECT_EQ(content("h"), "meant");
}

TEST_F(Outputs, AnEmptyFileHasNothingToLose) {
  put("made-by-mktemp", "");
  RunFiles().output(request("made-by-mktemp")).write("x");
  EXPECT_EQ(content("made-by-mktemp"), "x");
}

TEST_F(Outputs, AnInputIsNeverAnOutputUnderAnyName) {
  put("in", "precious");
  fs::create_hard_link(path("in"), path("hard"));
  fs::create_symlink("in", path("soft"));
  fs::create_symlink("soft", path("chain"));
  fs::create_directory_symlink(".", path("here"));
  RunFiles files;
  files.add_input(path("in"), "the model");
  for (const fs::path& name : {path("in"), path("hard"), path("soft"), path("chain"), path("here") / "in",
                               folder_.path() / "." / "in", path("here") / ".." / folder_.path().filename() / "hard"}) {
    for (const bool overwrite : {false, true}) {
      EXPECT_NE(refusal(files, {name, "verb --flag", overwrite}, ErrorKind::usage).find("is the model that this"),
                std::string::npos)
          << name;
    }
  }
  EXPECT_EQ(content("in"), "precious");
}

TEST_F(Outputs, AFileAmongTheInputsStaysAndANewOneMayLieThere) {
  fs::create_directories(path("images/deep"));
  put("images/deep/1.jpg", "precious");
  RunFiles files;
  files.add_input(path("images"), "the folder of the images");
  EXPECT_NE(refusal(files, request("images/deep/1.jpg", true), ErrorKind::usage).find("lies in the folder"),
            std::string::npos);
  files.output(request("images/results.json")).write("first");
  files = RunFiles();
  files.add_input(path("images"), "the folder of the images");
  files.output(request("images/results.json")).write("second");
  EXPECT_EQ(content("images/results.json"), "second");
}

TEST_F(Outputs, TwoOfOneNameAreRefused) {
  fs::create_symlink("b", path("a"));
  RunFiles files;
  files.output(request("b"));
  EXPECT_NE(refusal(files, request("b"), ErrorKind::usage).find("two outputs"), std::string::npos);
  EXPECT_NE(refusal(files, request("a"), ErrorKind::usage).find("two outputs"), std::string::npos);
}

TEST_F(Outputs, TheModeAndTheLinkStay) {
  put("real", "old");
  ::chmod(path("real").c_str(), 0600);
  fs::create_symlink("real", path("link"));
  RunFiles().output(request("link", true)).write("new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content("real"), "new");
  struct stat is {};
  ASSERT_EQ(::stat(path("real").c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 07777, 0600U);
}

TEST_F(Outputs, ALinkToNothingMakesItsTarget) {
  fs::create_symlink("target", path("link"));
  RunFiles().output(request("link")).write("new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content("target"), "new");
}

TEST_F(Outputs, DevicesAndPipesAreWrittenInto) {
  RunFiles().output({"/dev/null", "verb --flag"}).write("gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_symlink("/dev/null", path("null"));
  RunFiles().output(request("null")).write("gone");
  EXPECT_TRUE(fs::is_symlink(path("null")));

  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::string read;
  std::jthread reader([&] { read = read_file(path("pipe")); });
  RunFiles().output(request("pipe")).write("through the pipe");
  reader.join();
  EXPECT_EQ(read, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

TEST_F(Outputs, AnOpenDescriptorIsWrittenIntoAndNotReplaced) {
  put("log", "before\n");
  const int fd = ::open(path("log").c_str(), O_WRONLY | O_APPEND);
  ASSERT_GE(fd, 0);
  RunFiles().output({"/dev/fd/" + std::to_string(fd), "verb --flag"}).write("after\n");
  RunFiles().output({"/proc/self/fd/" + std::to_string(fd), "verb --flag"}).write("more\n");
  EXPECT_EQ(content("log"), "before\nafter\nmore\n");
  RunFiles files;
  files.add_input(path("log"), "the results");
  EXPECT_NE(refusal(files, {"/dev/fd/" + std::to_string(fd), "verb --flag", true}, ErrorKind::usage), "");
  ::close(fd);
  EXPECT_NE(refusal({}, {"/dev/fd/" + std::to_string(fd), "verb --flag"}, ErrorKind::io).find("not open for writing"),
            std::string::npos);
}

TEST_F(Outputs, WhereNothingCanBeWrittenIsSaidAtOnce) {
  fs::create_directories(path("folder"));
  put("file", "x");
  fs::create_symlink("loop", path("loop"));
  EXPECT_NE(refusal({}, request("none/f"), ErrorKind::io).find("make it first"), std::string::npos);
  EXPECT_NE(refusal({}, request("folder"), ErrorKind::io).find("folder"), std::string::npos);
  EXPECT_NE(refusal({}, request("folder/"), ErrorKind::io).find("folder"), std::string::npos);
  EXPECT_NE(refusal({}, request("file/f"), ErrorKind::io), "");
  EXPECT_NE(refusal({}, request("loop"), ErrorKind::io), "");
  EXPECT_NE(refusal({}, {"/dev/full", "verb --flag"}, ErrorKind::io), "never");
  EXPECT_NE(refusal({}, {"/proc/version", "verb --flag"}, ErrorKind::io), "");
  EXPECT_NE(refusal({}, {path(std::string(300, 'x')), "verb --flag"}, ErrorKind::io), "");
}

TEST_F(Outputs, AFileThatAppearsMeanwhileIsUntouched) {
  const Output output = RunFiles().output(request("f"));
  put("f", "somebody else's");
  EXPECT_THROW(output.write("ours"), Error);
  EXPECT_EQ(content("f"), "somebody else's");
  EXPECT_EQ(count(), 1U);
}

// The system's layer, but call number `failing` (from 0) gives the error. A write that fails has written one half.
FileLayer failing_layer(int& calls, int failing, int error) {
  const FileLayer& system = system_file_layer();
  return {
      [&system, &calls, failing, error](int fd, std::span<const char> bytes) {
        if (calls++ != failing) return system.write(fd, bytes);
        system.write(fd, bytes.first(bytes.size() / 2));
        return error;
      },
      [&system, &calls, failing, error](int fd) { return calls++ == failing ? error : system.sync(fd); },
      [&system, &calls, failing, error](const char* from, const char* to) {
        return calls++ == failing ? error : system.rename(from, to);
      },
  };
}

TEST_F(Outputs, AFaultAtAnyCallKeepsTheOldContent) {
  const std::vector<std::string_view> parts{"new ", "content"};
  int needed = 0;
  const FileLayer counting = failing_layer(needed, -1, 0);
  fixture::output(path("f"), counting).write(parts);
  ASSERT_EQ(needed, 5) << "two writes, a sync, a rename and the folder's sync";
  // The last call comes after the rename: the new content is in place by then.
  for (int failing = 0; failing < needed - 1; ++failing) {
    for (const int error : {ENOSPC, EIO, EDQUOT}) {
      fixture::put_file(path("f"), "old");
      int calls = 0;
      const FileLayer layer = failing_layer(calls, failing, error);
      try {
        fixture::output(path("f"), layer).write(parts);
        ADD_FAILURE() << "call " << failing << " failed without a word";
      } catch (const Error& fault) {
        EXPECT_EQ(fault.kind(), ErrorKind::io);
        EXPECT_NE(std::string(fault.what()).find(path("f").string()), std::string::npos) << fault.what();
      }
      EXPECT_EQ(content("f"), "old") << "call " << failing;
      EXPECT_EQ(count(), 1U) << "a temporary file stayed after call " << failing;
    }
  }
}

TEST_F(Outputs, AProcessThatIsKilledLeavesNoTemporaryFile) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    FileLayer layer = system_file_layer();
    layer.sync = [](int) -> int { ::_exit(9); };
    fixture::output(path("f"), layer).write("half");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  EXPECT_EQ(count(), 0U);
}

TEST_F(Outputs, FoldersAboveItAreMadeOnlyWhereAskedFor) {
  EXPECT_NE(refusal({}, request("deep/er/f"), ErrorKind::io).find("make it first"), std::string::npos);
  RunFiles().output({path("deep/er/f"), "verb --flag", false, true}).write("made");
  EXPECT_EQ(content("deep/er/f"), "made");
  EXPECT_NE(refusal({}, {path("deep/er/f/g"), "verb --flag", false, true}, ErrorKind::io), "");
}

}  // namespace
}  // namespace spinenet
