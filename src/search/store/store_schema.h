// How the tables of a study are made, and brought from version to version.
//
// Invariant: a store of a newer version is refused and never written.
// Thread contract: inside a transaction of the database, whose thread it is.
#pragma once

#include <span>
#include <string_view>

#include "search/store/store_database.h"

namespace spinenet::search {

// The version of the tables, 0 when there are none. ErrorKind::bad_data when it is newer than kStudyVersion, naming
// both, when it is none, or when the tables are not those of this version.
int schema_version(Database& database);

// Makes the tables, or brings them to kStudyVersion.
void migrate_schema(Database& database);

// The statements that bring tables of `version` to the next one, in no dialect yet; those of 0 make them.
std::span<const std::string_view> migration(int version);

// 128 random bits as text.
std::string fresh_study_id();

}  // namespace spinenet::search
