// A study in a SQLite file: files that are something else, torn ones, locks of other processes.
#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
  // Past every guard.
  void change(const std::string& statements) const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    char* reason = nullptr;
    EXPECT_EQ(sqlite3_exec(database, statements.c_str(), nullptr, nullptr, &reason), SQLITE_OK) << reason;
    sqlite3_close(database);
  }
  int64_t root_of(const std::string& table) const {
    sqlite3* database = nullptr;
    EXPECT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
    int64_t root = 0;
    const auto take = [](void* found, int, char** values, char**) {
      *static_cast<int64_t*>(found) = std::stoll(values[0]);
      return 0;
    };
    const std::string query = fmt::format("SELECT rootpage FROM sqlite_master WHERE name = '{}'", table);
    EXPECT_EQ(sqlite3_exec(database, query.c_str(), take, &root, nullptr), SQLITE_OK);
    sqlite3_close(database);
    return root;
  }
  // A study with one trial that runs.
  void make_study() const {
    std::error_code none;
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(path() + end, none);
    const auto store = open_store(path(), true);
    store->open(toy_description());
    claim_one(*store);
  }
  // Reads the study as a user without rights; what went wrong, or "". The folder's rights are the caller's.
  std::string look_without_rights() const {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      std::string said;
      if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) said = "no other user";
      try {
        if (look_at_store(path())->trials().size() != 1) said = "no trial";
      } catch (const std::exception& error) {
        said = error.what();
      }
      ::_exit(::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    ::close(ends[1]);
    std::string said(4096, '\0');
    const ssize_t length = ::read(ends[0], said.data(), said.size());
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    said.resize(static_cast<size_t>(std::max<ssize_t>(length, 0)));
    return said;
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
    const auto raw = open_sqlite(path(), StoreUse::create, {});
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

TEST_F(Sqlite, NamesTheReasonWhereTheFolderMayNotBeEntered) {
  make_study();
  const fs::path folder = fs::path(path()).parent_path();
  fs::permissions(folder, fs::perms{0600});
  const std::string said = look_without_rights();
  fs::permissions(folder, fs::perms{0700});
  EXPECT_NE(said.find("cannot be reached: Permission denied"), std::string::npos) << said;
}

TEST_F(Sqlite, RefusesADeviceAPipeAndAFolder) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0666), 0);
  fs::create_symlink(path("pipe"), path("link"));
  fs::create_directory(path("folder"));
  for (const std::string& place :
       {std::string("/dev/null"), std::string("/dev/zero"), path("pipe"), path("link"), path("folder")}) {
    for (const bool create : {false, true}) {
      expect_error(ErrorKind::usage, {place}, [&] { open_store(place, create); });
    }
    expect_error(ErrorKind::usage, {place}, [&] { look_at_store(place); });
  }
}

TEST_F(Sqlite, AFileThatSqliteWouldDeleteIsNotTouched) {
  for (const bool empty_study : {false, true}) {
    for (const char* end : {"-wal", "-shm", "-journal"}) {
      SCOPED_TRACE(fmt::format("{} {}", end, empty_study));
      if (empty_study) write("");
      write("precious", std::string("study.db") + end);
      expect_error(ErrorKind::usage, {path(), end}, [&] { open_store(path(), true); });
      EXPECT_ANY_THROW(open_store(path(), false));
      EXPECT_EQ(read_file(path() + end), "precious");
      EXPECT_EQ(fs::exists(path()), empty_study);
      fs::remove(path() + end);
      fs::remove(path());
    }
  }
  // What a process leaves that was killed while it made the study.
  write("");
  write("", "study.db-journal");
  open_store(path(), true)->open(toy_description());
  EXPECT_EQ(find_study(path()), toy_description());
}

