// A study in PostgreSQL, for workers on several machines. A lost connection is made again by the next transaction.
//
// A claim holds the study's row. It commits without waiting for the disk, so that the next claim may begin, and then
// waits for the log behind it: many claims share one sync. The log is synced in order, so what was built upon an
// earlier claim is never on disk without it.
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "search/store/libpq.h"
#include "search/store/store_database.h"

namespace spinenet::search {
namespace {

constexpr SqlDialect kPostgresDialect{
    .now = "extract(epoch FROM clock_timestamp())::double precision",
    .up_since = "extract(epoch FROM pg_postmaster_start_time())::double precision",
    .lock = " FOR UPDATE",
    .key = "BIGINT PRIMARY KEY",
    .real = "DOUBLE PRECISION",
    .bytes = "BYTEA",
    .before_tables = "SELECT 1::bigint FROM pg_advisory_xact_lock(1399870324)",
    .has_tables =
        "SELECT count(*) FROM pg_tables WHERE tablename = 'spinenet_version'"
        " AND schemaname = ANY (current_schemas(false))",
    .not_tables =
        "SELECT count(*) FROM pg_class WHERE relkind <> 'r' AND oid IN (to_regclass('spinenet_version'),"
        " to_regclass('spinenet_study'), to_regclass('spinenet_state'), to_regclass('spinenet_trial'))",
};

// A host that is cut off is noticed within seconds, by the client (parameters of the connection, which the URL may
// override) and by the server (settings of the session): its locks must not outlive it for long. Nor must those of a
// process that was stopped inside a claim.
constexpr std::array<std::pair<const char*, const char*>, 8> kParameters{{
    {"connect_timeout", "5"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
    {"client_encoding", "UTF8"},
    {"fallback_application_name", "spinenet"},
    {"dbname", nullptr},  // the URL
}};
constexpr const char* kSession =
    "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed';"
    "SET idle_in_transaction_session_timeout = '15s'; SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2;"
    "SET tcp_keepalives_count = 3; SET tcp_user_timeout = '10s'; SET client_min_messages = warning;"
    "SET statement_timeout = '5min'";
constexpr int kOldestServer = 120000;
constexpr double kFirstConnectionSeconds = 5;

// Types as the server numbers them in its catalogue (pg_type).
enum PgType : Oid { kBytea = 17, kInt8 = 20, kText = 25, kFloat8 = 701 };

struct FinishConnection {
  void operator()(PGconn* connection) const { libpq().finish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { libpq().clear(result); }
};
struct FreeOptions {
  void operator()(PQconninfoOption* options) const { libpq().free_connection_options(options); }
};
using Connection = std::unique_ptr<PGconn, FinishConnection>;
using Result = std::unique_ptr<PGresult, ClearResult>;

// Numbers travel in network order, doubles as their bits.
std::string network_bytes(uint64_t word) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(word >> (56 - 8 * i));
  return bytes;
}

uint64_t network_word(const char* bytes) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8; ++i) word = word << 8 | static_cast<unsigned char>(bytes[i]);
  return word;
}

// The first line of a message of the library: what comes behind it is advice for people at a prompt.
std::string first_line(const char* text) {
  const std::string_view message(text == nullptr ? "" : text);
  return std::string(message.substr(0, message.find('\n')));
}

// "postgresql://user@host:port/database". Of a text with a password the library's words, which quote from it, are kept
// back.
std::string place_of(const StudyAddress& address) {
  char* reason = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      libpq().parse_connection_options(address.reveal().c_str(), &reason));
  if (options == nullptr) {
    const std::string message = address.holds_password() ? "it cannot be read" : first_line(reason);
    libpq().free_memory(reason);
    fail(ErrorKind::usage, fmt::format("no address of a PostgreSQL database: {}", message), address.shown(),
         "write postgresql://user@host:port/database");
  }
  std::unordered_map<std::string_view, std::string> given;
  for (const PQconninfoOption* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) given[o->keyword] = o->val;
  }
  std::string place = "postgresql://";
  if (given.contains("user")) place += given["user"] + "@";
  place += given["host"];
  if (given.contains("port")) place += ":" + given["port"];
  return place + "/" + given["dbname"];
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const StudyAddress& address, const StoreOptions& options);

  void begin(Access access) override;
  void commit() override;
  void rollback() noexcept override;
  SqlResult run(std::string_view statement, std::span<const SqlValue> values) override;
  bool passing_fault() const override { return passing_fault_; }
  BackOff back_off() const override { return {0.05, 2}; }
  const SqlDialect& dialect() const override { return kPostgresDialect; }
  const std::string& place() const override { return place_; }
  void require_tables(int version) override;

 private:
  void connect();
  void prepare_session();
  [[noreturn]] void refuse_connection(const char* const* keywords, const char* const* values);
  const std::string& prepared(std::string_view statement, std::span<const SqlValue> values);
  SqlValue column(const PGresult* result, int row, int column) const;
  void execute(const char* statement);
  void check(const PGresult* result);

  StudyAddress address_;
  std::string place_;
  Connection connection_;
  std::unordered_map<std::string_view, std::string> statements_;  // of this connection: text to name
  bool let_in_before_ = false;
  int refusals_ = 0;
  bool in_transaction_ = false;
  bool changed_ = false;
  bool passing_fault_ = false;
};

