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

enum class Missing { refuse, allow };

class SqlStore final : public Store {
 public:
  SqlStore(std::unique_ptr<Database> database, StoreUse use, Missing missing, const StoreOptions& options)
      : database_(std::move(database)), tables_(*database_), use_(use), options_(options) {
    prepare_tables(missing);
  }

  // Nothing where no study has been begun.
  std::optional<StudyDescription> find();

  void open(const StudyDescription& description, const std::string& new_id) override;
  StudyDescription description() override;
  std::string id() override;
  ClaimAnswer claim(const ClaimOptions& options, const Suggest& suggest) override;
  bool heartbeat(const Claim& claim, double lease_seconds) override;
  bool report(const Claim& claim, const Outcome& outcome) override;
  bool release(const Claim& claim) override;
  bool lose(const Claim& claim) override;
  StudyStatus status() override;
  std::vector<Trial> trials(int64_t first, int64_t count) override;

 private:
  template <class Body>
  auto transact(Access access, const Body& body);
  void prepare_tables(Missing missing);
  void require_writable() const {
    if (use_ == StoreUse::look) fail(ErrorKind::failed, "the study was opened to be read", database_->place());
  }
  [[noreturn]] void no_study() const {
    fail(ErrorKind::usage, "there is no study", database_->place(), "start one with spinenet search");
  }

  std::unique_ptr<Database> database_;
  StudyTables tables_;
  StoreUse use_;
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

void SqlStore::prepare_tables(Missing missing) {
  const int version = transact(Access::read, [this](int) { return schema_version(*database_); });
  tables_.set_version(version);
  if (version == kStudyVersion) return;
  if (version == 0 && use_ != StoreUse::create) {
    if (missing == Missing::refuse) no_study();
    has_tables_ = false;
    return;
  }
  if (use_ == StoreUse::look) return;
  transact(Access::write, [this](int) {
    migrate_schema(*database_);
    return true;
  });
  tables_.set_version(kStudyVersion);
}

void SqlStore::open(const StudyDescription& description, const std::string& new_id) {
  validate(description, database_->place());
  auto kept = transact(Access::read, [this](int) { return tables_.description(); });
  if (!kept && use_ != StoreUse::create) no_study();
  if (!kept) {
    kept = transact(Access::write, [&](int) {
      tables_.insert_description(description, new_id.empty() ? fresh_study_id() : new_id);
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

std::string SqlStore::id() {
  if (!has_tables_) no_study();
  return transact(Access::read, [this](int) { return tables_.id(); });
}

ClaimAnswer SqlStore::claim(const ClaimOptions& options, const Suggest& suggest) {
  require_writable();
  const auto request = static_cast<int64_t>(random_());
  return transact(Access::write,
                  [&](int number) { return claim_trial(tables_, options, suggest, request, /*repeated=*/number > 1); });
}

bool SqlStore::heartbeat(const Claim& claim, double lease_seconds) {
  require_writable();
  return transact(Access::statement, [&](int) { return tables_.prolong(claim.number, claim.token, lease_seconds); });
}

bool SqlStore::report(const Claim& claim, const Outcome& outcome) {
  require_writable();
  const OutcomeRow row = outcome_row(outcome, fmt::format("{}: trial {}", database_->place(), claim.number));
  return transact(Access::statement, [&](int) { return tables_.finish(claim.number, claim.token, row); });
}

bool SqlStore::release(const Claim& claim) {
  require_writable();
  return transact(Access::statement, [&](int) { return tables_.release(claim.number, claim.token); });
}

bool SqlStore::lose(const Claim& claim) {
  require_writable();
  return transact(Access::statement, [&](int) { return tables_.lose(claim.number, claim.token); });
}

StudyStatus SqlStore::status() {
  return transact(Access::read, [this](int) {
    const StudyRow study = tables_.study();
    StudyStatus status = study.tally;
    for (const Trial& trial : tables_.trials(study.settled(), INT64_MAX)) count(status, trial);
    if (status.trials != study.next) {
      fail(ErrorKind::bad_data, fmt::format("the study is damaged: it has {} trials of {}", status.trials, study.next),
           database_->place(), "restore a copy of it");
    }
    return status;
  });
}

std::vector<Trial> SqlStore::trials(int64_t first, int64_t count) {
  return transact(Access::read, [&](int) { return tables_.trials(first, count); });
}

std::unique_ptr<Database> open_database(const StudyAddress& address, StoreUse use, const StoreOptions& options) {
  return address.is_server() ? open_postgres(address, options) : open_sqlite(address.reveal(), use, options);
}

}  // namespace

std::unique_ptr<Store> open_store(const StudyAddress& address, bool create, const StoreOptions& options) {
  const StoreUse use = create ? StoreUse::create : StoreUse::go_on;
  return std::make_unique<SqlStore>(open_database(address, use, options), use, Missing::refuse, options);
}

std::unique_ptr<Store> look_at_store(const StudyAddress& address, const StoreOptions& options) {
  return std::make_unique<SqlStore>(open_database(address, StoreUse::look, options), StoreUse::look, Missing::refuse,
                                    options);
}

std::optional<StudyDescription> find_study(const StudyAddress& address, const StoreOptions& options) {
  std::error_code none;
  if (!address.is_server() && !std::filesystem::exists(address.reveal(), none)) return std::nullopt;
  return SqlStore(open_database(address, StoreUse::look, options), StoreUse::look, Missing::allow, options).find();
}

}  // namespace spinenet::search
