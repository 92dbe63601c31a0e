#include "search/store/store_database.h"

#include "base/format.h"
#include "search/store/store_rows.h"

namespace spinenet::search {

std::string in_dialect(std::string_view statement, const SqlDialect& dialect) {
  return fmt::format(fmt::runtime(statement), fmt::arg("now", dialect.now), fmt::arg("up_since", dialect.up_since),
                     fmt::arg("lock", dialect.lock), fmt::arg("key", dialect.key), fmt::arg("real", dialect.real),
                     fmt::arg("bytes", dialect.bytes), fmt::arg("trial_columns", kTrialColumns));
}

}  // namespace spinenet::search
