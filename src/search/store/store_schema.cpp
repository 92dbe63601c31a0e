#include "search/store/store_schema.h"

#include <array>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/format.h"
#include "search/store/store_rows.h"

namespace spinenet::search {
namespace {

// 64-bit words (hash, seed) are kept as the signed number of the same bits.
constexpr std::string_view kVersion1[] = {
    "CREATE TABLE spinenet_version (id {key}, version BIGINT NOT NULL)",
    "INSERT INTO spinenet_version VALUES (1, 0)",
    "CREATE TABLE spinenet_study (id {key}, space TEXT NOT NULL, algorithm TEXT NOT NULL, task TEXT NOT NULL,"
    " seed BIGINT NOT NULL, lag BIGINT NOT NULL, next_number BIGINT NOT NULL, token BIGINT NOT NULL,"
    " complete BIGINT NOT NULL, failed BIGINT NOT NULL, rejected BIGINT NOT NULL, duplicates BIGINT NOT NULL,"
    " best BIGINT NOT NULL, best_score {real} NOT NULL, first_started {real} NOT NULL,"
    " last_finished {real} NOT NULL)",
    "CREATE TABLE spinenet_state (id {key}, state {bytes} NOT NULL)",
    "CREATE TABLE spinenet_trial (number {key}, state TEXT NOT NULL, choices TEXT NOT NULL, hash BIGINT NOT NULL,"
    " score {real} NOT NULL, metrics TEXT NOT NULL, failure TEXT NOT NULL, reason TEXT NOT NULL,"
    " attempts BIGINT NOT NULL, duplicate_of BIGINT NOT NULL, worker TEXT NOT NULL, started {real} NOT NULL,"
    " finished {real} NOT NULL, token BIGINT NOT NULL, lease_until {real} NOT NULL, request BIGINT NOT NULL)",
    "CREATE INDEX spinenet_trial_hash ON spinenet_trial (hash, number)",
};

// Entry i brings tables of version i to version i + 1; the first makes them.
constexpr std::array<std::span<const std::string_view>, kStudyVersion> kMigrations{kVersion1};

}  // namespace

int schema_version(Database& database) {
  const std::string& place = database.place();
  const SqlResult tables = database.run(database.dialect().has_tables, {});
  if (tables.rows.empty() || integer(tables.rows.front(), 0, place) == 0) return 0;
  const SqlResult versions = database.run("SELECT version FROM spinenet_version", {});
  if (versions.rows.size() != 1) fail(ErrorKind::bad_data, "the study has no version", place, "restore a copy of it");
  const int64_t version = integer(versions.rows.front(), 0, place);
  if (version > kStudyVersion) {
    fail(ErrorKind::bad_data,
         fmt::format("the study is of version {}, this program knows versions up to {}", version, kStudyVersion), place,
         "use the newer program");
  }
  return static_cast<int>(version);
}

void migrate_schema(Database& database) {
  database.run(database.dialect().before_tables, {});
  for (int version = schema_version(database); version < kStudyVersion; ++version) {
    for (const std::string_view statement : kMigrations[static_cast<size_t>(version)]) database.run(statement, {});
    const SqlValue next = int64_t{version} + 1;
    database.run("UPDATE spinenet_version SET version = $1", {&next, 1});
  }
}

}  // namespace spinenet::search
