#include "base/owned_folder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_kinds.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kFiles{"result.json", "parts/part-*.txt", "log"};
constexpr FolderKind kKind{"a test", kFiles};

class OwnedFolders : public testing::Test {
 protected:
  fs::path path(std::string_view name = "own") const { return scratch_ / name; }
  void put(const fs::path& file, std::string_view content) const {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  std::string refusal(const fs::path& folder, const FolderClaim& claim = {}) const {
    try {
      const OwnedFolder taken(folder, kKind, claim);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  static std::vector<std::string> entries(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  fixture::ScratchFolder scratch_;
};

TEST_F(OwnedFolders, IsMadeMarkedAndTakenAgain) {
  std::string id;
  {
    const OwnedFolder made(path("deep/own"), kKind);
    made.file("result.json").write("{}");
    made.file("parts/part-1.txt").write("1");
    id = made.id();
  }
  EXPECT_FALSE(id.empty());
  EXPECT_EQ(read_marker(path("deep/own"))->kind, "a test");
  EXPECT_EQ(entries(path("deep/own")), (std::vector<std::string>{".spinenet", "lock", "parts", "result.json"}));
  const OwnedFolder again(path("deep/own"), kKind);
  EXPECT_EQ(again.id(), id);
  EXPECT_EQ(again.files("parts/part-*.txt"), std::vector<std::string>{"parts/part-1.txt"});
}

TEST_F(OwnedFolders, AFolderOfSomebodyElseIsNotTouched) {
  for (const char* name : {"notes.txt", ".hidden", "result.json", "parts/part-1.txt", "lock", ".spinenet"}) {
    put(path() / name, "precious");
    const std::vector<std::string> before = entries(path());
    EXPECT_NE(refusal(path()), "") << name;
    EXPECT_EQ(entries(path()), before) << name;
    EXPECT_EQ(read_file(path() / name), "precious");
    fs::remove_all(path());
  }
  fs::create_directories(path() / "empty-folder-in-it");
  EXPECT_NE(refusal(path()).find("nothing in it is touched"), std::string::npos);
  EXPECT_EQ(entries(path()), std::vector<std::string>{"empty-folder-in-it"});
}

TEST_F(OwnedFolders, AnotherKindOrIdIsRefused) {
  { const OwnedFolder run(path(), kTrainingRun); }
  EXPECT_NE(refusal(path()).find("is the folder of a training run, not of a test"), std::string::npos);
  FolderClaim one{.id = "one"}, two{.id = "two"};
  { const OwnedFolder first(path("b"), kKind, one); }
  EXPECT_NE(refusal(path("b"), two).find("with another id: one, not two"), std::string::npos);
  EXPECT_EQ(refusal(path("b"), one), "");
}

TEST_F(OwnedFolders, AMarkerThatIsNoneIsSomebodyElses) {
  for (const char* text : {"", "{", "[]", "7", R"({"program": "other", "kind": "a test", "id": "1"})",
                           R"({"program": "spinenet", "kind": 7, "id": "1"})", R"({"program": 7})"}) {
    put(path() / ".spinenet", text);
    EXPECT_NE(refusal(path()).find(".spinenet"), std::string::npos) << text;
    EXPECT_EQ(entries(path()), std::vector<std::string>{".spinenet"}) << text;
  }
}

TEST_F(OwnedFolders, OneProcessAtATimeUnlessTheyShareAnId) {
  {
    const OwnedFolder first(path(), kKind);
    EXPECT_NE(refusal(path()).find("in use by process " + std::to_string(::getpid())), std::string::npos);
  }
  EXPECT_EQ(refusal(path()), "");
  const FolderClaim shared{.id = "study", .shared = true};
  const OwnedFolder a(path("shared"), kKind, shared), b(path("shared"), kKind, shared);
  EXPECT_NE(refusal(path("shared"), {.id = "other", .shared = true}), "");
  EXPECT_NE(refusal(path("shared"), {.id = "study"}), "");
}

TEST_F(OwnedFolders, WaitsForAnotherProcessWhereItIsAskedTo) {
  auto first = std::make_optional<OwnedFolder>(path(), kKind);
  int asked = 0;
  FolderClaim claim;
  claim.wait = [&](std::string_view holder) {
    EXPECT_NE(holder.find("process"), std::string_view::npos);
    if (++asked == 3) first.reset();
    return asked < 100;
  };
  const OwnedFolder second(path(), kKind, claim);
  EXPECT_EQ(asked, 3);
  claim.wait = [](std::string_view) { return false; };
  EXPECT_NE(refusal(path(), claim).find("in use"), std::string::npos);
}

TEST_F(OwnedFolders, OfManyAtOnceOneHasIt) {
  std::atomic<int> taken{0};
  std::promise<void> all_tried;
  std::atomic<int> tried{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        std::optional<OwnedFolder> own;
        try {
          own.emplace(path(), kKind);
          ++taken;
        } catch (const Error&) {
        }
        if (++tried == 8) all_tried.set_value();
        while (tried < 8) std::this_thread::yield();
      });
    }
    all_tried.get_future().wait();
  }
  EXPECT_EQ(taken, 1);
}

TEST_F(OwnedFolders, WhatItsKindDoesNotNameCannotBeWritten) {
  const OwnedFolder own(path(), kKind);
  for (const char* name :
       {"other", "parts/other.txt", "parts/part-1/x.txt", "../result.json", "parts/part-../../x.txt"}) {
    EXPECT_THROW(own.file(name), Error) << name;
    EXPECT_THROW(own.open_log(name), Error) << name;
    EXPECT_THROW(own.remove(name), Error) << name;
  }
}

TEST_F(OwnedFolders, NothingIsWrittenThroughALink) {
  put(path("elsewhere/part-1.txt"), "precious");
  put(path("elsewhere/log"), "precious");
  const OwnedFolder own(path(), kKind);
  fs::create_directory_symlink(path("elsewhere"), path() / "parts");
  EXPECT_THROW(own.file("parts/part-1.txt"), Error);
  EXPECT_EQ(own.open_new_log("parts/part-2.txt"), -1);
  fs::create_symlink(path("elsewhere/log"), path() / "log");
  EXPECT_THROW(own.open_log("log"), Error);
  fs::create_symlink(path("elsewhere/part-1.txt"), path() / "result.json");
  own.file("result.json").write("{}");
  EXPECT_EQ(read_file(path("elsewhere/part-1.txt")), "precious");
  EXPECT_EQ(read_file(path("elsewhere/log")), "precious");
  EXPECT_FALSE(fs::is_symlink(path() / "result.json"));
}

TEST_F(OwnedFolders, RemovingLeavesWhatAUserPutThere) {
  {
    OwnedFolder own(path(), kKind);
    own.file("result.json").write("{}");
    own.file("parts/part-1.txt").write("1");
    EXPECT_TRUE(std::move(own).remove_all());
  }
  EXPECT_FALSE(fs::exists(path()));
  OwnedFolder own(path(), kKind);
  own.file("parts/part-1.txt").write("1");
  put(path() / "parts/notes.txt", "precious");
  put(path() / "more/result.json", "precious");
  EXPECT_FALSE(std::move(own).remove_all());
  EXPECT_EQ(read_file(path() / "parts/notes.txt"), "precious");
  EXPECT_EQ(read_file(path() / "more/result.json"), "precious");
  EXPECT_FALSE(fs::exists(path() / "parts/part-1.txt"));
}

TEST_F(OwnedFolders, TakenBackItIsWhatItWasBefore) {
  const auto take_back = [&](const FolderClaim& claim) { OwnedFolder(path(), kKind, claim).take_back(); };
  for (const bool shared : {false, true}) {
    FolderClaim claim{.id = "1", .shared = shared};
    take_back(claim);
    EXPECT_FALSE(fs::exists(path()));
    fs::create_directories(path());
    take_back(claim);
    EXPECT_TRUE(fs::exists(path()) && fs::is_empty(path())) << "its user made it";
    put(path() / "result.json", "{}");
    claim.is_older = [](const fs::path&) { return true; };
    take_back(claim);
    EXPECT_EQ(entries(path()), std::vector<std::string>{"result.json"}) << "of an older version, without a marker";
    put(path() / "lock", "");
    take_back(claim);
    EXPECT_EQ(entries(path()), (std::vector<std::string>{"lock", "result.json"}));
    { const OwnedFolder marked(path(), kKind, claim); }
    take_back(claim);
    EXPECT_EQ(entries(path()), (std::vector<std::string>{".spinenet", "lock", "result.json"})) << "marked before";
    fs::remove_all(path());
  }
}

TEST_F(OwnedFolders, OneThatIsSharedMeanwhileIsNotTakenBack) {
  const FolderClaim claim{.id = "1", .shared = true};
  OwnedFolder first(path(), kKind, claim);
  const OwnedFolder second(path(), kKind, claim);
  std::move(first).take_back();
  EXPECT_EQ(entries(path()), (std::vector<std::string>{".spinenet", "lock"}));
}

TEST_F(OwnedFolders, ARefusedClaimLeavesAUsersEmptyFolderEmpty) {
  fs::create_directories(path());
  FileLayer full = system_file_layer();
  full.write = [](int, std::span<const char>) { return ENOSPC; };
  EXPECT_NE(refusal(path(), {.layer = &full}), "");
  EXPECT_TRUE(fs::is_empty(path()));
}

TEST_F(OwnedFolders, WhatWasNotMadeHereIsForeign) {
  const OwnedFolder own(path(), kKind);
  EXPECT_FALSE(own.holds_foreign("result.json"));
  own.file("result.json").write("{}");
  EXPECT_FALSE(own.holds_foreign("result.json"));
  put(path() / "result.json", "changed");
  EXPECT_TRUE(own.holds_foreign("result.json"));
}

TEST_F(OwnedFolders, AFolderThatCannotBeMadeIsNamed) {
  put(path("file"), "x");
  EXPECT_NE(refusal(path("file")).find("--out"), std::string::npos);
  EXPECT_NE(refusal(path("file/below")).find("--out"), std::string::npos);
  EXPECT_NE(refusal("/proc/self/own"), "");
}

TEST_F(OwnedFolders, AnOlderOneIsTakenWhereItIsKnown) {
  put(path() / "result.json", "{}");
  const FolderClaim claim{.is_older = [](const fs::path& folder) { return fs::exists(folder / "result.json"); }};
  EXPECT_NE(refusal(path()), "");
  EXPECT_EQ(refusal(path(), claim), "");
  EXPECT_EQ(refusal(path()), "") << "marked now";
}

TEST_F(OwnedFolders, ANewOneIsMadeOnlyWhereNothingIs) {
  {
    const std::optional<OwnedFolder> made = OwnedFolder::make_new(path(), kKind);
    ASSERT_TRUE(made.has_value());
    made->file("log").write("1");
  }
  EXPECT_FALSE(OwnedFolder::make_new(path(), kKind).has_value()) << "though it is of the kind and free";
  EXPECT_EQ(read_file(path() / "log"), "1");
  fs::create_directories(path("empty"));
  fs::create_symlink("nowhere", path("link"));
  put(path("file"), "precious");
  for (const char* name : {"empty", "link", "file"}) {
    EXPECT_FALSE(OwnedFolder::make_new(path(name), kKind).has_value()) << name;
  }
  EXPECT_THROW(OwnedFolder::make_new(path("missing/one"), kKind), Error);
  EXPECT_FALSE(fs::exists(path("missing")));
}

}  // namespace
}  // namespace spinenet