TEST_F(Sqlite, RefusesOtherTablesThanAStudys) {
  const std::string endless = "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c)";
  const std::vector<std::string> changes{
      "ALTER TABLE spinenet_study RENAME TO zs; CREATE VIEW spinenet_study AS " + endless + " SELECT zs.* FROM c, zs",
      "DROP TABLE spinenet_version; CREATE VIEW spinenet_version AS " + endless +
          " SELECT 1 AS id, x AS version FROM c",
      "CREATE VIEW other AS SELECT 1",
      "CREATE TRIGGER t AFTER UPDATE ON spinenet_trial BEGIN DELETE FROM spinenet_trial; END",
      "DROP INDEX spinenet_trial_hash",
      "CREATE INDEX spinenet_more ON spinenet_trial (score)",
      "CREATE INDEX more ON spinenet_trial (abs(score))",
      "ALTER TABLE spinenet_trial ADD COLUMN more TEXT",
      "ALTER TABLE spinenet_trial DROP COLUMN request",
      "ALTER TABLE spinenet_study RENAME COLUMN best TO worst",
      "DROP TABLE spinenet_state",
      "DROP TABLE spinenet_state; CREATE TABLE spinenet_state (id INTEGER PRIMARY KEY, state BLOB AS "
      "(zeroblob(1000000000)))",
  };
  for (const std::string& statements : changes) {
    SCOPED_TRACE(statements);
    make_study();
    change(statements);
    expect_error(ErrorKind::bad_data, {path(), "no study"}, [&] { look_at_store(path()); });
    expect_error(ErrorKind::bad_data, {path(), "no study"}, [&] { open_store(path(), false); });
    expect_error(ErrorKind::bad_data, {path(), "no study"}, [&] { open_store(path(), true); });
  }
  make_study();
  change("CREATE TABLE notes (text); ANALYZE");
  EXPECT_NO_THROW(look_at_store(path())->trials()) << "a table that is none of ours";
}

TEST_F(Sqlite, RefusesValuesOfOtherTypes) {
  for (const char* column : {"number", "state", "choices", "hash", "score", "metrics", "failure", "reason", "attempts",
                             "duplicate_of", "worker", "started", "finished"}) {
    for (const char* value : {"'text'", "7", "1.5", "x'00ff'", "1e999"}) {
      SCOPED_TRACE(fmt::format("{} {}", column, value));
      make_study();
      sqlite3* database = nullptr;
      ASSERT_EQ(sqlite3_open(path().c_str(), &database), SQLITE_OK);
      // Some cannot be set at all, some are values that may be.
      sqlite3_exec(database, fmt::format("UPDATE spinenet_trial SET {} = {}", column, value).c_str(), nullptr, nullptr,
                   nullptr);
      sqlite3_close(database);
      try {
        look_at_store(path())->trials();
        look_at_store(path())->status();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_data) << error.what();
      }
    }
  }
  for (const char* column :
       {"next_number", "complete", "best", "best_score", "first_started", "lost", "seed", "lag", "space"}) {
    SCOPED_TRACE(column);
    make_study();
    change(fmt::format("PRAGMA ignore_check_constraints = ON; UPDATE spinenet_study SET {} = x'41'", column));
    if (std::string_view(column) == "space") continue;  // bytes are text here
    expect_error(ErrorKind::bad_data, {path()}, [&] {
      look_at_store(path())->description();
      look_at_store(path())->status();
    });
  }
}

// A table of small pages, above whose leaves each page has one and the same page below it, many times.
class EndlessTable {
 public:
  EndlessTable(std::string bytes, int64_t root) : bytes_(std::move(bytes)) {
    constexpr int kLevels = 12;
    const std::string page = bytes_.substr(static_cast<size_t>(root - 1) * kPage, kPage);
    const uint32_t leaf = word(static_cast<size_t>(root - 1) * kPage + kLast);
    const auto pages = static_cast<uint32_t>(bytes_.size() / kPage);
    for (uint32_t level = 0; level < kLevels; ++level) {
      bytes_ += page;
      point_all((pages + level) * kPage, level + 1 < kLevels ? pages + level + 2 : leaf);
    }
    point_all(static_cast<size_t>(root - 1) * kPage, pages + 1);
    set_word(28, pages + kLevels);
  }
  const std::string& bytes() const { return bytes_; }