PostgresDatabase::PostgresDatabase(const StudyAddress& address, const StoreOptions& options)
    : address_(address), place_(place_of(address)) {
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::duration<double>(std::min(options.patience_seconds, kFirstConnectionSeconds));
  while (true) {
    try {
      connect();
      return;
    } catch (const Error&) {
      if (!passing_fault_ || std::chrono::steady_clock::now() > end) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void PostgresDatabase::connect() {
  passing_fault_ = false;
  std::array<const char*, kParameters.size() + 1> keywords{}, values{};
  for (size_t i = 0; i < kParameters.size(); ++i) {
    keywords[i] = kParameters[i].first;
    values[i] = kParameters[i].second == nullptr ? address_.reveal().c_str() : kParameters[i].second;
  }
  statements_.clear();
  connection_.reset(libpq().connect_database(keywords.data(), values.data(), /*expand_dbname=*/1));
  if (libpq().status(connection_.get()) != CONNECTION_OK) refuse_connection(keywords.data(), values.data());
  libpq().set_notice_processor(
      connection_.get(), [](void*, const char* message) { log_debug(first_line(message)); }, nullptr);
  prepare_session();
  let_in_before_ = true;
}

void PostgresDatabase::refuse_connection(const char* const* keywords, const char* const* values) {
  const std::string reason = first_line(libpq().error_message(connection_.get()));
  connection_.reset();
  const PGPing answer = libpq().ping(keywords, values, 1);
  // A server that answers refuses us for good, unless it let us in before (it may have reached its limit of connections
  // for a moment), or has come up again between the two tries.
  passing_fault_ = answer == PQPING_REJECT || answer == PQPING_NO_RESPONSE ||
                   (answer == PQPING_OK && (let_in_before_ || ++refusals_ == 1));
  fail(ErrorKind::io, reason, place_, "check that the server runs and lets you in");
}

void PostgresDatabase::prepare_session() {
  if (libpq().server_version(connection_.get()) < kOldestServer) {
    fail(ErrorKind::unsupported, "the server is older than PostgreSQL 12", place_, "use a newer one");
  }
  const std::string_view encoding = libpq().parameter_status(connection_.get(), "server_encoding");
  if (encoding != "UTF8" && encoding != "SQL_ASCII") {
    fail(ErrorKind::unsupported, fmt::format("the database keeps text as {}", encoding), place_,
         "make one with ENCODING 'UTF8'");
  }
  execute(kSession);
}

// Every value is read by its type, and dialect().not_tables has looked for views: what is left to see is whether the
// columns are there.
void PostgresDatabase::require_tables(int version) {
  const SqlResult columns =
      run("SELECT count(*) FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid IN"
          " (to_regclass('spinenet_version'), to_regclass('spinenet_study'), to_regclass('spinenet_state'),"
          " to_regclass('spinenet_trial'))",
          {});
  constexpr std::array<int64_t, kStudyVersion + 1> kColumns{0, 36, 39, 40};
  if (std::get<int64_t>(columns.rows.at(0).at(0)) == kColumns.at(static_cast<size_t>(version))) return;
  fail(ErrorKind::bad_data, fmt::format("is no study: its tables are not those of version {}", version), place_,
       "restore a copy of the study");
}

void PostgresDatabase::begin(Access access) {
  passing_fault_ = false;
  changed_ = false;
  if (connection_ == nullptr || libpq().status(connection_.get()) != CONNECTION_OK) connect();
  in_transaction_ = access != Access::statement;
  if (access == Access::read) execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (access == Access::write) execute("BEGIN; SET LOCAL synchronous_commit = off");
}

// Behind the commit a transaction of its own, empty but for a record in the log: done when that is on disk.
void PostgresDatabase::commit() {
  if (in_transaction_) {
    execute(changed_ ? "COMMIT; SELECT pg_logical_emit_message(true, 'spinenet', '')" : "ROLLBACK");
  }
  in_transaction_ = false;
}

// A connection that is in any doubt is closed: that rolls back on the server.
void PostgresDatabase::rollback() noexcept {
  in_transaction_ = false;
  if (connection_ == nullptr || libpq().transaction_status(connection_.get()) == PQTRANS_IDLE) return;
  const Result result(libpq().execute(connection_.get(), "ROLLBACK"));
  if (libpq().result_status(result.get()) != PGRES_COMMAND_OK) connection_.reset();
}

void PostgresDatabase::execute(const char* statement) {
  const Result result(libpq().execute(connection_.get(), statement));
  check(result.get());
}

SqlResult PostgresDatabase::run(std::string_view statement, std::span<const SqlValue> values) {
  passing_fault_ = false;
  const std::string& name = prepared(statement, values);
  struct {
    std::string operator()(int64_t v) const { return network_bytes(std::bit_cast<uint64_t>(v)); }
    std::string operator()(double v) const { return network_bytes(std::bit_cast<uint64_t>(v)); }
    std::string operator()(const std::string& v) const { return v; }
  } const to_bytes;
  std::vector<std::string> bytes;
  bytes.reserve(values.size());
  for (const SqlValue& value : values) bytes.push_back(std::visit(to_bytes, value));
  std::vector<const char*> pointers;
  std::vector<int> lengths;
  for (const std::string& b : bytes) {
    pointers.push_back(b.data());
    lengths.push_back(static_cast<int>(b.size()));
  }
  const std::vector<int> binary(values.size(), 1);
  const Result answer(libpq().execute_prepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                                               pointers.data(), lengths.data(), binary.data(), /*resultFormat=*/1));
  check(answer.get());
  SqlResult result;
  const int columns = libpq().field_count(answer.get());
  result.rows.resize(static_cast<size_t>(libpq().tuple_count(answer.get())));
  for (size_t r = 0; r < result.rows.size(); ++r) {
    result.rows[r].reserve(static_cast<size_t>(columns));
    for (int c = 0; c < columns; ++c) result.rows[r].push_back(column(answer.get(), static_cast<int>(r), c));
  }
  if (!std::string_view(libpq().command_status(answer.get())).starts_with("SELECT")) {
    result.changed = std::atoll(libpq().command_tuples(answer.get()));
    changed_ = true;
  }
  return result;
}

const std::string& PostgresDatabase::prepared(std::string_view statement, std::span<const SqlValue> values) {
  const auto known = statements_.find(statement);
  if (known != statements_.end()) return known->second;
  std::vector<Oid> types;
  for (const SqlValue& value : values) {
    constexpr std::array<Oid, 3> kTypes{kInt8, kFloat8, 0};  // of text the server knows whether it is text or bytes
    types.push_back(kTypes[value.index()]);
  }
  const std::string name = fmt::format("s{}", statements_.size());
  const Result result(libpq().prepare(connection_.get(), name.c_str(), in_dialect(statement, kPostgresDialect).c_str(),
                                      static_cast<int>(types.size()), types.data()));
  check(result.get());
  return statements_[statement] = name;
}

SqlValue PostgresDatabase::column(const PGresult* result, int row, int column) const {
  const char* bytes = libpq().value(result, row, column);
  switch (libpq().field_type(result, column)) {
    case kInt8:
      return std::bit_cast<int64_t>(network_word(bytes));
    case kFloat8:
      return std::bit_cast<double>(network_word(bytes));
    case kText:
    case kBytea:
      return std::string(bytes, static_cast<size_t>(libpq().value_length(result, row, column)));
    default:
      fail(ErrorKind::bad_data,
           fmt::format("the study is damaged: column {} is of another type", libpq().field_name(result, column)),
           place_, "restore a copy of it");
  }
}

// Faults by the server's five-letter codes, whose first two letters are a class. A fault without one is the library's
// own: the server cannot be reached any more, whatever the state of the connection says.
void PostgresDatabase::check(const PGresult* result) {
  const ExecStatusType status = libpq().result_status(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
  const std::string reason = first_line(libpq().error_message(connection_.get()));
  const char* code_text = libpq().result_error_field(result, PG_DIAG_SQLSTATE);
  if (libpq().status(connection_.get()) != CONNECTION_OK || code_text == nullptr) {
    passing_fault_ = true;
    connection_.reset();
    fail(ErrorKind::io, fmt::format("lost the server: {}", reason), place_);
  }
  const std::string_view code = code_text;
  // Connection, operator's intervention, transaction rolled back, idle in a transaction, lock not available.
  passing_fault_ =
      code.starts_with("08") || code.starts_with("57P") || code.starts_with("40") || code == "25P03" || code == "55P03";
  const bool damaged = code.starts_with("42P") || code == "42703" || code.starts_with("22") || code.starts_with("23");
  fail(damaged ? ErrorKind::bad_data : ErrorKind::io, reason, place_);
}

}  // namespace

std::unique_ptr<Database> open_postgres(const StudyAddress& address, const StoreOptions& options) {
  return std::make_unique<PostgresDatabase>(address, options);
}

}  // namespace spinenet::search
