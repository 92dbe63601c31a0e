// How the tables of a study are made, and brought from version to version.
//
// Invariant: a store of a newer version is refused and never written.
// Thread contract: inside a transaction of the database, whose thread it is.
#pragma once

#include "search/store/store_database.h"

namespace spinenet::search {

// The version of the tables, 0 when there are none. ErrorKind::bad_data when it is newer than kStudyVersion, naming
// both.
int schema_version(Database& database);

// Makes the tables, or brings them to kStudyVersion.
void migrate_schema(Database& database);

}  // namespace spinenet::search
