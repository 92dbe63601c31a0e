#include <iostream>
#include <stdexcept>

#include <spinenet/spinenet.h>

int main() {
  const auto found = spinenet::api::describe("spinenet-49", 640, 91);
  std::cout << found.architecture << ' ' << found.parameters << ' ' << found.multiply_adds << '\n';
  try {
    spinenet::api::describe("spinenet-50", 640, 91);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << '\n';
    return found.parameters / 10'000 == 2854 ? 0 : 1;
  }
  return 1;
}
