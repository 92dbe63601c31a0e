// How far a long piece of work is: one line that is drawn over and over on a terminal, with a bar and the time left;
// plain lines now and then where standard error goes to a file.
//
// Time comes from a monotonic clock, so a change of the wall clock shows nowhere.
// Thread contract: a Progress belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace spinenet {

struct ProgressOptions {
  bool terminal = false;       // draw a bar instead of plain lines
  bool colour = false;         // only on a terminal
  int columns = 80;            // width of the terminal
  double plain_interval = 10;  // seconds between plain lines
  int64_t first = 0;           // what was done before: of a run that goes on where another ended
  bool tells_time = true;      // how fast it was and how long it took, at its end; else its user says so in other words
  std::function<void(std::string_view)> write;
  std::function<double()> now;  // seconds, never going back
};

// Standard error as it is: a terminal unless TERM is "dumb" or unset, coloured unless NO_COLOR is set, as wide as
// COLUMNS or the terminal itself says; the steady clock.
ProgressOptions standard_progress();

// What ends a piece of work before its total is reached.
struct NearerEnd {
  double share = 0;  // that is over
  std::string of;    // "10 minutes"
  double seconds_left = 0;
};

class Progress {
 public:
  // A total of 0 is unknown: then count and rate are shown, without bar and time left.
  Progress(std::string title, int64_t total, ProgressOptions options = standard_progress());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Leaves the line as finish() does.
  ~Progress();

  // The work turned out longer or shorter than thought.
  void set_total(int64_t total) { total_ = total; }
  // Nothing: the total is what ends it.
  void set_nearer_end(std::optional<NearerEnd> end) { nearer_end_ = std::move(end); }
  // `detail` is shown behind the numbers: "loss 0.41". Cheap to call often: it writes ten times a second at most.
  void update(int64_t done, std::string_view detail = {});
  // Other words there, from the next time that it writes.
  void set_detail(std::string_view detail) { detail_ = detail; }
  // Shows the last state and the time taken, and ends the line. Later calls do nothing.
  void finish();

 private:
  void draw(double time, bool last);
  double share() const;
  std::string reached() const;
  double seconds_left(double rate) const;
  std::string numbers(double elapsed, bool last) const;
  std::string bar_line(double elapsed, bool last) const;

  std::string title_;
  int64_t total_;
  std::optional<NearerEnd> nearer_end_;
  ProgressOptions options_;
  std::string detail_;
  int64_t done_;
  bool finished_ = false;
  double start_;
  double last_draw_;
};

// "42 s", "3:07", "1:02:45", "2 d 03:10"; a dash for a negative or infinite one.
std::string duration_text(double seconds);
// "1 minute", "0.5 minutes"
std::string minutes_text(double minutes);

}  // namespace spinenet
