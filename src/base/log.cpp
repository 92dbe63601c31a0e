#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace

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
  logger().debug("{}", printable_lines(message));
}
void log_info(std::string_view message) {
  logger().info("{}", printable_lines(message));
}
void log_warning(std::string_view message) {
  logger().warn("warning: {}", printable_lines(message));
}

}  // namespace spinenet
