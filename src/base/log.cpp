#include "base/log.h"

#include <atomic>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/drawn_line.h"
#include "base/printable.h"

namespace spinenet {
namespace {

spdlog::logger& logger() {
  static spdlog::logger instance("spinenet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  static const bool once = [] {
    instance.set_pattern("%v");
    instance.flush_on(spdlog::level::debug);
    return true;
  }();
  (void)once;
  return instance;
}

std::atomic<bool> drawn_line = false;

void write(spdlog::level::level_enum level, std::string_view start, std::string_view message) {
  if (!logger().should_log(level)) return;
  logger().log(level, "{}{}{}", drawn_line.exchange(false) ? "\r\x1b[K" : "", start, printable_lines(message));
}

}  // namespace

void set_drawn_line(bool stands) {
  drawn_line = stands;
}

void set_log_level(LogLevel level) {
  switch (level) {
    case LogLevel::quiet:
      logger().set_level(spdlog::level::warn);
      return;
    case LogLevel::info:
      logger().set_level(spdlog::level::info);
      return;
    case LogLevel::debug:
      logger().set_level(spdlog::level::debug);
      return;
  }
}

void log_debug(std::string_view message) {
  write(spdlog::level::debug, "", message);
}
void log_info(std::string_view message) {
  write(spdlog::level::info, "", message);
}
void log_warning(std::string_view message) {
  write(spdlog::level::warn, "warning: ", message);
}

}  // namespace spinenet
