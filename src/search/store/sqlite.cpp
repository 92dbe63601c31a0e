// A study in a SQLite file with a write-ahead log, so that readers never wait and never block. The log is synced after
// every commit, but by ourselves and when the file is free again: syncs of several processes then run side by side, and
// nobody waits for a slow disk in order to write. What others read in between is behind us in the log, so their own
// sync brings it to disk with ours.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <unordered_map>

#include <sqlite3.h>

#include "base/error.h"
#include "base/format.h"
#include "search/store/store_database.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;
using SqliteClock = std::chrono::steady_clock;

// Says in a file's header whose it is: "SpSt".
constexpr int64_t kApplication = 0x53705374;

constexpr SqlDialect kDialect{
    .now = "((julianday('now') - 2440587.5) * 86400.0)",
    .lock = "",  // BEGIN IMMEDIATE has the whole file
    .key = "INTEGER PRIMARY KEY",
    .real = "",  // REAL would keep -0.0 as 0
    .bytes = "BLOB",
    .before_tables = "PRAGMA application_id = 1399870324",
    .has_tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'spinenet_version'",
};
static_assert(kApplication == 1399870324);

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// Resets a statement, which ends its reading, however it was left.
struct Running {
  explicit Running(sqlite3_stmt* running) : statement(running) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { sqlite3_reset(statement); }
  sqlite3_stmt* statement;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const std::string& path, bool create, const StoreOptions& options);

  void begin(Access access) override;
  void commit() override;
  void rollback() noexcept override;
  SqlResult run(std::string_view statement, std::span<const SqlValue> values) override;
  bool passing_fault() const override { return passing_fault_; }
  BackOff back_off() const override { return {0.001, 0.05}; }
  const SqlDialect& dialect() const override { return kDialect; }
  const std::string& place() const override { return path_; }

 private:
  static int wait_for_lock(void* self, int tries);
  void make_ready();
  void sync_log();
  int64_t number(std::string_view statement);
  sqlite3_stmt* prepared(std::string_view statement);
  void bind(sqlite3_stmt* statement, int index, const SqlValue& value);
  SqlValue column(sqlite3_stmt* statement, int index) const;
  void check(int code);
  [[noreturn]] void refuse(int code);

  std::string path_;
  bool create_;
  StoreOptions options_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::unordered_map<std::string_view, Statement> statements_;
  bool ready_ = false;
  bool passing_fault_ = false;
  int64_t synced_changes_ = 0;  // rows changed by this connection before the last sync
  SqliteClock::time_point waiting_since_;
  std::minstd_rand random_{std::random_device()()};
};

// The file is opened here and looked at in the first transaction, which waits where another process has it. It must be
// read through SQLite alone: closing any other descriptor of it would drop this process's locks.
SqliteDatabase::SqliteDatabase(const std::string& path, bool create, const StoreOptions& options)
    : path_(path), create_(create), options_(options) {
  const fs::path file = fs::absolute(path);
  if (fs::is_directory(file)) fail(ErrorKind::usage, "is a folder", path, "name a file in it");
  if (!create && !fs::exists(file)) fail(ErrorKind::usage, "there is no study", path, "start one with spinenet search");
  if (!fs::is_directory(file.parent_path())) {
    fail(ErrorKind::io, fmt::format("there is no folder {}", file.parent_path().string()), path, "make it first");
  }
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  database_.reset(opened);
  check(code);
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_handler(opened, &SqliteDatabase::wait_for_lock, this);
}

// Pauses of random length, up to 10 ms, so that no process is always late.
int SqliteDatabase::wait_for_lock(void* self, int tries) {
  auto& database = *static_cast<SqliteDatabase*>(self);
  const auto now = SqliteClock::now();
  if (tries == 0) database.waiting_since_ = now;
  if (std::chrono::duration<double>(now - database.waiting_since_).count() > database.options_.patience_seconds) {
    return 0;
  }
  const double longest = std::min(0.0005 * (1 << std::min(tries, 10)), 0.01);
  std::this_thread::sleep_for(
      std::chrono::duration<double>(std::uniform_real_distribution<double>(0.2 * longest, longest)(database.random_)));
  return 1;
}

int64_t SqliteDatabase::number(std::string_view statement) {
  const SqlResult result = run(statement, {});
  return std::get<int64_t>(result.rows.at(0).at(0));
}

