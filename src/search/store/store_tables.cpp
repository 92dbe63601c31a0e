#include "search/store/store_tables.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

// In so much time the workers find a server that was started again.
constexpr double kReconnectionSeconds = 1;
// More than any study has, so that numbers and counts can be added up.
constexpr int64_t kMostTrials = int64_t{1} << 50;
constexpr int64_t kTrialsAtOnce = 1000;

Claim read_claim(const SqlRow& row, std::string_view place) {
  Claim claim;
  claim.number = integer(row, 0, place);
  claim.token = integer(row, 1, place);
  claim.choices = read_choices(text(row, 2, place), place);
  claim.hash = std::bit_cast<uint64_t>(integer(row, 3, place));
  claim.attempt = small_integer(row, 4, place);
  return claim;
}

std::optional<Claim> first_claim(const SqlResult& result, std::string_view place) {
  if (result.rows.empty()) return std::nullopt;
  return read_claim(result.rows.front(), place);
}

// Names of workers are one line each.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    lines.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

// What a study's row cannot say, whoever wrote it.
void validate(const StudyRow& study, std::string_view place) {
  const StudyStatus& t = study.tally;
  const auto is_count = [&](int64_t count) { return count >= 0 && count <= study.settled(); };
  const bool counts =
      is_count(t.complete) && is_count(t.failed) && is_count(t.lost) && is_count(t.rejected) && is_count(t.duplicates);
  const bool sound = study.lag >= 1 && study.next >= 0 && study.next <= kMostTrials && study.token >= 0 &&
                     study.token <= kMostTrials && counts && t.best >= -1 && t.best < study.next &&
                     std::isfinite(t.best_score) && is_time(t.first_started) && is_time(t.last_finished);
  if (!sound) fail(ErrorKind::bad_data, "the study is damaged: its tally cannot be", place, "restore a copy of it");
}

// SQL knows signed numbers only.
int64_t signed_word(uint64_t word) {
  return std::bit_cast<int64_t>(word);
}

}  // namespace

void count(StudyStatus& status, const Trial& trial) {
  ++status.trials;
  if (trial.started > 0 && (status.first_started == 0 || trial.started < status.first_started)) {
    status.first_started = trial.started;
  }
  status.last_finished = std::max(status.last_finished, trial.finished);
  switch (trial.state) {
    case TrialState::running:
      ++status.running;
      return;
    case TrialState::failed:
      ++(trial.failure == TrialFailure::lost ? status.lost : status.failed);
      return;
    case TrialState::rejected:
      ++status.rejected;
      return;
    case TrialState::complete:
      ++status.complete;
      if (trial.duplicate_of >= 0) ++status.duplicates;
      if (status.best < 0 || trial.measurement.score > status.best_score) {
        status.best = trial.number;
        status.best_score = trial.measurement.score;
      }
  }
}

SqlResult StudyTables::run(std::string_view statement, std::initializer_list<SqlValue> values) {
  return database_.run(statement, {values.begin(), values.size()});
}

void StudyTables::insert_description(const StudyDescription& d, const std::string& id) {
  run("INSERT INTO spinenet_study (id, space, algorithm, task, seed, lag, next_number, token, complete, failed, "
      "rejected,"
      " duplicates, best, best_score, first_started, last_finished, study_id, lost)"
      " VALUES (1, $1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, -1, 0.0, 0.0, 0.0, $6, 0) ON CONFLICT DO NOTHING",
      {d.space, d.algorithm, d.task, signed_word(d.seed), int64_t{d.lag}, id});
  run("INSERT INTO spinenet_state VALUES (1, $1) ON CONFLICT DO NOTHING", {std::string()});
}

std::optional<StudyDescription> StudyTables::description() {
  const SqlResult result = run("SELECT space, algorithm, task, seed, lag FROM spinenet_study LIMIT 1");
  if (result.rows.empty()) return std::nullopt;
  const SqlRow& row = result.rows.front();
  StudyDescription d;
  d.space = text(row, 0, place());
  d.algorithm = text(row, 1, place());
  d.task = text(row, 2, place());
  d.seed = std::bit_cast<uint64_t>(integer(row, 3, place()));
  d.lag = small_integer(row, 4, place());
  return d;
}

std::string StudyTables::id() {
  if (version_ < 2) return "";
  const SqlResult result = run("SELECT study_id FROM spinenet_study LIMIT 1");
  if (result.rows.empty()) fail(ErrorKind::usage, "there is no study", place(), "start one with spinenet search");
  const std::string& id = text(result.rows.front(), 0, place());
  const bool sound = id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!sound) fail(ErrorKind::bad_data, "the study is damaged: its id is none", place(), "restore a copy of it");
  return id;
}

