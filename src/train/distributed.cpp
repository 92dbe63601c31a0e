#include "train/distributed.h"

#include <chrono>
#include <cstdlib>

#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "base/error.h"
#include "base/format.h"

namespace spinenet::train {
namespace {

constexpr std::chrono::milliseconds kTimeout = std::chrono::minutes(30);
constexpr std::chrono::milliseconds kJoinTimeout = std::chrono::minutes(2);

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

[[noreturn]] void lost_peer(const ProcessPlace& place, const char* what) {
  fail(ErrorKind::failed, fmt::format("another process was lost: {}", what),
       fmt::format("process {} of {}", place.rank, place.world), "see its log, then start all again with --resume");
}

}  // namespace

ProcessPlace process_place() {
  ProcessPlace place;
  place.world = whole_number("WORLD_SIZE", 1);
  place.rank = whole_number("RANK", 0);
  place.local_rank = whole_number("LOCAL_RANK", 0);
  place.master_port = whole_number("MASTER_PORT", place.master_port);
  if (const char* address = std::getenv("MASTER_ADDR")) place.master_address = address;
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
  return place;
}

#ifdef USE_C10D_GLOO

struct Communicator::Group {
  c10::intrusive_ptr<c10d::TCPStore> store;
#ifdef USE_C10D_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

namespace {

c10::intrusive_ptr<c10d::ProcessGroupGloo> join_gloo(const c10::intrusive_ptr<c10d::TCPStore>& store,
                                                     const ProcessPlace& place) {
  auto options = c10d::ProcessGroupGloo::Options::create();
  options->timeout = kTimeout;
  options->devices.push_back(place.master_address == "127.0.0.1" || place.master_address == "localhost"
                                 ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                 : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.world, options);
}

}  // namespace

Communicator::Communicator(const ProcessPlace& place, torch::Device device) : place_(place) {
  if (place.world == 1) return;
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(place.master_port);
    options.isServer = place.rank == 0;
    options.numWorkers = static_cast<size_t>(place.world);
    options.timeout = kJoinTimeout;
    group_ = std::make_unique<Group>();
    group_->store = c10::make_intrusive<c10d::TCPStore>(place.master_address, options);
    group_->gloo = join_gloo(group_->store, place);
#ifdef USE_C10D_NCCL
    if (device.is_cuda()) {
      group_->nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(group_->store, place.rank, place.world);
    }
#else
    (void)device;
#endif
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(ErrorKind::failed, fmt::format("cannot join the other processes: {}", error.what()),
         fmt::format("process {} of {}", place.rank, place.world),
         "check MASTER_ADDR, MASTER_PORT and that all are started");
  }
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
    group_->gloo->allreduce(tensors)->wait();
  } catch (const std::exception& error) {
    lost_peer(place_, error.what());
  }
}

void Communicator::broadcast(torch::Tensor& tensor) {
  if (place_.world == 1) return;
  try {
    std::vector<torch::Tensor> tensors{tensor};
    group_->gloo->broadcast(tensors)->wait();
  } catch (const std::exception& error) {
    lost_peer(place_, error.what());
  }
}

#else

struct Communicator::Group {};

Communicator::Communicator(const ProcessPlace& place, torch::Device) : place_(place) {
  if (place.world > 1) {
    fail(ErrorKind::unsupported, "this build has no process groups", fmt::format("WORLD_SIZE {}", place.world),
         "build with the headers of Gloo, or start one process");
  }
}
void Communicator::all_reduce(torch::Tensor&) {}
void Communicator::broadcast(torch::Tensor&) {}

#endif

Communicator::~Communicator() = default;

}  // namespace spinenet::train
