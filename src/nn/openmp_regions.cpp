// LibTorch's parallel regions, shared as share_work.h says.
//
// LibTorch divides an operation into as many parts as it has threads and calls libgomp's GOMP_parallel, whose threads
// meet at the end: whoever is done waits for one that has lost its processor, a thousand times in a step of training.
// The functions here stand before libgomp's, since those of the program are found first. They call the code of a region
// once for each part, on whichever thread is free, and tell it the number of its part as that of its thread: the parts
// and what they give are the same.
//
// Only regions of LibTorch's own library are shared, and of this program, which have no barriers: parts of a region
// with barriers must run at the same time. oneDNN's have; they and all others go to libgomp. Nothing stands before
// libgomp where LibTorch's library holds such regions itself (cmake/SpinenetOpenMP.cmake).
#include "nn/openmp_regions.h"

#ifdef SPINENET_SHARE_OPENMP

#include <atomic>
#include <cstdint>
#include <string_view>

#include <dlfcn.h>

#include "nn/share_work.h"

namespace {

struct Part {
  int number = 0, count = 0;  // of the region that this thread is in; 0 parts: in none
};
thread_local Part part;

template <class Function>
Function libgomp(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

const void* base_of(const void* code) {
  Dl_info info{};
  return ::dladdr(code, &info) != 0 ? info.dli_fbase : nullptr;
}

bool is_libtorch(const void* code) {
  Dl_info info{};
  if (::dladdr(code, &info) == 0 || info.dli_fname == nullptr) return false;
  const std::string_view file = info.dli_fname;
  return file.substr(file.rfind('/') + 1).starts_with("libtorch_cpu.so");
}

// Whether the code belongs to LibTorch or this program. Remembered for each of the last codes, which are few: the
// address, with its lowest bit set where it does.
bool may_be_shared(void (*region)(void*)) {
  static std::atomic<uintptr_t> known[256];
  static const void* const own = base_of(reinterpret_cast<const void*>(&may_be_shared));
  const auto code = reinterpret_cast<uintptr_t>(region);
  std::atomic<uintptr_t>& place = known[(code >> 4) % 256];
  const uintptr_t last = place.load(std::memory_order_relaxed);
  if (code % 2 == 0 && (last == code || last == code + 1)) return last != code;
  const auto* start = reinterpret_cast<const void*>(region);
  const bool shared = base_of(start) == own || is_libtorch(start);
  place.store(shared ? code | 1 : code, std::memory_order_relaxed);
  return shared;
}

}  // namespace

extern "C" {

// Names and types are those of libgomp and of the OpenMP standard.
int omp_get_max_threads();

int omp_get_thread_num() {
  static const auto theirs = libgomp<int (*)()>("omp_get_thread_num");
  return part.count > 0 ? part.number : theirs();
}

int omp_get_num_threads() {
  static const auto theirs = libgomp<int (*)()>("omp_get_num_threads");
  return part.count > 0 ? part.count : theirs();
}

int omp_in_parallel() {
  static const auto theirs = libgomp<int (*)()>("omp_in_parallel");
  return part.count > 1 ? 1 : theirs();
}

void GOMP_parallel(void (*region)(void*), void* data, unsigned threads, unsigned flags) {
  static const auto theirs = libgomp<void (*)(void (*)(void*), void*, unsigned, unsigned)>("GOMP_parallel");
  if (!may_be_shared(region)) return theirs(region, data, threads, flags);
  // A region within a region has one part, as with libgomp unless nesting is switched on.
  const int count = part.count > 1 ? 1 : threads > 0 ? static_cast<int>(threads) : omp_get_max_threads();
  spinenet::nn::share_work(count, count, [&](int64_t number) {
    const Part before = part;
    part = {static_cast<int>(number), count};
    region(data);  // what it throws is kept within it
    part = before;
  });
}
}

bool spinenet::nn::shares_openmp_regions() {
  return true;
}

#else

bool spinenet::nn::shares_openmp_regions() {
  return false;
}

#endif
