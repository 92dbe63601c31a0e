// Another program, run to its end under limits: how a trial is tried without endangering the search. Whatever the
// program does (crash, hang, eat memory), the caller gets a value back.
//
// Thread contract: run_process may be called from several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace spinenet::search {

struct ProcessOptions {
  std::vector<std::string> arguments;              // the program's path first
  std::map<std::string, std::string> environment;  // added to this process's own
  double seconds = 0;                              // wall clock; 0: no limit
  int64_t memory_bytes = 0;                        // data and heap; 0: no limit
  bool pass_errors = false;                        // standard error is this process's own, and not kept
  // Asked a few times a second; false ends the program. May be empty.
  std::function<bool()> wanted;
};

enum class ProcessEnd {
  exited,     // by itself: see status
  signalled,  // by a signal that was not ours: see status
  timed_out,  // after `seconds`
  unwanted,   // `wanted` said so
};

struct ProcessResult {
  ProcessEnd end = ProcessEnd::exited;
  int status = 0;      // exit status, or the number of the signal
  std::string output;  // all of standard output
  std::string errors;  // the last 8 KiB of standard error
  double seconds = 0;
};

// The program ends when this process does. Ended early, it and its children get SIGTERM, two seconds later SIGKILL.
// ErrorKind::io when it cannot be started.
ProcessResult run_process(const ProcessOptions& options);

}  // namespace spinenet::search
