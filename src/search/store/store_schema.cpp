#include "search/store/store_schema.h"

#include <array>
#include <random>

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

// The study's id is filled in by migrate_schema. Lost trials were counted as failed ones.
constexpr std::string_view kVersion2[] = {
    "ALTER TABLE spinenet_study ADD COLUMN study_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE spinenet_study ADD COLUMN lost BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE spinenet_trial ADD COLUMN lost_by TEXT NOT NULL DEFAULT ''",
    "UPDATE spinenet_study SET lost ="
    " (SELECT count(*) FROM spinenet_trial WHERE failure = 'lost' AND number < next_number - lag)",
    "UPDATE spinenet_study SET failed = failed - lost",
};

constexpr std::string_view kVersion3[] = {
    "ALTER TABLE spinenet_trial ADD COLUMN weights TEXT NOT NULL DEFAULT ''",
};

// Entry i brings tables of version i to version i + 1; the first makes them.
constexpr std::array<std::span<const std::string_view>, kStudyVersion> kMigrations{kVersion1, kVersion2, kVersion3};

std::string remedy() {
  return "name another file, or restore a copy of the study";
}

}  // namespace

int schema_version(Database& database) {
  const std::string& place = database.place();
  const SqlResult others = database.run(database.dialect().not_tables, {});
  if (others.rows.empty() || integer(others.rows.front(), 0, place) != 0) {
    fail(ErrorKind::bad_data, "is no study: it has views or triggers", place, remedy());
  }
  const SqlResult tables = database.run(database.dialect().has_tables, {});
  if (tables.rows.empty() || integer(tables.rows.front(), 0, place) == 0) return 0;
  const SqlResult versions = database.run("SELECT version FROM spinenet_version LIMIT 2", {});
  if (versions.rows.size() != 1) fail(ErrorKind::bad_data, "the study has no version", place, "restore a copy of it");
  const int64_t version = integer(versions.rows.front(), 0, place);
  if (version > kStudyVersion) {
    fail(ErrorKind::bad_data,
         fmt::format("the study is of version {}, this program knows versions up to {}", version, kStudyVersion), place,
         "use the newer program");
  }
  if (version < 1) {
    fail(ErrorKind::bad_data, fmt::format("is no study: there is no version {}", version), place, remedy());
  }
  database.require_tables(static_cast<int>(version));
  return static_cast<int>(version);
}

void migrate_schema(Database& database) {
  database.run(database.dialect().before_tables, {});
  for (int version = schema_version(database); version < kStudyVersion; ++version) {
    for (const std::string_view statement : migration(version)) database.run(statement, {});
    const SqlValue next = int64_t{version} + 1;
    database.run("UPDATE spinenet_version SET version = $1", {&next, 1});
  }
  const SqlValue id = fresh_study_id();
  database.run("UPDATE spinenet_study SET study_id = $1 WHERE study_id = ''", {&id, 1});
}

std::span<const std::string_view> migration(int version) {
  return kMigrations.at(static_cast<size_t>(version));
}

std::string fresh_study_id() {
  std::random_device device;
  std::string id;
  for (int word = 0; word < 4; ++word) id += fmt::format("{:08x}", device());
  return id;
}

}  // namespace spinenet::search
