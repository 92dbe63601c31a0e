// Images to the square a network learns from, and to the square it is measured on.
//
// Training (the scheme of RetinaNet and SpineNet on TPUs): mirrored with a chance, the longer side scaled to size *
// U(scale_min, scale_max), a random window of size x size cut from it, the rest padded at the bottom and on the right
// with the mean colour; colours jittered. Evaluation: the longer side scaled to fit, padded in the same way.
//
// Invariant: boxes are mapped by the true ratio of pixels, per axis, so they stay on their objects to the last pixel.
// Masks keep their own pixels; the way from there to the input is theirs to carry, and as exact.
// Thread contract: pure functions; the same Random gives the same sample.
// Source: Du et al. 2020 (SpineNet), section 5 and its published TPU configuration.
#pragma once

#include "base/fields.h"
#include "base/random.h"
#include "data/loading/dataset.h"
#include "detect/letterbox.h"

namespace spinenet::data {

struct AugmentOptions {
  double flip = 0.5;                        // chance of mirroring
  double scale_min = 0.5, scale_max = 2.0;  // of the longer side, in input sizes
  double min_box = 1.0;                     // boxes with a shorter side than this, in pixels of the input, are dropped
  double min_kept = 0.1;                    // boxes of which less than this share stays in the window are dropped
  // Jitter: a factor in [max(0, 1 - v), 1 + v]; for the hue a shift in [-v, v] turns.
  double brightness = 0, contrast = 0, saturation = 0, hue = 0;
  // Of the whole input: turned and sheared by up to so many degrees; the chance of a rectangle that is erased.
  double rotate = 0, shear = 0, erase = 0;
  // Chances of inputs that are made of several images (mix.h), and the epochs at the end without these.
  double mosaic = 0, mixup = 0, copy_paste = 0;
  int close_epochs = 10;

  bool mixes() const { return mosaic > 0 || mixup > 0 || copy_paste > 0; }
  bool turns() const { return rotate > 0 || shear > 0; }
};

void fields(FieldList& list, AugmentOptions& options);

// ErrorKind::usage unless 0 < scale_min <= scale_max.
void check(const AugmentOptions& options);

// Crowd boxes are kept as long as any of them is in the window. size > 0.
LabelledImage augment(LabelledImage sample, const AugmentOptions& options, int size, Random& random);

// Only a part of an input: `scale_size` is the size that the longer side is scaled by.
struct InputPart {
  int height = 0, width = 0, scale_size = 0;
};
LabelledImage augment_part(LabelledImage sample, const AugmentOptions& options, const InputPart& part, Random& random);

// Whether a box of which `now` is left is still learned from, which was `whole`.
bool is_kept(const Target& now, const detect::Box& whole, const AugmentOptions& options);

// Brightness, contrast, saturation and hue.
void jitter(image::Image& image, const AugmentOptions& options, Random& random);

struct Letterboxed {
  image::Image image;  // height x width as asked for
  detect::Letterbox letterbox;
};
Letterboxed letterbox(const image::Image& image, int height, int width);

}  // namespace spinenet::data
