// Where a study lives: its description, the algorithm's state and its trials, shared by any number of processes on one
// machine (SQLite) or several (PostgreSQL). One interface, one conformance suite.
//
// Leases: a worker claims a trial for some seconds and prolongs the lease by heartbeats. A trial whose lease ran out is
// claimed again by another worker, with a higher fencing token; the first worker's late heartbeat or report is then
// refused. So no trial is lost and none counts twice, wherever a process is killed.
//
// What counts against a trial are the workers that lost it: those whose lease ran out and those that said so. When
// max_attempts different ones have, it ends as lost, which says nothing about its network. A trial that is released
// counts against nobody.
//
// Invariant: what a call returned is durable; a call that throws changed nothing.
// Thread contract: a Store object belongs to one thread (a heartbeat thread opens its own); any number of objects in
// any number of processes may be open on one study.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "search/store/address.h"
#include "search/trials/trial.h"

namespace spinenet::search {

constexpr int kStudyVersion = 3;  // of the tables; raised with a migration

// What a study is about. Two are the same study when all fields are equal; open refuses another one, naming the field
// with both values.
struct StudyDescription {
  std::string space;      // to_text(SearchSpace)
  std::string algorithm;  // name and options, as text
  std::string task;       // what is trained and measured, as text
  uint64_t seed = 1;
  int lag = 16;  // trial k is suggested knowing exactly trials 0..k-lag: the same trials for any number of workers

  bool operator==(const StudyDescription&) const = default;
};

// Given by the caller of claim; runs inside the transaction, so it must be quick and touch no store. It may be asked
// again for the same number, state and news, when the transaction has to be repeated.
struct Suggestion {
  arch::Choices choices;
  uint64_t hash = 0;
  std::string state;                     // the algorithm's, after suggest
  std::optional<std::string> rejection;  // a constraint refuses it: the trial ends at once
};
// `state` is the algorithm's text so far (empty at first), `news` the ended trials that it has not been told of, in the
// order of their numbers.
using Suggest = std::function<Suggestion(int64_t number, const std::string& state, std::span<const Trial> news)>;

struct Claim {
  int64_t number = 0;
  int64_t token = 0;  // fencing token: grows with every lease of the study
  arch::Choices choices;
  uint64_t hash = 0;
  int attempt = 1;
};

enum class ClaimState { claimed, wait, finished };
struct ClaimAnswer {
  ClaimState state = ClaimState::wait;
  std::optional<Claim> claim;
};

struct ClaimOptions {
  std::string worker;  // worker_name()
  double lease_seconds = 60;
  int64_t trials = 0;    // the study ends when it has this many
  int max_attempts = 3;  // a trial that so many different workers lost has failed (TrialFailure::lost)
};

struct Outcome {
  TrialState state = TrialState::complete;  // complete or failed
  Measurement measurement;
  TrialFailure failure = TrialFailure::none;
  std::string reason;
};

struct StudyStatus {
  int64_t trials = 0, running = 0, complete = 0, rejected = 0, duplicates = 0;
  int64_t failed = 0;  // by what the network did
  int64_t lost = 0;    // by what happened to its workers
  int64_t best = -1;   // number of the best complete trial, or -1
  double best_score = 0;
  double first_started = 0, last_finished = 0;  // seconds since 1970
};

class Store {
 public:
  virtual ~Store() = default;
  // The study's description; the first caller's is kept. ErrorKind::usage when it differs from what is kept. `new_id`:
  // of a study that this call begins (fresh_study_id); "": one is made.
  virtual void open(const StudyDescription& description, const std::string& new_id = {}) = 0;
  // Of a study that exists; ErrorKind::usage when there is none.
  virtual StudyDescription description() = 0;
  // Unguessable, made with the study, so that what belongs to it is told from what belongs to another. "" for a study
  // of version 1 that is only looked at.
  virtual std::string id() = 0;

  // In one transaction: a trial whose lease ran out is leased again; else, when trials 0..k-lag have all ended, the
  // next number k is suggested and leased. A suggestion whose hash equals that of a complete trial among 0..k-lag takes
  // its measurement over and ends at once; a rejected one ends too; the call then goes on to the next number. `wait`:
  // none can be had now.
  virtual ClaimAnswer claim(const ClaimOptions& options, const Suggest& suggest) = 0;
  // False: the lease was lost; the worker must stop this trial.
  virtual bool heartbeat(const Claim& claim, double lease_seconds) = 0;
  // False: refused, because the lease was lost and given to another, or the trial has ended. The same report given
  // twice is true twice, so that a worker may repeat it when no answer came. ErrorKind::bad_data when a complete
  // trial's score is not finite, ErrorKind::usage when the outcome is neither complete nor failed.
  virtual bool report(const Claim& claim, const Outcome& outcome) = 0;
  // The worker gives the trial back untried: the next claim may lease it at once, and the attempt does not count.
  // False: the lease was lost already.
  virtual bool release(const Claim& claim) = 0;
  // The same, but the trial's process ended in a way that may be the trial's fault: this worker counts as one that lost
  // it.
  virtual bool lose(const Claim& claim) = 0;

  virtual StudyStatus status() = 0;
  // Ordered by number, from `first` on, at most `count`.
  virtual std::vector<Trial> trials(int64_t first = 0, int64_t count = INT64_MAX) = 0;
};

struct StoreOptions {
  // How long a call waits for a locked file, or for a server that restarts or cannot be reached, before it throws
  // ErrorKind::io. A first connection waits at most five seconds.
  double patience_seconds = 60;
};

// `create` makes what is missing; without it ErrorKind::usage says that there is no study. A study of an earlier
// version is brought to this one. ErrorKind::bad_data for a file that is no study, has other tables, or is of a newer
// version, naming both versions. A new SQLite study is refused (ErrorKind::usage) where a file lies that SQLite would
// take for a part of it. A database holds one study per schema: "?options=-csearch_path%3DNAME" names another schema.
std::unique_ptr<Store> open_store(const StudyAddress& address, bool create, const StoreOptions& options = {});
// The same to read alone: a study of any version, of which nothing is written, also where the file and its folder are
// read-only. A call that writes throws ErrorKind::failed.
std::unique_ptr<Store> look_at_store(const StudyAddress& address, const StoreOptions& options = {});
// The description of the study there, or nothing where none has been begun; makes and writes nothing. Errors as
// open_store's.
std::optional<StudyDescription> find_study(const StudyAddress& address, const StoreOptions& options = {});

}  // namespace spinenet::search