  static constexpr size_t kPage = 512;

 private:
  static constexpr size_t kCount = 3, kLast = 8, kCells = 12;  // of a page of numbers

  uint32_t word(size_t at) const {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes_[at + i]);
    return value;
  }
  void set_word(size_t at, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) bytes_[at + i] = static_cast<char>(value >> (24 - 8 * i));
  }
  size_t half(size_t at) const { return word(at) >> 16; }
  void point_all(size_t page, uint32_t below) {
    ASSERT_EQ(bytes_[page], 5) << "a page above others";
    for (size_t i = 0; i < half(page + kCount); ++i) set_word(page + half(page + kCells + 2 * i), below);
    set_word(page + kLast, below);
  }

  std::string bytes_;
};

TEST_F(Sqlite, ReadingATableWithoutAnEndEnds) {
  const auto make_endless = [&](const std::string& table, const std::string& key) {
    make_study();
    std::string statements = fmt::format(
        "PRAGMA journal_mode = DELETE; PRAGMA page_size = {}; VACUUM; CREATE TEMP TABLE one AS SELECT * FROM {};",
        EndlessTable::kPage, table);
    for (int i = 0; i < 100; ++i) {
      statements += fmt::format("UPDATE one SET {0} = {0} + 1; INSERT INTO {1} SELECT * FROM one;", key, table);
    }
    change(statements);
    const EndlessTable endless(read_file(path()), root_of(table));
    write(endless.bytes());
  };
  make_endless("spinenet_trial", "number");
  EXPECT_NO_THROW(look_at_store(path())->description());
  expect_error(ErrorKind::bad_data, {path(), "not in order"}, [&] { look_at_store(path())->trials(); });
  expect_error(ErrorKind::bad_data, {path(), "not in order"}, [&] { look_at_store(path())->status(); });
  make_endless("spinenet_study", "id");
  EXPECT_NO_THROW(look_at_store(path())->description());
  expect_error(ErrorKind::bad_data, {path(), "does not end"},
               [&] { open_store(path(), false)->claim(claim_options(), suggest_fresh); });
}

TEST_F(Sqlite, IsShownWhereItMayOnlyBeRead) {
  const fs::path folder = fs::path(path()).parent_path();
  make_study();
  fs::permissions(path(), fs::perms(0444));
  fs::permissions(folder, fs::perms(0555));
  EXPECT_EQ(look_without_rights(), "") << "a file and a folder that cannot be written";
  EXPECT_FALSE(fs::exists(path() + "-wal"));
  fs::permissions(folder, fs::perms(0755));
  fs::permissions(path(), fs::perms(0666));
  EXPECT_EQ(look_without_rights(), "") << "a folder that cannot be written";
  {
    const auto store = open_store(path(), false);
    EXPECT_TRUE(store->heartbeat(store->claim(claim_options(), suggest_fresh).claim.value(), 60));
    fs::permissions(path() + "-wal", fs::perms(0444));
    fs::permissions(path() + "-shm", fs::perms(0444));
    EXPECT_EQ(look_without_rights(), "no trial") << "two trials: the log beside it is read, too";
    fs::copy_file(path() + "-wal", path("kept"));
  }
  fs::rename(path("kept"), path() + "-wal");
  fs::permissions(path() + "-wal", fs::perms(0444));
  EXPECT_NE(look_without_rights().find("log beside it"), std::string::npos) << look_without_rights();
  fs::permissions(folder, fs::perms(0700));
}

TEST_F(Sqlite, AnEmptyFileIsAPlaceForAStudy) {
  write("");
  EXPECT_FALSE(find_study(path()));
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
  const auto writer = open_sqlite(path(), StoreUse::go_on, {});
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
