// A study in a SQLite file with a write-ahead log, so that readers never wait and never block. The log is synced after
// every commit, but by ourselves and when the file is free again: syncs of several processes then run side by side, and
// nobody waits for a slow disk in order to write. What others read in between is behind us in the log, so their own
// sync brings it to disk with ours.
//
// The file may come from anybody: its tables must be those that this program makes, views and triggers are off, and a
// statement that runs on and on is ended.
#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <thread>
#include <unordered_map>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/absence.h"
#include "base/error.h"
#include "base/format.h"
#include "search/store/store_database.h"
#include "search/store/store_rows.h"
#include "search/store/store_schema.h"

namespace spinenet::search {
namespace {

namespace fs = std::filesystem;
using SqliteClock = std::chrono::steady_clock;

// Says in a file's header whose it is: "SpSt".
constexpr int64_t kApplication = 0x53705374;

constexpr SqlDialect kDialect{
    .now = "((julianday('now') - 2440587.5) * 86400.0)",
    .up_since = "0.0",
    .lock = "",  // BEGIN IMMEDIATE has the whole file
    .key = "INTEGER PRIMARY KEY",
    .real = "",  // REAL would keep -0.0 as 0
    .bytes = "BLOB",
    .before_tables = "PRAGMA application_id = 1399870324",
    .has_tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'spinenet_version'",
    .not_tables = "SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger') OR sql LIKE 'CREATE VIRTUAL%'",
};
static_assert(kApplication == 1399870324);

// Counting a million trials takes some 10 million steps. A file may be made such that a statement finds the same rows
// for ever.
constexpr int kStepsBetweenLooks = 1'000'000;
constexpr int kMostLooks = 50;
constexpr int kLongestValue = 1 << 28;
constexpr size_t kMostBytesAtOnce = size_t{1} << 29;

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

bool is_there(const fs::path& path) {
  std::error_code none;
  return fs::symlink_status(path, none).type() != fs::file_type::not_found;
}

int64_t size_of(const fs::path& path) {
  struct stat is {};
  return ::stat(path.c_str(), &is) == 0 ? static_cast<int64_t>(is.st_size) : 0;
}

fs::path beside(const fs::path& file, std::string_view ending) {
  return file.string() + std::string(ending);
}

void require_plain_file(const fs::path& file, const std::string& shown) {
  std::error_code unknown;
  switch (fs::status(file, unknown).type()) {
    case fs::file_type::regular:
    case fs::file_type::not_found:
      return;
    case fs::file_type::directory:
      fail(ErrorKind::usage, "is a folder", shown, "name a file in it");
    case fs::file_type::none:
    case fs::file_type::unknown:
      fail(ErrorKind::io, why_not_there(file, "cannot be looked at"), shown);
    default:
      fail(ErrorKind::usage, "is a device or a pipe, not a file", shown, "name a file");
  }
}

// The journal of a process that is making the study now, or was killed while it did.
bool is_journal_of_sqlite(const fs::path& path) {
  constexpr std::string_view kMagic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return !is_there(path);
  std::array<char, 8> head{};
  const ssize_t length = ::read(fd, head.data(), head.size());
  ::close(fd);
  const std::string_view read(head.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  return read.find_first_not_of('\0') == std::string_view::npos || read == kMagic;
}

// SQLite takes files of these names for parts of the database: beside a new one it deletes them.
void require_nothing_beside(const fs::path& file, const std::string& shown) {
  for (const std::string_view ending : {"-wal", "-shm", "-journal"}) {
    const fs::path other = beside(file, ending);
    if (!is_there(other)) continue;
    // Looked at again: another process may have begun the study between the two looks.
    if (size_of(file) > 0) return;
    if (is_there(file) && ending == "-journal" && is_journal_of_sqlite(other)) continue;
    if (size_of(file) > 0 || !is_there(other)) return;
    fail(ErrorKind::usage, fmt::format("there is no study, but a file {}, which SQLite would delete", other.string()),
         shown, "move that file away, or give the study another name");
  }
}

std::string uri_of(const fs::path& file) {
  std::string uri = "file:";
  for (const char c : file.string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/._-").find(c) != std::string_view::npos;
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return uri + "?immutable=1";
}

struct OpenWay {
  std::string name;
  int flags = 0;
};

// What is written beside a file that is read is SQLite's own business where it may; where it may not, the file is read
// as it lies, which is all of the study when no log is beside it.
OpenWay way_to_open(const fs::path& file, StoreUse use, const std::string& shown) {
  const bool writable = ::access(file.c_str(), W_OK) == 0 && ::access(file.parent_path().c_str(), W_OK) == 0;
  if (use == StoreUse::create) return {file.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE};
  if (use == StoreUse::go_on || writable) return {file.string(), SQLITE_OPEN_READWRITE};
  if (size_of(beside(file, "-wal")) == 0 && size_of(beside(file, "-journal")) == 0) {
    return {uri_of(file), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI};
  }
  if (is_there(beside(file, "-shm"))) return {file.string(), SQLITE_OPEN_READONLY};
  fail(ErrorKind::io, "its last trials are in the log beside it, which cannot be read without writing here", shown,
       "copy the file and the one that ends in -wal into a folder of your own");
}

// A table's or an index's text in the file, by its name.
using Tables = std::map<std::string, std::string>;

std::string without_spaces(std::string_view sql) {
  std::string text(sql);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '"'; });
  return text;
}

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const std::string& path, StoreUse use, const StoreOptions& options);
  // An empty database in memory.
  SqliteDatabase();

