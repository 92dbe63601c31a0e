#include "cli/training_program.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "runtime/gpu_driver.h"
#include "search/trials/process.h"

namespace spinenet::cli {
namespace {

constexpr std::string_view kName = "spinenet-train";
constexpr const char* kFolderVariable = "SPINENET_LIBEXEC";

// By default OpenMP's threads wait for each other in a loop for milliseconds, and take the processor from whoever else
// needs it, the thread that they wait for included: beside a busy process two threads were then many times slower than
// one. After so many rounds (some 500 microseconds, which is longer than most of the waits between operations) they
// sleep. bench/busy_neighbour.py measures it.
constexpr const char* kSpinVariable = "GOMP_SPINCOUNT";
constexpr const char* kSpinRounds = "10000";

using Facts = std::vector<std::pair<std::string, std::string>>;

std::filesystem::path this_program() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<std::filesystem::path> find_training_program() {
  std::vector<std::filesystem::path> folders;
  if (const char* named = std::getenv(kFolderVariable); named != nullptr && *named != '\0') {
    folders.emplace_back(named);
  } else {
    const std::filesystem::path here = this_program().parent_path();
    folders = {here, here / SPINENET_LIBEXEC_FROM_BIN};
  }
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path program = folder / kName;
    if (::access(program.c_str(), X_OK) == 0) return program.lexically_normal();
  }
  return std::nullopt;
}

std::filesystem::path need_training_program(const std::string& wish) {
  if (auto program = find_training_program()) return *std::move(program);
  if (const char* named = std::getenv(kFolderVariable); named != nullptr && *named != '\0') {
    fail(ErrorKind::unsupported,
         fmt::format("training is not installed: {} is {}, where there is no {}", kFolderVariable, printable(named),
                     kName),
         wish, "name the folder of that program, or unset the variable");
  }
  fail(ErrorKind::unsupported, "training is not installed", wish,
       "install the package spinenet-train, or build with LibTorch (-DSPINENET_BUILD_TRAIN=ON)");
}

std::map<std::string, std::string> training_environment(const std::string& build_id) {
  std::map<std::string, std::string> environment{{kBuildVariable, build_id}};
  const bool user_says = std::getenv(kSpinVariable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr;
  if (!user_says) environment[kSpinVariable] = kSpinRounds;
  return environment;
}

void become_training_program(const Invocation& invocation, const std::string& wish) {
  const std::filesystem::path program = need_training_program(wish);
  for (const auto& [name, value] : training_environment(invocation.build_id)) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : invocation.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execv(program.c_str(), arguments.data());
  fail(ErrorKind::io, fmt::format("cannot be started: {}", std::strerror(errno)), program.string());
}

runtime::DeviceForward device_by_training_program(const Invocation& invocation) {
  return [&invocation](const graph::Program&, const Weights&, int, const std::string& device) -> graph::Forward {
    if (device != "auto" && device != "cuda" && !device.starts_with("cuda:")) {
      fail(ErrorKind::usage, fmt::format("unknown device \"{}\"", device), "", "use cpu, cuda, cuda:N or auto");
    }
    if (device == "auto" && !runtime::gpu_driver_sees_device()) return {};
    if (device == "auto" && !find_training_program()) {
      log_info("there is a GPU here, and spinenet-train, which would use it, is not installed: using the processor");
      return {};
    }
    become_training_program(invocation, fmt::format("device {}", device));
  };
}

void check_build_of_caller(std::string_view own) {
  const char* caller = std::getenv(kBuildVariable);
  if (caller == nullptr || caller == own) return;
  fail(ErrorKind::usage, fmt::format("is of build {}, and spinenet, which started it, of build {}", own, caller),
       this_program().string(), "install both programs from one release, or build both again");
}

Facts training_facts(const Invocation& invocation) {
  if (invocation.training) return invocation.training->facts();
  const auto program = find_training_program();
  if (!program) return {{"libtorch", "not installed: no training, and no GPU (package spinenet-train)"}};
  search::ProcessOptions options;
  options.arguments = {program->string(), "checks", "--training"};
  options.environment = training_environment(invocation.build_id);
  const search::ProcessResult result = search::run_process(options);
  if (result.end != search::ProcessEnd::exited || result.status != 0) {
    return {{"libtorch", fmt::format("{} does not start: {}", program->string(), first_line(result.errors))}};
  }
  Facts facts{{"training program", program->string()}};
  const Json told = parse_json(result.output, program->string());
  for (const auto& [name, value] : told.items()) {
    facts.emplace_back(name, value.get<std::string>());
  }
  return facts;
}

}  // namespace spinenet::cli
