#include "runtime/random_images.h"

#include "base/random.h"

namespace spinenet::runtime {

HostTensor random_images(const graph::Program& program, int count) {
  const graph::Shape& shape = program.values.front();
  HostTensor images = make_tensor({count, shape.channels, shape.height, shape.width});
  Random random(1);
  for (float& x : images.data) x = static_cast<float>(random.uniform(-2, 2));
  return images;
}

}  // namespace spinenet::runtime
