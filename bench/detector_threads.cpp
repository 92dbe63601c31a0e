// How many images a second threads of C++ compute with one model, one thread for each image: the peer of
// bench/python_threads.py.
//   detector_threads MODEL THREADS SECONDS
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <spinenet/detector.h>

#include "base/format.h"

int main(int argc, char** argv) {
  using namespace spinenet;
  using Clock = std::chrono::steady_clock;
  if (argc != 4) {
    fmt::print(stderr, "usage: detector_threads MODEL THREADS SECONDS\n");
    return 2;
  }
  const api::Model model(argv[1], {.threads = 1});
  constexpr int kHeight = 480, kWidth = 640;
  const std::vector<uint8_t> pixels(size_t{3} * kHeight * kWidth, 120);
  const auto length = std::chrono::duration<double>(std::stod(argv[3]));
  std::atomic<int> ready{0};
  std::atomic<int64_t> images{0};
  std::atomic<bool> begin{false};
  Clock::time_point end;
  std::vector<std::thread> threads;
  for (int t = 0; t < std::stoi(argv[2]); ++t) {
    threads.emplace_back([&] {
      api::Detector detector(model);
      detector.detect(api::Pixels{pixels.data(), kHeight, kWidth});
      ++ready;
      while (!begin) std::this_thread::yield();
      while (Clock::now() < end) {
        detector.detect(api::Pixels{pixels.data(), kHeight, kWidth});
        ++images;
      }
    });
  }
  while (ready < static_cast<int>(threads.size())) std::this_thread::yield();
  const Clock::time_point start = Clock::now();
  end = start + std::chrono::duration_cast<Clock::duration>(length);
  begin = true;
  for (std::thread& thread : threads) thread.join();
  fmt::print("{:.3f}\n", static_cast<double>(images) / std::chrono::duration<double>(Clock::now() - start).count());
  return 0;
}
