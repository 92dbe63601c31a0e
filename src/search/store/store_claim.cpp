#include "search/store/store_claim.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/format.h"

namespace spinenet::search {
namespace {

ClaimAnswer claimed(Claim claim) {
  return {ClaimState::claimed, std::move(claim)};
}

// A trial whose lease ran out or was given back, or nothing. Those that too many workers lost end on the way.
std::optional<Claim> claim_late(StudyTables& tables, StudyRow& study, const ClaimOptions& options, Lease lease) {
  while (const auto late = tables.late(study.settled(), options.trials, options.lease_seconds)) {
    if (static_cast<int>(late->lost_by.size()) >= options.max_attempts) {
      tables.give_up(late->number,
                     fmt::format("{} workers lost it, the last was {}", late->lost_by.size(), late->lost_by.back()));
      continue;
    }
    lease.token = study.token + 1;
    lease.lost_by = late->lost_by;
    if (auto claim = tables.lease_again(late->number, lease)) {
      study.token = lease.token;
      tables.write(study);
      return claim;
    }
  }
  return std::nullopt;
}

// Suggests trial study.next; the claim when it is to be tried, nothing when it has ended at once.
std::optional<Claim> suggest_next(StudyTables& tables, StudyRow& study, const Suggest& suggest, Lease lease,
                                  const std::vector<Trial>& news, std::string& state) {
  const int64_t number = study.next;
  Suggestion suggestion = suggest(number, state, news);
  for (const Trial& trial : news) count(study.tally, trial);
  ++study.next;
  state = std::move(suggestion.state);
  if (suggestion.rejection) {
    tables.insert_ended(number, suggestion, rejected_row(*suggestion.rejection), -1);
    return std::nullopt;
  }
  if (const auto same = tables.complete(suggestion.hash, number - study.lag)) {
    const Outcome outcome{TrialState::complete, same->measurement, TrialFailure::none, {}};
    tables.insert_ended(number, suggestion, outcome_row(outcome, {}), same->number);
    return std::nullopt;
  }
  lease.token = ++study.token;
  return tables.insert_running(number, suggestion, lease);
}

// The trial that suggesting study.next makes known to the algorithm, if any; false when it still runs.
bool read_news(StudyTables& tables, const StudyRow& study, std::vector<Trial>& news) {
  news.clear();
  if (study.next < study.lag) return true;
  news.push_back(tables.trial(study.next - study.lag));
  return news.front().state != TrialState::running;
}

std::optional<Claim> claim_next(StudyTables& tables, StudyRow& study, const ClaimOptions& options,
                                const Suggest& suggest, const Lease& lease) {
  std::optional<Claim> claim;
  std::vector<Trial> news;
  if (study.next >= options.trials || !read_news(tables, study, news)) return claim;
  const std::string before = tables.state();
  std::string state = before;
  do {
    claim = suggest_next(tables, study, suggest, lease, news, state);
  } while (!claim && study.next < options.trials && read_news(tables, study, news));
  if (state != before) tables.write_state(state);
  tables.write(study);
  return claim;
}

}  // namespace

ClaimAnswer claim_trial(StudyTables& tables, const ClaimOptions& options, const Suggest& suggest, int64_t request,
                        bool repeated) {
  StudyRow study = tables.lock_study();
  const Lease lease{options.worker, options.lease_seconds, 0, request, {}};
  if (repeated) {
    if (auto claim = tables.leased(study.settled(), lease)) return claimed(*std::move(claim));
  }
  if (auto claim = claim_late(tables, study, options, lease)) return claimed(*std::move(claim));
  if (auto claim = claim_next(tables, study, options, suggest, lease)) return claimed(*std::move(claim));
  const bool ended = study.next >= options.trials && tables.running(study.settled(), options.trials) == 0;
  return {ended ? ClaimState::finished : ClaimState::wait, std::nullopt};
}

}  // namespace spinenet::search
