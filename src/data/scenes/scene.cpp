#include "data/scenes/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/scenes/garment.h"
#include "detect/box.h"

namespace spinenet::data {
namespace {

constexpr int kPlacingTries = 40;
constexpr int kMinSide = 5;  // pixels of a visible part's box

int draw(IntRange range, Random& random) {
  return range.low + static_cast<int>(random.below(range.high - range.low + 1));
}

// So far between the two that equal steps are equal ratios.
double log_between(double low, double high, double share) {
  return low * std::exp(share * std::log(high / low));
}

double log_uniform(double low, double high, Random& random) {
  return log_between(low, high, random.uniform());
}

double draw_size(const std::vector<double>& sizes, Random& random) {
  const double place = random.uniform() * static_cast<double>(sizes.size() - 1);
  const auto part = std::min(static_cast<size_t>(place), sizes.size() - 2);
  return log_between(sizes[part], sizes[part + 1], place - static_cast<double>(part));
}

Cutout draw_garment(const SceneStyle& style, const Wardrobe& wardrobe, double size, Random& random) {
  const int label = style.classes[static_cast<size_t>(random.below(static_cast<int64_t>(style.classes.size())))];
  const std::vector<int64_t>& choices = wardrobe.of_class[static_cast<size_t>(label)];
  const int64_t index = choices[static_cast<size_t>(random.below(static_cast<int64_t>(choices.size())))];
  GarmentLook look;
  look.label = label;
  look.size = size;
  look.rotation = random.uniform(-style.max_rotation, style.max_rotation);
  look.mirrored = random.chance(0.5);
  const double hue = random.uniform();
  const double saturation = random.uniform(style.min_tint, 0.95);
  look.tint = hsv(hue, saturation, random.uniform(0.55, 1));
  return render_garment(wardrobe.photos.image(index), look, random);
}

detect::Box box_of(const Cutout& c) {
  return {static_cast<float>(c.left), static_cast<float>(c.top), static_cast<float>(c.left + c.color.width),
          static_cast<float>(c.top + c.color.height)};
}

// The larger of the shares that two boxes have of each other.
float shared(const detect::Box& a, const detect::Box& b) {
  const float w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  return w <= 0 || h <= 0 ? 0 : w * h / std::min(a.area(), b.area());
}

// Moves the cutout to a random place that keeps the style's limits; false when none was found.
bool place(Cutout& cutout, const std::vector<Cutout>& others, const SceneStyle& style, int size, Random& random) {
  const int out_y = static_cast<int>(cutout.color.height * style.max_outside);
  const int out_x = static_cast<int>(cutout.color.width * style.max_outside);
  const int room_y = size - cutout.color.height + 2 * out_y;
  const int room_x = size - cutout.color.width + 2 * out_x;
  if (room_y < 0 || room_x < 0) return false;
  for (int attempt = 0; attempt < kPlacingTries; ++attempt) {
    cutout.top = static_cast<int>(random.below(room_y + 1)) - out_y;
    cutout.left = static_cast<int>(random.below(room_x + 1)) - out_x;
    const detect::Box box = box_of(cutout);
    const bool free = std::ranges::none_of(others, [&](const Cutout& other) {
      return other.label >= 0 && shared(box, box_of(other)) > static_cast<float>(style.max_overlap);
    });
    if (free) return true;
  }
  return false;
}

void drop_anywhere(Cutout& cutout, int size, Random& random) {
  cutout.top = static_cast<int>(random.below(size)) - cutout.color.height / 2;
  cutout.left = static_cast<int>(random.below(size)) - cutout.color.width / 2;
}

// Objects and occluders in painting order. Larger objects are placed first, or they would find no room.
std::vector<Cutout> plan_layers(const SceneStyle& style, const Wardrobe& wardrobe, int size, Random& random) {
  std::vector<double> sizes(static_cast<size_t>(draw(style.objects, random)));
  for (double& s : sizes) s = draw_size(style.sizes, random);
  std::ranges::sort(sizes, std::greater());
  std::vector<Cutout> layers;
  for (const double s : sizes) {
    Cutout garment = draw_garment(style, wardrobe, s, random);
    if (place(garment, layers, style, size, random)) layers.push_back(std::move(garment));
  }
  const int occluders = draw(style.occluders, random);
  for (int i = 0; i < occluders; ++i) {
    Cutout shape = render_shape(log_uniform(size * 0.05, size * 0.4, random), random);
    drop_anywhere(shape, size, random);
    layers.push_back(std::move(shape));
  }
  random.shuffle(std::span(layers));
  return layers;
}

struct Visible {
  int64_t total = 0, shown = 0;  // pixels
  int y1 = 0, x1 = 0, y2 = 0, x2 = 0;

