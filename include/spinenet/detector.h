// What is in an image: a model file opened once, and any number of detectors that share its weights.
//
//   spinenet::api::Detector detector(spinenet::api::Model("best.safetensors"));
//   for (const auto& object : detector.detect_file("photo.jpg").objects) use(object.class_name, object.box);
//
// A model of any task is opened in the same way: a Prediction has objects where the model detects or segments, class
// scores where it classifies. Everything runs on the CPU.
//
// Every function throws Error (error.h), whose message names the file, the place and the remedy, or std::bad_alloc when
// memory runs out. A file that is cut or foreign, whose checksum does not fit (files of spinenet
// have one, others may lack it), or that holds weights which are not numbers, is refused when it is opened.
//
// Thread contract: a Model does not change and may be used by several threads. A Detector answers one call after the
// other: give each thread its own on the same Model. The thread budget is the one thing that a process has once: all
// its detectors together never compute with more threads than that; who comes when none is left waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <spinenet/error.h>

namespace spinenet::api {

struct LoadedModel;
struct DetectorSession;

// Threads that may compute at once in this process, all detectors together: the processors that it may use, unless said
// otherwise, 1 to 1024, before the first model is opened.
int thread_budget();
void set_thread_budget(int threads);

struct Class {
  int64_t id = 0;  // as in the annotations that the model was trained on
  std::string name;
};

// How the engine computes each convolution: by rule, the same bits for the same instruction set and number format, on
// every machine; or by measure, the fastest on this one, which takes seconds once and is then kept in the user's cache
// ($XDG_CACHE_HOME/spinenet/choices.json). Scores then differ in their last digits.
enum class Choose { rule, measure };

// The number format that convolutions compute in. bf16: floats rounded to 16 bits, where the processor has instructions
// for them (ErrorKind::unsupported elsewhere). int8: 8-bit integers, of a model that `spinenet calibrate` wrote
// (ErrorKind::usage for another). automatic: the fastest on this processor of those whose answers `spinenet calibrate`
// found near enough to fp32's, measured when the model is opened; fp32 of a model that it did not write.
enum class Precision { fp32, bf16, int8, automatic };

struct ModelOptions {
  int image_size = 0;  // the longer side of an image is scaled to it; 0: the model's own
  int threads = 0;     // for one image; 0: the whole budget
  Choose choose = Choose::rule;
  Precision precision = Precision::fp32;
};

class Model {
 public:
  explicit Model(const std::string& path, const ModelOptions& options = {});
  // The bytes of a model file in the caller's memory, which are no longer needed afterwards. Errors call it `name`.
  explicit Model(std::span<const std::byte> file, const ModelOptions& options = {}, const std::string& name = "model");

  const std::string& task() const;  // "detect", "segment" or "classify"
  const std::vector<Class>& classes() const;
  int image_size() const;
  int threads() const;

 private:
  friend class Detector;
  std::shared_ptr<const LoadedModel> loaded_;
};

enum class PixelFormat { rgb, bgr, gray };

// An image in the caller's memory, 8 bits a sample, rows from the top.
struct Pixels {
  const uint8_t* data = nullptr;
  int height = 0, width = 0;
  int64_t stride = 0;  // bytes from row to row, height * stride below 2^40; 0: rows follow each other without a gap
  PixelFormat format = PixelFormat::rgb;
};

// Pixels of the image.
struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

// A mask of the whole image as COCO's runs: of 0 and 1 in turn, column by column, beginning with 0s.
struct Mask {
  int height = 0, width = 0;
  std::vector<uint32_t> counts;  // empty: the model gives no masks
};

// height * width bytes, 0 or 1, row by row.
std::vector<uint8_t> unpack(const Mask& mask);

struct Object {
  Box box;
  int label = 0;  // index into Model::classes()
  int64_t class_id = 0;
  std::string class_name;
  float score = 0;
  Mask mask;
};

struct ClassScore {
  int label = 0;
  int64_t class_id = 0;
  std::string class_name;
  float score = 0;
};

struct Prediction {
  int height = 0, width = 0;        // of the image, upright
  std::vector<Object> objects;      // best first
  std::vector<ClassScore> classes;  // of a classifier: all of them, best first; the scores sum to one
};
using Answer = Prediction;  // its name up to 0.2

struct DetectorOptions {
  float score_threshold = 0.3F;  // of objects
  float iou = 0.5F;              // boxes of a class that overlap more are one object
  int max_objects = 100;
};

// One that was moved from may only be destroyed or assigned to.
class Detector {
 public:
  explicit Detector(const Model& model, const DetectorOptions& options = {});
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;
  ~Detector();

  Prediction detect(const Pixels& image);
  std::vector<Prediction> detect(std::span<const Pixels> images);
  // JPEG, PNG, WebP, TIFF or BMP; the orientation that the file gives is applied.
  Prediction detect_file(const std::string& path);
  Prediction detect_encoded(std::span<const std::byte> file);

 private:
  std::unique_ptr<DetectorSession> session_;
};

}  // namespace spinenet::api
