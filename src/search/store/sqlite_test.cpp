// A study in a SQLite file: files that are something else, torn ones, locks of other processes.
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "base/files.h"
#include "search/store/store_fixture.h"

namespace spinenet::search {
namespace {

using namespace fixture;
namespace fs = std::filesystem;

class Sqlite : public testing::Test {
 protected:
  std::string path(std::string_view name = "study.db") const { return (folder_ / name).string(); }
  void write(const std::string& bytes, std::string_view name = "study.db") const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

 private:
  spinenet::fixture::ScratchFolder folder_;
};

TEST_F(Sqlite, RefusesFilesThatAreNoStudyAndLeavesThem) {
  Random random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random.next());
  const std::vector<std::string> files{"hello", std::string(8192, '\0'), noise, "{\"trials\": []}",
                                       std::string("SQLite format 3\0", 16) + noise};
  for (const std::string& bytes : files) {
    write(bytes);
    for (const bool create : {false, true}) {
      expect_error(ErrorKind::bad_data, {path()}, [&] { open_store(path(), create); });
    }
    EXPECT_EQ(read_file(path()), bytes);
  }
}

TEST_F(Sqlite, RefusesTheDatabaseOfAnotherProgram) {
  // A database without our mark in its header.
  {
    const auto raw = open_sqlite(path(), true, {});
    raw->begin(Access::write);
    raw->run("CREATE TABLE cookies (id INTEGER)", {});
    raw->commit();
  }
  const std::string bytes = read_file(path());
  for (const bool create : {false, true}) {
    expect_error(ErrorKind::bad_data, {path(), "another program"}, [&] { open_store(path(), create); });
  }
  EXPECT_EQ(read_file(path()), bytes);
}

TEST_F(Sqlite, NamesMissingFoldersAndFolders) {
  expect_error(ErrorKind::usage, {"folder"}, [&] { open_store(fs::path(path()).parent_path().string(), true); });
  expect_error(ErrorKind::io, {"none"}, [&] { open_store(path("none/study.db"), true); });
  expect_error(ErrorKind::usage, {"no study"}, [&] { open_store(path(), false); });
  EXPECT_FALSE(fs::exists(path())) << "looking must not make it";
}

TEST_F(Sqlite, AnEmptyFileIsAPlaceForAStudy) {
  write("");
  expect_error(ErrorKind::usage, {"no study"}, [&] { open_store(path(), false); });
  EXPECT_EQ(fs::file_size(path()), 0U);
  open_store(path(), true)->open(toy_description());
  EXPECT_EQ(open_store(path(), false)->description(), toy_description());
}

TEST_F(Sqlite, OddNamesAreNames) {
  for (const char* name : {":memory:", "file:x?mode=memory", "a b'c\".db", "-"}) {
    const fs::path before = fs::current_path();
    fs::current_path(fs::path(path()).parent_path());
    open_store(name, true)->open(toy_description());
    EXPECT_EQ(open_store(name, false)->description(), toy_description()) << name;
    EXPECT_TRUE(fs::exists(name)) << name;
    fs::current_path(before);
  }
}

TEST_F(Sqlite, ATruncatedFileIsRefusedOrWhole) {
  {
    const auto store = open_store(path(), true);
    store->open(toy_description(60));
    for (int i = 0; i < 50; ++i) claim_one(*store);
  }
  const std::string whole = read_file(path());
  for (size_t size = 2; size < whole.size(); size += 1777) {  // of one byte SQLite says it is empty
    SCOPED_TRACE(size);
    write(whole.substr(0, size), "cut.db");
    expect_error(ErrorKind::bad_data, {path("cut.db")}, [&] { open_store(path("cut.db"), false)->trials(); });
  }
}

// What a crash of the machine can leave: a log that ends anywhere. The trials of whole transactions are there.
TEST_F(Sqlite, ATornLogKeepsWhatWasWholeBefore) {
  const auto store = open_store(path(), true);
  store->open(toy_description(60));
  for (int i = 0; i < 30; ++i) claim_one(*store);
  const std::string file = read_file(path()), log = read_file(path("study.db-wal"));
  ASSERT_GT(log.size(), 100'000U);
  size_t most = 0;
  for (size_t size = 0; size <= log.size(); size += 4111) {
    write(file, "torn.db");
    write(log.substr(0, size), "torn.db-wal");
    std::error_code ignored;
    fs::remove(path("torn.db-shm"), ignored);
    const auto torn = open_store(path("torn.db"), true);
    torn->open(toy_description(60));
    const size_t count = torn->trials().size();
    EXPECT_GE(count, most) << "more log, more trials";
    most = count;
    EXPECT_EQ(torn->status().trials, static_cast<int64_t>(count));
    EXPECT_EQ(claim_one(*torn).number, static_cast<int64_t>(count));
  }
  EXPECT_GT(most, 25U);
}

TEST_F(Sqlite, ReadersDoNotWaitForAWriterAndWritersWaitForItsEnd) {
  const auto store = open_store(path(), true);
  store->open(toy_description());
  const Claim claim = claim_one(*store);
  const auto writer = open_sqlite(path(), false, {});
  writer->begin(Access::write);
  const auto reader = open_store(path(), false, {.patience_seconds = 0});
  EXPECT_EQ(reader->status().running, 1);
  EXPECT_EQ(reader->trials().size(), 1U);
  const auto hasty = open_store(path(), false, {.patience_seconds = 0.05});
  expect_error(ErrorKind::io, {path(), "locked"}, [&] { hasty->heartbeat(claim, 60); });
  std::atomic<bool> released = false;
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    released = true;
    writer->rollback();
  });
  EXPECT_TRUE(store->report(claim, complete(1)));
  EXPECT_TRUE(released);
  release.join();
  EXPECT_TRUE(hasty->report(claim, complete(1))) << "it works again after it was refused";
}

}  // namespace
}  // namespace spinenet::search