void SqliteDatabase::make_ready() {
  // In this order: tables and mark are written together, maybe between these two lines.
  const bool empty = number("SELECT count(*) FROM sqlite_master") == 0;
  if (!empty && number("PRAGMA application_id") != kApplication) {
    fail(ErrorKind::bad_data, "is a database of another program, not a study", path_, "name another file");
  }
  if (empty && !create_) fail(ErrorKind::usage, "there is no study", path_, "start one with spinenet search");
  run("PRAGMA synchronous = NORMAL", {});  // what checkpoints need; sync_log does the rest
  const SqlResult mode = run("PRAGMA journal_mode = WAL", {});
  if (mode.rows.empty() || mode.rows[0].at(0) != SqlValue("wal")) {
    fail(ErrorKind::unsupported, "SQLite cannot keep a write-ahead log here", path_,
         "put the study on a local disk, or in PostgreSQL");
  }
  ready_ = true;
}

void SqliteDatabase::begin(Access access) {
  passing_fault_ = false;
  if (!ready_) make_ready();
  run(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE", {});
}

void SqliteDatabase::commit() {
  run("COMMIT", {});
  if (sqlite3_total_changes64(database_.get()) == synced_changes_) return;
  sync_log();
  synced_changes_ = sqlite3_total_changes64(database_.get());
}

void SqliteDatabase::sync_log() {
  sqlite3_file* log = nullptr;
  check(sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log));
  check(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL));
}

void SqliteDatabase::rollback() noexcept {
  if (sqlite3_get_autocommit(database_.get()) == 0) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

SqlResult SqliteDatabase::run(std::string_view statement, std::span<const SqlValue> values) {
  passing_fault_ = false;
  sqlite3_stmt* const prepared_statement = prepared(statement);
  const Running running(prepared_statement);
  for (size_t i = 0; i < values.size(); ++i) bind(prepared_statement, static_cast<int>(i) + 1, values[i]);
  SqlResult result;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(prepared_statement)) == SQLITE_ROW) {
    SqlRow& row = result.rows.emplace_back();
    const int columns = sqlite3_column_count(prepared_statement);
    row.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(column(prepared_statement, i));
  }
  if (code != SQLITE_DONE) refuse(code);
  if (sqlite3_stmt_readonly(prepared_statement) == 0) result.changed = sqlite3_changes64(database_.get());
  return result;
}

sqlite3_stmt* SqliteDatabase::prepared(std::string_view statement) {
  Statement& kept = statements_[statement];
  if (kept == nullptr) {
    std::string sql = in_dialect(statement, kDialect);
    std::replace(sql.begin(), sql.end(), '$', '?');
    sqlite3_stmt* made = nullptr;
    check(sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()) + 1, SQLITE_PREPARE_PERSISTENT,
                             &made, nullptr));
    kept.reset(made);
  }
  return kept.get();
}

// The values outlive the statement's run, so they are not copied.
void SqliteDatabase::bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  struct {
    sqlite3_stmt* statement;
    int index;
    int operator()(int64_t v) const { return sqlite3_bind_int64(statement, index, v); }
    int operator()(double v) const { return sqlite3_bind_double(statement, index, v); }
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(statement, index, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
  } const to_statement{statement, index};
  check(std::visit(to_statement, value));
}

SqlValue SqliteDatabase::column(sqlite3_stmt* statement, int index) const {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    default: {  // text and bytes; nothing is ever NULL
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, index));
      return std::string(bytes == nullptr ? "" : bytes, static_cast<size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

void SqliteDatabase::check(int code) {
  if (code != SQLITE_OK) refuse(code);
}

void SqliteDatabase::refuse(int code) {
  const std::string reason = database_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database_.get());
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      passing_fault_ = true;
      fail(ErrorKind::io, "another process has locked the study", path_, "look for one that was stopped");
    case SQLITE_NOTADB:
      fail(ErrorKind::bad_data, "is not a study", path_, "name another file");
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:  // a table or column that is not there
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      fail(ErrorKind::bad_data, fmt::format("the study is damaged: {}", reason), path_, "restore a copy of it");
    case SQLITE_FULL:
      fail(ErrorKind::io, "the disk is full", path_, "free some space; what was reported before is kept");
    default:
      fail(ErrorKind::io, fmt::format("cannot use the study: {}", reason), path_);
  }
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& path, bool create, const StoreOptions& options) {
  return std::make_unique<SqliteDatabase>(path, create, options);
}

}  // namespace spinenet::search
