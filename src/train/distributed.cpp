#include "train/distributed.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "base/error.h"
#include "base/format.h"
#include "base/stop_signal.h"

namespace spinenet::train {
namespace {

constexpr std::chrono::milliseconds kStopPatience = std::chrono::seconds(20);
constexpr std::chrono::milliseconds kBetweenLooks(100);  // at the signal

int whole_number(const char* name, int fallback) {
  const char* text = std::getenv(name);
  if (text == nullptr) return fallback;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 0 || value > 1'000'000) {
    fail(ErrorKind::usage, fmt::format("is \"{}\"", text), fmt::format("environment variable {}", name),
         "set it to an integer");
  }
  return static_cast<int>(value);
}

bool is_this_machine(const std::string& address) {
  return address == "127.0.0.1" || address == "localhost";
}

}  // namespace

ProcessPlace process_place() {
  ProcessPlace place;
  place.world = whole_number("WORLD_SIZE", 1);
  place.rank = whole_number("RANK", 0);
  place.local_rank = whole_number("LOCAL_RANK", 0);
  place.master_port = whole_number("MASTER_PORT", place.master_port);
  if (const char* address = std::getenv("MASTER_ADDR")) place.master_address = address;
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) place.interface = interface;
  const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  if (agent != nullptr && std::string_view(agent) == "True") {
    place.agent_prefix = fmt::format("/worker/attempt_{}", whole_number("TORCHELASTIC_RESTART_COUNT", 0));
  }
  // Who starts the processes by hand has one on each machine, or all on this one.
  place.local_world =
      whole_number("LOCAL_WORLD_SIZE", is_this_machine(place.master_address) ? place.world : place.local_rank + 1);
  if (place.master_port < 1 || place.master_port > 65535) {
    fail(ErrorKind::usage, fmt::format("is {}", place.master_port), "environment variable MASTER_PORT",
         "use 1 to 65535");
  }
  if (place.world > 1 && std::getenv("RANK") == nullptr) {
    fail(ErrorKind::usage, fmt::format("WORLD_SIZE is {} but RANK is not set", place.world), "environment");
  }
  if (place.world < 1 || place.rank >= place.world) {
    fail(ErrorKind::usage, fmt::format("RANK {} does not fit WORLD_SIZE {}", place.rank, place.world), "environment");
  }
  if (place.local_world < 1 || place.local_world > place.world || place.local_rank >= place.local_world) {
    fail(ErrorKind::usage,
         fmt::format("LOCAL_RANK {} and LOCAL_WORLD_SIZE {} do not fit WORLD_SIZE {}", place.local_rank,
                     place.local_world, place.world),
         "environment");
  }
  return place;
}

#ifdef USE_C10D_GLOO

struct Communicator::Group {
  c10::intrusive_ptr<c10d::Store> store;
#ifdef USE_C10D_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

namespace {

// Gloo writes to connections that may have been closed: the signal of that would end the process before it could tell
// which peer was lost. The program ignores it anyway; this is for others that use the library. A handler that the
// process has set is left to it.
void outlive_closed_connections() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) std::signal(SIGPIPE, SIG_IGN);
}

// Where the processes meet: process 0 keeps the store, or torchrun's agent does, which has one prefix for each start.
c10::intrusive_ptr<c10d::Store> join_store(const ProcessPlace& place) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(place.master_port);
  options.isServer = place.rank == 0 && place.agent_prefix.empty();
  options.numWorkers = static_cast<size_t>(place.world);
  options.timeout = place.join_timeout;
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(place.master_address, options);
  if (place.agent_prefix.empty()) return store;
  return c10::make_intrusive<c10d::PrefixStore>(place.agent_prefix, store);
}

c10::intrusive_ptr<c10d::ProcessGroupGloo> join_gloo(const c10::intrusive_ptr<c10d::Store>& store,
                                                     const ProcessPlace& place) {
  auto options = c10d::ProcessGroupGloo::Options::create();
  options->timeout = place.step_timeout;
  options->devices.push_back(
      !place.interface.empty()                ? c10d::ProcessGroupGloo::createDeviceForInterface(place.interface)
      : is_this_machine(place.master_address) ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                              : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.world, options);
}

}  // namespace

