#include "search/store/store.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "search/store/store_claim.h"
#include "search/store/store_database.h"
#include "search/store/store_description.h"
#include "search/store/store_schema.h"
#include "search/store/store_tables.h"

namespace spinenet::search {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t fresh_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Pauses between the tries of one call: longer and longer, of random length so that many processes spread out, up to
// the time that a call may wait in all.
class Pauses {
 public:
  Pauses(const BackOff& back_off, double patience_seconds, std::mt19937_64& random)
      : next_(back_off.first_seconds),
        longest_(back_off.longest_seconds),
        end_(start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(patience_seconds))),
        random_(random) {}

  // False, at once, when the time is over. The reason is told when it has lasted for more than a moment.
  bool wait(std::string_view reason) {
    const auto now = Clock::now();
    if (now >= end_) return false;
    if (!told_ && now - start_ > std::chrono::seconds(1)) {
      log_warning(fmt::format("{}; trying again", reason));
      told_ = true;
    }
    std::this_thread::sleep_for(
        std::chrono::duration<double>(std::uniform_real_distribution<double>(0.5 * next_, next_)(random_)));
    next_ = std::min(2 * next_, longest_);
    return true;
  }

 private:
  double next_, longest_;
  Clock::time_point start_ = Clock::now(), end_;
  bool told_ = false;
  std::mt19937_64& random_;
};

enum class Missing { create, refuse, allow };

class SqlStore final : public Store {
 public:
  SqlStore(std::unique_ptr<Database> database, Missing missing, const StoreOptions& options)
      : database_(std::move(database)), tables_(*database_), missing_(missing), options_(options) {
    prepare_tables();
  }

  // Nothing where no study has been begun.
  std::optional<StudyDescription> find();

  void open(const StudyDescription& description) override;
  StudyDescription description() override;
  ClaimAnswer claim(const ClaimOptions& options, const Suggest& suggest) override;
  bool heartbeat(const Claim& claim, double lease_seconds) override;
  bool report(const Claim& claim, const Outcome& outcome) override;
  bool release(const Claim& claim) override;
  StudyStatus status() override;
  std::vector<Trial> trials(int64_t first, int64_t count) override;

 private:
  template <class Body>
  auto transact(Access access, const Body& body);
  void prepare_tables();
  [[noreturn]] void no_study() const {
    fail(ErrorKind::usage, "there is no study", database_->place(), "start one with spinenet search");
  }

  std::unique_ptr<Database> database_;
  StudyTables tables_;
  Missing missing_;
  bool has_tables_ = true;
  StoreOptions options_;
  std::mt19937_64 random_{fresh_seed()};
};

// Calls body(try number, from 1) in a transaction, again and again while the reason why it failed passes. A try that
// was lost may have been carried out all the same: the answer can get lost behind the commit.
template <class Body>
auto SqlStore::transact(Access access, const Body& body) {
  Pauses pauses(database_->back_off(), options_.patience_seconds, random_);
  for (int number = 1;; ++number) {
    try {
      database_->begin(access);
      auto result = body(number);
      database_->commit();
      return result;
    } catch (const Error& error) {
      const bool passing = database_->passing_fault();
      database_->rollback();
      if (!passing) throw;
      if (!pauses.wait(error.what())) throw;
    } catch (...) {
      database_->rollback();
      throw;
    }
  }
}

void SqlStore::prepare_tables() {
  const int version = transact(Access::read, [this](int) { return schema_version(*database_); });
  if (version == kStudyVersion) return;
  if (version == 0 && missing_ == Missing::refuse) no_study();
  if (version == 0 && missing_ == Missing::allow) {
    has_tables_ = false;
    return;
  }
  transact(Access::write, [this](int) {
    migrate_schema(*database_);
    return true;
  });
}

void SqlStore::open(const StudyDescription& description) {
  validate(description, database_->place());
  auto kept = transact(Access::read, [this](int) { return tables_.description(); });
  if (!kept && missing_ != Missing::create) no_study();
  if (!kept) {
    kept = transact(Access::write, [&](int) {
      tables_.insert_description(description);
      return tables_.description();
    });
  }
  require_same(*kept, description, database_->place());
}

std::optional<StudyDescription> SqlStore::find() {
  if (!has_tables_) return std::nullopt;
  return transact(Access::read, [this](int) { return tables_.description(); });
}

StudyDescription SqlStore::description() {
  auto kept = find();
  if (!kept) no_study();
  return *std::move(kept);
}

ClaimAnswer SqlStore::claim(const ClaimOptions& options, const Suggest& suggest) {
  const auto request = static_cast<int64_t>(random_());
  return transact(Access::write,
                  [&](int number) { return claim_trial(tables_, options, suggest, request, /*repeated=*/number > 1); });
}

bool SqlStore::heartbeat(const Claim& claim, double lease_seconds) {
  return transact(Access::statement, [&](int) { return tables_.prolong(claim.number, claim.token, lease_seconds); });
}

bool SqlStore::report(const Claim& claim, const Outcome& outcome) {
  const OutcomeRow row = outcome_row(outcome, fmt::format("{}: trial {}", database_->place(), claim.number));
  return transact(Access::statement, [&](int) { return tables_.finish(claim.number, claim.token, row); });
}

bool SqlStore::release(const Claim& claim) {
  return transact(Access::statement, [&](int) { return tables_.release(claim.number, claim.token); });
}

StudyStatus SqlStore::status() {
  return transact(Access::read, [this](int) {
    const StudyRow study = tables_.study();
    StudyStatus status = study.tally;
    for (const Trial& trial : tables_.trials(study.settled(), INT64_MAX)) count(status, trial);
    return status;
  });
}

std::vector<Trial> SqlStore::trials(int64_t first, int64_t count) {
  return transact(Access::read, [&](int) { return tables_.trials(first, count); });
}

bool is_server(const std::string& place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

std::unique_ptr<Database> open_database(const std::string& place, bool create, const StoreOptions& options) {
  return is_server(place) ? open_postgres(place, options) : open_sqlite(place, create, options);
}

}  // namespace

std::unique_ptr<Store> open_store(const std::string& place, bool create, const StoreOptions& options) {
  return std::make_unique<SqlStore>(open_database(place, create, options), create ? Missing::create : Missing::refuse,
                                    options);
}

std::optional<StudyDescription> find_study(const std::string& place, const StoreOptions& options) {
  if (!is_server(place) && !std::filesystem::exists(place)) return std::nullopt;
  return SqlStore(open_database(place, false, options), Missing::allow, options).find();
}

}  // namespace spinenet::search
