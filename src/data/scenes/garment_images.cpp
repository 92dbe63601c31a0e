#include "data/scenes/garment_images.h"

#include <algorithm>

namespace spinenet::data {

LabelledImage GarmentImages::get(int64_t index) const {
  LabelledImage sample;
  sample.image_id = index + 1;
  sample.label = garments_.labels[static_cast<size_t>(index)];
  sample.image = image::make_image(kGarmentSize, kGarmentSize);
  uint8_t* out = sample.image.pixels.data();
  for (const uint8_t grey : garments_.image(index)) out = std::fill_n(out, 3, grey);
  return sample;
}

std::vector<detect::Category> GarmentImages::classes() {
  std::vector<detect::Category> classes;
  for (const std::string_view name : kGarmentNames) {
    classes.push_back({static_cast<int64_t>(classes.size()), std::string(name), ""});
  }
  return classes;
}

}  // namespace spinenet::data
