// spinenet-train, the program with LibTorch, as `spinenet` finds and starts it.
//
// It is looked for in the folder that SPINENET_LIBEXEC names, or else beside this program (a build tree) and in
// libexec/spinenet of this program's prefix (an install). The environment carries this program's build id, so that one
// of another build refuses.
// Thread contract: the main thread alone.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"

namespace spinenet::cli {

// In the environment of spinenet-train: the build id of the program that started it.
constexpr const char* kBuildVariable = "SPINENET_BUILD_ID";

std::optional<std::filesystem::path> find_training_program();
// ErrorKind::unsupported when training is not installed; `wish` is what needs it, for the message.
std::filesystem::path need_training_program(const std::string& wish);

// What the environment of spinenet-train has beside this process's own: the build id, and, where the user has not said
// it, how the threads of LibTorch wait for each other. These libraries read it when they are loaded.
std::map<std::string, std::string> training_environment(const std::string& build_id);

// Goes on as spinenet-train with the same arguments, in this process: the same terminal, signals and exit status.
// ErrorKind::unsupported when it is not installed.
[[noreturn]] void become_training_program(const Invocation& invocation, const std::string& wish);

// The other devices of `spinenet`: becomes spinenet-train as soon as a network is to be made ready on one, before the
// verb has read or written anything. For auto only where there is a GPU and spinenet-train is installed.
runtime::DeviceForward device_by_training_program(const Invocation& invocation);

// For spinenet-train: ErrorKind::usage when a program of another build started this one.
void check_build_of_caller(std::string_view own);

// What `spinenet checks` tells of training.
std::vector<std::pair<std::string, std::string>> training_facts(const Invocation& invocation);

}  // namespace spinenet::cli