std::unique_ptr<Communicator::Group> Communicator::join(const ProcessPlace& place, torch::Device device) {
  auto group = std::make_unique<Group>();
  group->store = join_store(place);
  group->gloo = join_gloo(group->store, place);
#ifdef USE_C10D_NCCL
  if (device.is_cuda()) {
    group->nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(group->store, place.rank, place.world);
  }
#else
  (void)device;
#endif
  return group;
}

// LibTorch waits for the others where nothing can end it: on a thread that is left to itself when a signal comes.
std::unique_ptr<Communicator::Group> Communicator::join_unless_stopped(torch::Device device) const {
  std::promise<std::unique_ptr<Group>> promise;
  std::future<std::unique_ptr<Group>> joined = promise.get_future();
  std::thread([place = place_, device, promise = std::move(promise)]() mutable {
    try {
      promise.set_value(join(place, device));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  while (joined.wait_for(kBetweenLooks) != std::future_status::ready) {
    if (asked_to_stop()) end_for_signal("asked to stop while it waited for the other processes to come", name());
  }
  return joined.get();
}

Communicator::Communicator(const ProcessPlace& place, torch::Device device, const std::atomic<int>* stop_signal)
    : place_(place), stop_signal_(stop_signal) {
  if (place.world == 1) return;
  outlive_closed_connections();
  try {
    group_ = join_unless_stopped(device);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(ErrorKind::failed, fmt::format("cannot join the other processes: {}", error.what()), name(),
         "check MASTER_ADDR, MASTER_PORT and that all are started");
  }
}

// The group of an operation that is still under way would wait for its end.
Communicator::~Communicator() {
  if (abandoned_) static_cast<void>(group_.release());
}

std::string Communicator::name() const {
  return fmt::format("process {} of {}", place_.rank, place_.world);
}

void Communicator::lose_peer(const char* what) {
  broken_ = true;
  fail(ErrorKind::failed, fmt::format("another process was lost: {}", what), name(),
       "see its log, then start all again with --resume");
}

// Waits for a collective operation, whose timeout is its own.
template <class Work>
void Communicator::finish(Work& work) {
  const auto has_ended = [&] {
    try {
      work.wait(kBetweenLooks);
    } catch (const std::exception&) {
      return work.isCompleted();  // else it was the time that ended
    }
    return true;
  };
  std::optional<std::chrono::steady_clock::time_point> asked;
  while (!has_ended()) {
    if (!asked_to_stop()) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!asked) asked = now;
    if (now - *asked < kStopPatience) continue;
    broken_ = abandoned_ = true;
    end_for_signal("asked to stop, but another process does not come to the end of the step", name());
  }
  work.wait();
}

void Communicator::all_reduce(torch::Tensor& tensor) {
  if (place_.world == 1) return;
  try {
    std::vector<torch::Tensor> tensors{tensor};
#ifdef USE_C10D_NCCL
    if (tensor.is_cuda()) {
      group_->nccl->allreduce(tensors)->wait();
      return;
    }
#endif
    const auto work = group_->gloo->allreduce(tensors);
    finish(*work);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    lose_peer(error.what());
  }
}

void Communicator::broadcast(torch::Tensor& tensor) {
  if (place_.world == 1) return;
  try {
    std::vector<torch::Tensor> tensors{tensor};
    const auto work = group_->gloo->broadcast(tensors);
    finish(*work);
  } catch (const Stopped&) {
    throw;
  } catch (const std::exception& error) {
    lose_peer(error.what());
  }
}

#else

struct Communicator::Group {};

Communicator::Communicator(const ProcessPlace& place, torch::Device, const std::atomic<int>* stop_signal)
    : place_(place), stop_signal_(stop_signal) {
  if (place.world > 1) {
    fail(ErrorKind::unsupported, "this build has no process groups", fmt::format("WORLD_SIZE {}", place.world),
         "build with the headers of Gloo, or start one process");
  }
}
Communicator::~Communicator() = default;
void Communicator::all_reduce(torch::Tensor&) {}
void Communicator::broadcast(torch::Tensor&) {}

#endif

}  // namespace spinenet::train
