#include "base/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "base/drawn_line.h"
#include "base/format.h"
#include "base/terminal.h"

namespace spinenet {
namespace {

constexpr double kRedrawInterval = 0.1;
constexpr int kMinBar = 8;
constexpr int kMaxBar = 32;

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Characters on the screen, taking each code point as one.
int width_of(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string cut_to_width(const std::string& text, int width) {
  int seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!continues_character(text[i]) && ++seen > width) return text.substr(0, i);
  }
  return text;
}

// A line break or an escape sequence in a name would destroy the display.
std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return line;
}

std::string rate_text(double per_second) {
  if (!std::isfinite(per_second) || per_second <= 0) return "";
  if (per_second < 1) return fmt::format("{:.1f} s each", 1 / per_second);
  return per_second < 100 ? fmt::format("{:.1f}/s", per_second) : fmt::format("{:.0f}/s", per_second);
}

}  // namespace

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "-";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{} d {:02}:{:02}", whole / 86400, whole / 3600 % 24, whole / 60 % 60);
}

std::string minutes_text(double minutes) {
  return fmt::format("{:g} minute{}", minutes, minutes == 1 ? "" : "s");
}

ProgressOptions standard_progress() {
  ProgressOptions options;
  const std::string_view term = environment("TERM");
  options.terminal = ::isatty(STDERR_FILENO) == 1 && !term.empty() && term != "dumb";
  options.colour = options.terminal && environment("NO_COLOR").empty();
  options.columns = terminal_columns(STDERR_FILENO);
  options.write = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  };
  options.now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  return options;
}

Progress::Progress(std::string title, int64_t total, ProgressOptions options)
    : title_(on_one_line(title)),
      total_(total),
      options_(std::move(options)),
      done_(options_.first),
      start_(options_.now()),
      last_draw_(start_) {}

Progress::~Progress() {
  finish();
}

void Progress::update(int64_t done, std::string_view detail) {
  if (finished_) return;
  done_ = done;
  detail_ = detail;
  const double time = options_.now();
  if (time - last_draw_ >= (options_.terminal ? kRedrawInterval : options_.plain_interval)) draw(time, false);
}

void Progress::finish() {
  if (finished_) return;
  finished_ = true;
  draw(options_.now(), true);
}

void Progress::draw(double time, bool last) {
  last_draw_ = time;
  if (options_.terminal) {
    options_.write(fmt::format("\r\x1b[K{}{}", bar_line(time - start_, last), last ? "\n" : ""));
    set_drawn_line(!last);
  } else {
    options_.write(fmt::format("{}: {}\n", title_, numbers(time - start_, last)));
  }
}

// Of the work, 0 to 1, and more where there was more of it than thought.
double Progress::share() const {
  return nearer_end_ ? nearer_end_->share : static_cast<double>(done_) / static_cast<double>(total_);
}

// "450/1000 (45%)", "450 (45% of 10 minutes)", "450"
std::string Progress::reached() const {
  if (total_ <= 0) return fmt::format("{}", done_);
  const double percent = std::floor(100 * share());
  return nearer_end_ ? fmt::format("{} ({:.0f}% of {})", done_, percent, nearer_end_->of)
                     : fmt::format("{}/{} ({:.0f}%)", done_, total_, percent);
}

double Progress::seconds_left(double rate) const {
  return std::max(0.0, nearer_end_ ? nearer_end_->seconds_left : static_cast<double>(total_ - done_) / rate);
}

// "450/1000 (45%)  3.2/s  2:51 left  loss 0.41"
std::string Progress::numbers(double elapsed, bool last) const {
  std::string text = reached();
  const double rate = elapsed > 0 ? static_cast<double>(done_ - options_.first) / elapsed : 0;
  const std::string rate_part = rate_text(rate);
  const bool timed = !last || options_.tells_time;
  if (!rate_part.empty() && timed) text += "  " + rate_part;
  if (last && timed) {
    text += fmt::format("  in {}", duration_text(elapsed));
  } else if (!last && total_ > 0 && rate > 0) {
    text += fmt::format("  {} left", duration_text(seconds_left(rate)));
  }
  if (!detail_.empty()) text += "  " + on_one_line(detail_);
  return text;
}

std::string Progress::bar_line(double elapsed, bool last) const {
  // The last column stays free: some terminals break the line there.
  const int columns = std::max(1, options_.columns - 1);
  const std::string right = numbers(elapsed, last);
  const int room = columns - width_of(title_) - width_of(right) - 4;
  const int bar = total_ > 0 ? std::min(room, kMaxBar) : 0;
  if (bar < kMinBar) return cut_to_width(fmt::format("{}  {}", title_, right), columns);
  const auto full = static_cast<size_t>(std::floor(std::clamp(share(), 0.0, 1.0) * bar));
  const std::string filled(full, '#');
  const std::string rest(static_cast<size_t>(bar) - full, '.');
  const std::string_view on = options_.colour ? "\x1b[32m" : "";
  const std::string_view off = options_.colour ? "\x1b[0m" : "";
  return fmt::format("{} [{}{}{}{}] {}", title_, on, filled, off, rest, right);
}

}  // namespace spinenet