StudyRow StudyTables::read_study(std::string_view statement) {
  const SqlResult result = run(statement);
  if (result.rows.empty()) fail(ErrorKind::usage, "there is no study", place(), "start one with spinenet search");
  const SqlRow& row = result.rows.front();
  StudyRow study;
  study.lag = small_integer(row, 0, place());
  study.next = integer(row, 1, place());
  study.token = integer(row, 2, place());
  study.tally.trials = study.settled();
  study.tally.complete = integer(row, 3, place());
  study.tally.failed = integer(row, 4, place());
  study.tally.rejected = integer(row, 5, place());
  study.tally.duplicates = integer(row, 6, place());
  study.tally.best = integer(row, 7, place());
  study.tally.best_score = real(row, 8, place());
  study.tally.first_started = real(row, 9, place());
  study.tally.last_finished = real(row, 10, place());
  study.tally.lost = integer(row, 11, place());
  validate(study, place());
  return study;
}

StudyRow StudyTables::study() {
  if (version_ >= 2) {
    return read_study(
        "SELECT lag, next_number, token, complete, failed, rejected, duplicates, best, best_score, first_started,"
        " last_finished, lost FROM spinenet_study LIMIT 1");
  }
  StudyRow study = read_study(
      "SELECT lag, next_number, token, complete, failed, rejected, duplicates, best, best_score, first_started,"
      " last_finished, (SELECT count(*) FROM spinenet_trial WHERE failure = 'lost' AND number < next_number - lag)"
      " FROM spinenet_study LIMIT 1");
  study.tally.failed = std::max<int64_t>(0, study.tally.failed - study.tally.lost);
  return study;
}

StudyRow StudyTables::lock_study() {
  return read_study(
      "SELECT lag, next_number, token, complete, failed, rejected, duplicates, best, best_score, first_started,"
      " last_finished, lost FROM spinenet_study LIMIT 1{lock}");
}

void StudyTables::write(const StudyRow& study) {
  const StudyStatus& t = study.tally;
  run("UPDATE spinenet_study SET next_number = $1, token = $2, complete = $3, failed = $4, rejected = $5,"
      " duplicates = $6, best = $7, best_score = $8, first_started = $9, last_finished = $10, lost = $11",
      {study.next, study.token, t.complete, t.failed, t.rejected, t.duplicates, t.best, t.best_score, t.first_started,
       t.last_finished, t.lost});
}

std::string StudyTables::state() {
  const SqlResult result = run("SELECT state FROM spinenet_state LIMIT 1");
  if (result.rows.empty()) fail(ErrorKind::bad_data, "the study has no state", place(), "restore a copy of it");
  return text(result.rows.front(), 0, place());
}

void StudyTables::write_state(const std::string& state) {
  run("UPDATE spinenet_state SET state = $1", {state});
}

Trial StudyTables::trial(int64_t number) {
  const SqlResult result = run("SELECT {trial_columns}, weights FROM spinenet_trial WHERE number = $1", {number});
  if (result.rows.empty()) fail(ErrorKind::bad_data, fmt::format("trial {} is missing", number), place());
  return read_trial(result.rows.front(), place());
}

std::vector<Trial> StudyTables::trials(int64_t first, int64_t count) {
  const std::string_view statement =
      version_ >= 3 ? "SELECT {trial_columns}, weights FROM spinenet_trial WHERE number >= $1 ORDER BY number LIMIT $2"
                    : "SELECT {trial_columns}, '' FROM spinenet_trial WHERE number >= $1 ORDER BY number LIMIT $2";
  std::vector<Trial> trials;
  while (count > 0) {
    const int64_t wanted = std::min(count, kTrialsAtOnce);
    const SqlResult result = run(statement, {first, wanted});
    for (const SqlRow& row : result.rows) {
      Trial trial = read_trial(row, place());
      // Pages that are part of a table more than once would have no end.
      if (trial.number < first || trial.number >= kMostTrials) {
        fail(ErrorKind::bad_data, fmt::format("the study is damaged: its trials are not in order at {}", trial.number),
             place(), "restore a copy of it");
      }
      first = trial.number + 1;
      trials.push_back(std::move(trial));
    }
    if (std::ssize(result.rows) < wanted) break;
    count -= wanted;
  }
  return trials;
}

int64_t StudyTables::running(int64_t first, int64_t end) {
  const SqlResult result =
      run("SELECT count(*) FROM spinenet_trial WHERE number >= $1 AND number < $2 AND state = 'running'", {first, end});
  return integer(result.rows.at(0), 0, place());
}

std::optional<LateTrial> StudyTables::late(int64_t first, int64_t end, double lease_seconds) {
  const SqlResult result =
      run("SELECT number, worker, lost_by FROM spinenet_trial WHERE number >= $1 AND number < $2 AND state = 'running'"
          " AND lease_until < {now} AND (token = 0 OR lease_until > {up_since} + $3 OR {up_since} + $4 < {now})"
          " ORDER BY number LIMIT 1",
          {first, end, kReconnectionSeconds, lease_seconds});
  if (result.rows.empty()) return std::nullopt;
  const SqlRow& row = result.rows.front();
  LateTrial late{integer(row, 0, place()), lines_of(text(row, 2, place()))};
  const std::string& holder = text(row, 1, place());
  std::erase(late.lost_by, holder);
  if (!holder.empty()) late.lost_by.push_back(holder);
  return late;
}

