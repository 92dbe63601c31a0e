#include "runtime/input.h"

#include "image/resize.h"

namespace spinenet::runtime {

NetworkInput make_input(std::span<const image::Image> images, const InputShape& shape,
                        const image::Normalization& normalization) {
  const size_t part = size_t{3} * static_cast<size_t>(shape.side) * static_cast<size_t>(shape.side);
  NetworkInput input;
  input.pixels = make_tensor({static_cast<int64_t>(images.size()), 3, shape.side, shape.side});
  for (size_t i = 0; i < images.size(); ++i) {
    const detect::Letterbox l =
        detect::fit_letterbox(images[i].height, images[i].width, shape.image_size, shape.image_size, shape.fit);
    const image::Image canvas =
        image::on_canvas(image::resize(images[i], l.inner_height, l.inner_width), shape.side, shape.side);
    image::normalize(canvas, normalization, std::span(input.pixels.data).subspan(i * part, part));
    input.letterboxes.push_back(l);
  }
  return input;
}

}  // namespace spinenet::runtime
