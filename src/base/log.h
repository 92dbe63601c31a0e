// Log lines to standard error: "warning: ..." for warnings and errors, plain text for information.
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <string_view>

namespace spinenet {

enum class LogLevel { quiet, info, debug };

void set_log_level(LogLevel level);
void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warning(std::string_view message);

}  // namespace spinenet