std::optional<Trial> StudyTables::complete(uint64_t hash, int64_t last) {
  const SqlResult result =
      run("SELECT {trial_columns}, weights FROM spinenet_trial WHERE hash = $1 AND number <= $2 AND state = 'complete'"
          " ORDER BY number LIMIT 1",
          {signed_word(hash), last});
  if (result.rows.empty()) return std::nullopt;
  return read_trial(result.rows.front(), place());
}

Claim StudyTables::insert_running(int64_t number, const Suggestion& suggestion, const Lease& lease) {
  run("INSERT INTO spinenet_trial (number, state, choices, hash, score, metrics, failure, reason, attempts,"
      " duplicate_of, worker, started, finished, token, lease_until, request)"
      " VALUES ($1, 'running', $2, $3, 0.0, '{{}}', 'none', '', 1, -1, $4, {now}, 0.0, $5, {now} + $6, $7)",
      {number, choices_text(suggestion.choices), signed_word(suggestion.hash), one_line(lease.worker), lease.token,
       lease.seconds, lease.request});
  return {number, lease.token, suggestion.choices, suggestion.hash, 1};
}

void StudyTables::insert_ended(int64_t number, const Suggestion& suggestion, const OutcomeRow& outcome,
                               int64_t duplicate_of) {
  run("INSERT INTO spinenet_trial (number, state, choices, hash, score, metrics, failure, reason, attempts,"
      " duplicate_of, worker, started, finished, token, lease_until, request, weights)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, '', {now}, {now}, 0, 0.0, 0, $10)",
      {number, outcome.state, choices_text(suggestion.choices), signed_word(suggestion.hash), outcome.score,
       outcome.metrics, outcome.failure, outcome.reason, duplicate_of, outcome.weights});
}

std::optional<Claim> StudyTables::lease_again(int64_t number, const Lease& lease) {
  return first_claim(
      run("UPDATE spinenet_trial SET token = $1, lease_until = {now} + $2, attempts = attempts + 1, worker = $3,"
          " request = $4, lost_by = $5 WHERE number = $6 AND state = 'running' AND lease_until < {now}"
          " RETURNING number, token, choices, hash, attempts",
          {lease.token, lease.seconds, one_line(lease.worker), lease.request,
           fmt::format("{}", fmt::join(lease.lost_by, "\n")), number}),
      place());
}

void StudyTables::give_up(int64_t number, const std::string& reason) {
  run("UPDATE spinenet_trial SET state = 'failed', failure = 'lost', reason = $1, finished = {now}"
      " WHERE number = $2 AND state = 'running' AND lease_until < {now}",
      {reason, number});
}

std::optional<Claim> StudyTables::leased(int64_t first, const Lease& lease) {
  return first_claim(run("UPDATE spinenet_trial SET lease_until = {now} + $1 WHERE number >= $2 AND request = $3"
                         " AND state = 'running' RETURNING number, token, choices, hash, attempts",
                         {lease.seconds, first, lease.request}),
                     place());
}

bool StudyTables::prolong(int64_t number, int64_t token, double seconds) {
  return run("UPDATE spinenet_trial SET lease_until = {now} + $1 WHERE number = $2 AND token = $3"
             " AND state = 'running'",
             {seconds, number, token})
             .changed == 1;
}

bool StudyTables::release(int64_t number, int64_t token) {
  return run("UPDATE spinenet_trial SET lease_until = {now} - 1, attempts = attempts - 1, token = 0, worker = ''"
             " WHERE number = $1 AND token = $2 AND state = 'running'",
             {number, token})
             .changed == 1;
}

bool StudyTables::lose(int64_t number, int64_t token) {
  return run("UPDATE spinenet_trial SET lease_until = {now} - 1, token = 0"
             " WHERE number = $1 AND token = $2 AND state = 'running'",
             {number, token})
             .changed == 1;
}

bool StudyTables::finish(int64_t number, int64_t token, const OutcomeRow& outcome) {
  const SqlResult update = run(
      "UPDATE spinenet_trial SET state = $1, score = $2, metrics = $3, failure = $4, reason = $5, weights = $6,"
      " finished = {now} WHERE number = $7 AND token = $8 AND state = 'running'",
      {outcome.state, outcome.score, outcome.metrics, outcome.failure, outcome.reason, outcome.weights, number, token});
  if (update.changed == 1) return true;
  // An ended trial never changes, so this needs no transaction of both statements.
  const SqlResult kept =
      run("SELECT state, score, metrics, failure, reason, weights FROM spinenet_trial WHERE number = $1 AND token = $2",
          {number, token});
  if (kept.rows.empty()) return false;
  const SqlRow& row = kept.rows.front();
  return outcome == OutcomeRow{text(row, 0, place()), real(row, 1, place()), text(row, 2, place()),
                               text(row, 3, place()), text(row, 4, place()), text(row, 5, place())};
}

}  // namespace spinenet::search