  double share() const { return total == 0 ? 0 : static_cast<double>(shown) / static_cast<double>(total); }
  bool too_small() const { return y2 - y1 < kMinSide || x2 - x1 < kMinSide; }
};

// For each pixel of the scene the topmost layer that covers it, -1 for the ground.
std::vector<int> topmost(const std::vector<Cutout>& layers, int size) {
  std::vector<int> owner(static_cast<size_t>(size) * size, -1);
  for (size_t i = 0; i < layers.size(); ++i) {
    const Cutout& c = layers[i];
    for (int y = std::max(0, -c.top); y < std::min(c.color.height, size - c.top); ++y) {
      for (int x = std::max(0, -c.left); x < std::min(c.color.width, size - c.left); ++x) {
        if (c.solid(y, x)) owner[static_cast<size_t>(y + c.top) * size + x + c.left] = static_cast<int>(i);
      }
    }
  }
  return owner;
}

std::vector<Visible> visible_parts(const std::vector<Cutout>& layers, const std::vector<int>& owner, int size) {
  std::vector<Visible> parts(layers.size(), {.y1 = size, .x1 = size});
  for (size_t i = 0; i < layers.size(); ++i) {
    parts[i].total = std::ranges::count_if(layers[i].alpha, [](uint8_t a) { return a >= 128; });
  }
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const int i = owner[static_cast<size_t>(y) * size + x];
      if (i < 0) continue;
      Visible& v = parts[static_cast<size_t>(i)];
      v = {v.total, v.shown + 1, std::min(v.y1, y), std::min(v.x1, x), std::max(v.y2, y + 1), std::max(v.x2, x + 1)};
    }
  }
  return parts;
}

// Takes away, the worst first, the objects that are too much hidden; taking one away may bring another back.
void drop_hidden(std::vector<Cutout>& layers, double min_visible, int size) {
  while (true) {
    const std::vector<Visible> parts = visible_parts(layers, topmost(layers, size), size);
    size_t worst = layers.size();
    for (size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].label < 0 || (parts[i].share() >= min_visible && !parts[i].too_small())) continue;
      if (worst == layers.size() || parts[i].share() < parts[worst].share()) worst = i;
    }
    if (worst == layers.size()) return;
    layers.erase(layers.begin() + static_cast<std::ptrdiff_t>(worst));
  }
}

std::vector<SceneObject> describe_objects(const std::vector<Cutout>& layers, int size) {
  const std::vector<int> owner = topmost(layers, size);
  const std::vector<Visible> parts = visible_parts(layers, owner, size);
  std::vector<SceneObject> objects;
  std::vector<uint8_t> mask(owner.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].label < 0) continue;
    std::ranges::transform(owner, mask.begin(), [&](int o) { return static_cast<uint8_t>(o == static_cast<int>(i)); });
    const Visible& v = parts[i];
    objects.push_back({layers[i].label,
                       detect::encode_mask(mask, size, size),
                       v.shown,
                       {static_cast<double>(v.x1), static_cast<double>(v.y1), static_cast<double>(v.x2 - v.x1),
                        static_cast<double>(v.y2 - v.y1)}});
  }
  return objects;
}

void lay_distractors(const SceneStyle& style, const Wardrobe& wardrobe, image::Image& scene, Random& random) {
  const int size = scene.height;
  const int shapes = draw(style.shapes, random);
  for (int i = 0; i < shapes; ++i) {
    Cutout shape = render_shape(log_uniform(size * 0.04, size * 0.7, random), random);
    drop_anywhere(shape, size, random);
    lay(shape, scene);
  }
  const int fragments = draw(style.fragments, random);
  for (int i = 0; i < fragments; ++i) {
    Cutout piece = tear_fragment(draw_garment(style, wardrobe, log_uniform(24, size * 0.6, random), random), random);
    drop_anywhere(piece, size, random);
    lay(piece, scene);
  }
}

}  // namespace

Wardrobe make_wardrobe(FashionMnist photos) {
  Wardrobe wardrobe;
  for (int64_t i = 0; i < photos.size(); ++i) wardrobe.of_class[photos.labels[static_cast<size_t>(i)]].push_back(i);
  wardrobe.photos = std::move(photos);
  return wardrobe;
}

Scene compose_scene(const SceneStyle& style, const Wardrobe& wardrobe, int size, Random random) {
  Scene scene;
  scene.image = paint_ground(size, size, style.ground, random);
  lay_distractors(style, wardrobe, scene.image, random);
  std::vector<Cutout> layers = plan_layers(style, wardrobe, size, random);
  drop_hidden(layers, style.min_visible, size);
  for (const Cutout& layer : layers) lay(layer, scene.image);
  scene.objects = describe_objects(layers, size);
  return scene;
}

}  // namespace spinenet::data
