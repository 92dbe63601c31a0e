// What a study needs of an SQL database: transactions, statements with values, a clock. SQLite and PostgreSQL give it;
// everything above is written once.
//
// Invariant: after commit() returned, the transaction is on disk; after any Error, rollback() leaves nothing of it.
// Thread contract: an object belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "search/store/store.h"

namespace spinenet::search {

using SqlValue = std::variant<int64_t, double, std::string>;
using SqlRow = std::vector<SqlValue>;

struct SqlResult {
  std::vector<SqlRow> rows;
  int64_t changed = 0;  // rows written
};

// Where the two speak differently: what stands for {now}, {lock} and so on in a statement.
struct SqlDialect {
  std::string_view now;               // seconds since 1970 by the store's own clock
  std::string_view up_since;          // when it was last started, by the same clock; 0 where nothing has to run
  std::string_view lock;              // behind a SELECT: the row is ours until the transaction ends
  std::string_view key, real, bytes;  // types of columns
  std::string_view before_tables;     // a statement that goes before making tables
  std::string_view has_tables;        // a statement: how many tables named spinenet_version there are
  std::string_view not_tables;        // a statement: how many views and the like stand where a study's tables belong
};
std::string in_dialect(std::string_view statement, const SqlDialect& dialect);

enum class Access {
  read,       // one snapshot
  write,      // ours until it ends
  statement,  // a single statement that is a transaction by itself
};

// How long to pause before a call is repeated: from the first to the longest, doubling.
struct BackOff {
  double first_seconds;
  double longest_seconds;
};

// What a database is opened for.
enum class StoreUse {
  create,  // and made where it is missing
  go_on,
  look,  // to read alone
};

class Database {
 public:
  virtual ~Database() = default;
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  // `statement` is a constant of the program, prepared once; the values stand for its $1, $2 ...
  virtual SqlResult run(std::string_view statement, std::span<const SqlValue> values) = 0;
  // The last call failed for a reason that passes: a locked file, a lost or restarting server.
  virtual bool passing_fault() const = 0;
  virtual BackOff back_off() const = 0;
  virtual const SqlDialect& dialect() const = 0;
  // For messages; without a password.
  virtual const std::string& place() const = 0;
  // ErrorKind::bad_data when the tables are not those that this program makes for this version.
  virtual void require_tables(int version) = 0;
};

// Tells apart what is not there, what is no study, and what can be used: see open_store.
std::unique_ptr<Database> open_sqlite(const std::string& path, StoreUse use, const StoreOptions& options);
std::unique_ptr<Database> open_postgres(const StudyAddress& address, const StoreOptions& options);

}  // namespace spinenet::search
