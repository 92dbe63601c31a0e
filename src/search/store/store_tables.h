// The tables of a study and every statement on them. A trial's row is written when it is suggested and when it ends;
// the study's one row holds the next number, the fencing token and the tally of the trials that can no longer change,
// so that nothing ever counts all trials.
//
// Invariant: trials before settled() have ended; the tally counts exactly those, and the algorithm has been told of
// exactly those.
// Thread contract: belongs to one thread; between begin and commit of its database.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/store/store_database.h"
#include "search/store/store_rows.h"

namespace spinenet::search {

struct StudyRow {
  int lag = 1;
  int64_t next = 0;   // number of the next suggestion
  int64_t token = 0;  // the last one given
  StudyStatus tally;  // of the trials before settled()

  int64_t settled() const { return next > lag ? next - lag : 0; }
};

// Adds a trial, in the order of their numbers.
void count(StudyStatus& status, const Trial& trial);

// What a lease writes into a trial.
struct Lease {
  std::string worker;
  double seconds = 0;
  int64_t token = 0;
  int64_t request = 0;  // names the call that asked, so that a repeated call finds what it was given
  std::vector<std::string> lost_by;
};

struct LateTrial {
  int64_t number = 0;
  std::vector<std::string> lost_by;  // the workers that lost it, each once; the last lease's holder is the last one
};

class StudyTables {
 public:
  explicit StudyTables(Database& database) : database_(database) {}

  // Of the tables that are there: one of an earlier version can be read.
  void set_version(int version) { version_ = version; }

  // Keeps the first caller's.
  void insert_description(const StudyDescription& description, const std::string& id);
  std::optional<StudyDescription> description();
  // "" in a study of version 1.
  std::string id();

  // ErrorKind::usage when there is no study yet.
  StudyRow study();
  StudyRow lock_study();
  void write(const StudyRow& study);
  std::string state();
  void write_state(const std::string& state);

  Trial trial(int64_t number);
  std::vector<Trial> trials(int64_t first, int64_t count);
  // Of the numbers in [first, end).
  int64_t running(int64_t first, int64_t end);
  // The first of [first, end) whose lease ran out or was given back. A lease that ran out while the store's server was
  // not running says nothing of its worker, which has `lease_seconds` from the server's start to prolong it.
  std::optional<LateTrial> late(int64_t first, int64_t end, double lease_seconds);
  // The earliest complete trial up to `last` with this hash.
  std::optional<Trial> complete(uint64_t hash, int64_t last);

  Claim insert_running(int64_t number, const Suggestion& suggestion, const Lease& lease);
  void insert_ended(int64_t number, const Suggestion& suggestion, const OutcomeRow& outcome, int64_t duplicate_of);
  // Nothing when it was reported or prolonged in the meantime.
  std::optional<Claim> lease_again(int64_t number, const Lease& lease);
  void give_up(int64_t number, const std::string& reason);
  // The trial that an earlier try of the same call was given, at or behind `first`; its lease begins again.
  std::optional<Claim> leased(int64_t first, const Lease& lease);

  bool prolong(int64_t number, int64_t token, double seconds);
  // Ends the lease; the attempt does not count, and its token is worth nothing any more.
  bool release(int64_t number, int64_t token);
  // Ends the lease; its worker has lost the trial.
  bool lose(int64_t number, int64_t token);
  // Whether the trial holds this outcome now, by this token.
  bool finish(int64_t number, int64_t token, const OutcomeRow& outcome);

 private:
  SqlResult run(std::string_view statement, std::initializer_list<SqlValue> values = {});
  StudyRow read_study(std::string_view statement);
  const std::string& place() const { return database_.place(); }

  Database& database_;
  int version_ = kStudyVersion;
};

}  // namespace spinenet::search