  void begin(Access access) override;
  void commit() override;
  void rollback() noexcept override;
  SqlResult run(std::string_view statement, std::span<const SqlValue> values) override;
  bool passing_fault() const override { return passing_fault_; }
  BackOff back_off() const override { return {0.001, 0.05}; }
  const SqlDialect& dialect() const override { return kDialect; }
  const std::string& place() const override { return path_; }
  void require_tables(int version) override;

 private:
  static int wait_for_lock(void* self, int tries);
  static int look_at_steps(void* self);
  void open(const OpenWay& way);
  Tables tables();
  static Tables tables_of_version(int version);
  void make_ready();
  void sync_log();
  int64_t number(std::string_view statement);
  sqlite3_stmt* prepared(std::string_view statement);
  void bind(sqlite3_stmt* statement, int index, const SqlValue& value);
  SqlValue column(sqlite3_stmt* statement, int index) const;
  void check(int code);
  [[noreturn]] void refuse(int code);

  std::string path_;
  StoreUse use_ = StoreUse::create;
  StoreOptions options_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::unordered_map<std::string_view, Statement> statements_;
  bool ready_ = false;
  bool passing_fault_ = false;
  int looks_ = 0;               // of look_at_steps at the statement that runs
  int64_t synced_changes_ = 0;  // rows changed by this connection before the last sync
  SqliteClock::time_point waiting_since_;
  std::minstd_rand random_{std::random_device()()};
};

// The file is opened here and looked at in the first transaction, which waits where another process has it. It must be
// read through SQLite alone: closing any other descriptor of it would drop this process's locks.
SqliteDatabase::SqliteDatabase(const std::string& path, StoreUse use, const StoreOptions& options)
    : path_(path), use_(use), options_(options) {
  const fs::path file = fs::absolute(path);
  require_plain_file(file, path);
  if (use != StoreUse::create && !is_there(file)) {
    fail(ErrorKind::usage, "there is no study", path, "start one with spinenet search");
  }
  std::error_code unknown;
  if (!fs::is_directory(file.parent_path(), unknown)) {
    fail(ErrorKind::io, fmt::format("there is no folder {}", file.parent_path().string()), path, "make it first");
  }
  if (size_of(file) == 0) require_nothing_beside(file, path);
  open(way_to_open(file, use, path));
}

SqliteDatabase::SqliteDatabase() : path_("a new study") {
  open({":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY});
  ready_ = true;
}

void SqliteDatabase::open(const OpenWay& way) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(way.name.c_str(), &opened, way.flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  check(code);
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_busy_handler(opened, &SqliteDatabase::wait_for_lock, this);
  sqlite3_progress_handler(opened, kStepsBetweenLooks, &SqliteDatabase::look_at_steps, this);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kLongestValue);
  check(sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
  check(sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr));
  check(sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr));
  check(sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr));
}

int SqliteDatabase::look_at_steps(void* self) {
  return ++static_cast<SqliteDatabase*>(self)->looks_ > kMostLooks ? 1 : 0;
}

// What ANALYZE leaves is SQLite's.
Tables SqliteDatabase::tables() {
  const SqlResult result =
      run("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
          " AND (name LIKE 'spinenet\\_%' ESCAPE '\\' OR tbl_name LIKE 'spinenet\\_%' ESCAPE '\\')",
          {});
  Tables found;
  for (const SqlRow& row : result.rows) found[text(row, 0, path_)] = without_spaces(text(row, 1, path_));
  return found;
}

Tables SqliteDatabase::tables_of_version(int version) {
  SqliteDatabase made;
  for (int before = 0; before < version; ++before) {
    for (const std::string_view statement : migration(before)) made.run(statement, {});
  }
  return made.tables();
}

void SqliteDatabase::require_tables(int version) {
  if (tables() == tables_of_version(version)) return;
  fail(ErrorKind::bad_data, fmt::format("is no study: its tables are not those of version {}", version), path_,
       "name another file, or restore a copy of the study");
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
  if (empty && use_ == StoreUse::go_on)
    fail(ErrorKind::usage, "there is no study", path_, "start one with spinenet search");
  if (use_ == StoreUse::look) {
    run("PRAGMA query_only = ON", {});
    ready_ = true;
    return;
  }
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
  looks_ = 0;
  sqlite3_stmt* const prepared_statement = prepared(statement);
  const Running running(prepared_statement);
  for (size_t i = 0; i < values.size(); ++i) bind(prepared_statement, static_cast<int>(i) + 1, values[i]);
  SqlResult result;
  size_t bytes = 0;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(prepared_statement)) == SQLITE_ROW) {
    SqlRow& row = result.rows.emplace_back();
    const int columns = sqlite3_column_count(prepared_statement);
    row.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; ++i) {
      row.push_back(column(prepared_statement, i));
      bytes += sizeof(SqlValue) + static_cast<size_t>(sqlite3_column_bytes(prepared_statement, i));
    }
    if (bytes > kMostBytesAtOnce) refuse(SQLITE_INTERRUPT);
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
    case SQLITE_NULL:
      fail(ErrorKind::bad_data,
           fmt::format("the study is damaged: {} has no value", sqlite3_column_name(statement, index)), path_,
           "restore a copy of it");
    default: {  // text and bytes
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
    case SQLITE_INTERRUPT:
      fail(ErrorKind::bad_data, "is no study: reading it does not end", path_, "restore a copy of it");
    case SQLITE_TOOBIG:
      fail(ErrorKind::bad_data, "the study is damaged: a value is too long", path_, "restore a copy of it");
    case SQLITE_FULL:
      fail(ErrorKind::io, "the disk is full", path_, "free some space; what was reported before is kept");
    default:
      fail(ErrorKind::io, fmt::format("cannot use the study: {}", reason), path_);
  }
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& path, StoreUse use, const StoreOptions& options) {
  return std::make_unique<SqliteDatabase>(path, use, options);
}

}  // namespace spinenet::search
