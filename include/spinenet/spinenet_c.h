/* The C interface of spinenet: what is in an image (detector.h tells the same in C++).
 *
 *   spinenet_model *model;
 *   spinenet_detector *detector;
 *   spinenet_result *result;
 *   if (spinenet_model_open("best.safetensors", NULL, &model) != SPINENET_OK) puts(spinenet_last_error());
 *   ...
 *
 * Functions that can fail return a status and leave a message for spinenet_last_error(); what they hand out is NULL
 * then. Nothing is thrown across this border. What was opened or handed out is given back with the function of the same
 * name that ends in _free; each takes NULL. Pointers into a model or a result live as long as that. What is asked of a
 * NULL model or result is 0 or NULL.
 * Thread contract: a model may be used by several threads, and freed while its detectors live on. A detector answers
 * one call after the other: give each thread its own on the same model. */
#ifndef SPINENET_SPINENET_C_H
#define SPINENET_SPINENET_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum spinenet_status {
  SPINENET_OK = 0,
  SPINENET_USAGE = 1,       /* an argument makes no sense */
  SPINENET_BAD_DATA = 2,    /* a file is cut, foreign or of another kind, or its checksum does not fit */
  SPINENET_IO = 3,          /* the operating system refused: missing file, permission */
  SPINENET_UNSUPPORTED = 4, /* right in itself, but not in this version */
  SPINENET_FAILED = 5,      /* anything else */
  SPINENET_NO_MEMORY = 6
} spinenet_status;

/* Of the last call in this thread that failed; "" if none did. Valid until the next call in this thread. */
const char* spinenet_last_error(void);
/* "0.3.0" */
const char* spinenet_version(void);

/* Threads that may compute at once in this process, all detectors together: the processors that it may use, unless set
 * before the first model is opened: 1 to 1024. */
spinenet_status spinenet_set_thread_budget(int threads);

typedef struct spinenet_model spinenet_model;
typedef struct spinenet_detector spinenet_detector;
typedef struct spinenet_result spinenet_result;

/* detector.h tells what it means. */
typedef enum spinenet_choose { SPINENET_CHOOSE_RULE = 0, SPINENET_CHOOSE_MEASURE = 1 } spinenet_choose;

/* The number format that convolutions compute in: SPINENET_BF16 where the processor has instructions for it, else
 * SPINENET_UNSUPPORTED; SPINENET_INT8 of a model that `spinenet calibrate` wrote, else SPINENET_USAGE;
 * SPINENET_AUTO_PRECISION for the fastest of these that was found near enough to SPINENET_FP32. */
typedef enum spinenet_precision {
  SPINENET_FP32 = 0,
  SPINENET_BF16 = 1,
  SPINENET_INT8 = 2,
  SPINENET_AUTO_PRECISION = 3
} spinenet_precision;

typedef struct spinenet_model_options {
  int image_size; /* the longer side of an image is scaled to it; 0: the model's own */
  int threads;    /* for one image; 0: the whole budget */
  int choose;     /* a spinenet_choose */
  int precision;  /* a spinenet_precision */
} spinenet_model_options;

/* options: NULL for all zero. */
spinenet_status spinenet_model_open(const char* path, const spinenet_model_options* options, spinenet_model** model);
/* The same of the `size` bytes of a model file in memory, which are no longer needed afterwards. */
spinenet_status spinenet_model_open_bytes(const void* file, size_t size, const spinenet_model_options* options,
                                          spinenet_model** model);
void spinenet_model_free(spinenet_model* model);
/* "detect", "segment" or "classify" */
const char* spinenet_model_task(const spinenet_model* model);
int spinenet_model_image_size(const spinenet_model* model);
int spinenet_model_class_count(const spinenet_model* model);
/* Of a label, 0 to class_count - 1; NULL and 0 beyond. */
const char* spinenet_model_class_name(const spinenet_model* model, int label);
int64_t spinenet_model_class_id(const spinenet_model* model, int label);

typedef struct spinenet_detector_options {
  float score_threshold; /* of objects, 0 to 1 */
  float iou;             /* boxes of a class that overlap more are one object */
  int max_objects;       /* 0: 100; a zero above is a zero */
} spinenet_detector_options;

/* 0.3, 0.5, 100 */
spinenet_detector_options spinenet_detector_defaults(void);

/* options: NULL for the defaults. */
spinenet_status spinenet_detector_create(const spinenet_model* model, const spinenet_detector_options* options,
                                         spinenet_detector** detector);
void spinenet_detector_free(spinenet_detector* detector);

typedef enum spinenet_format { SPINENET_RGB = 0, SPINENET_BGR = 1, SPINENET_GRAY = 2 } spinenet_format;

/* An image in the caller's memory, 8 bits a sample, rows from the top. */
typedef struct spinenet_pixels {
  const uint8_t* data;
  int height, width;
  int64_t stride; /* bytes from row to row, height * stride below 2^40; 0: rows follow each other without a gap */
  int format;     /* a spinenet_format */
} spinenet_pixels;

/* `results` takes `count` pointers, all NULL on failure. */
spinenet_status spinenet_detect(spinenet_detector* detector, const spinenet_pixels* images, size_t count,
                                spinenet_result** results);
/* A JPEG, PNG, WebP, TIFF or BMP file, by path and in memory. */
spinenet_status spinenet_detect_file(spinenet_detector* detector, const char* path, spinenet_result** result);
spinenet_status spinenet_detect_encoded(spinenet_detector* detector, const void* file, size_t size,
                                        spinenet_result** result);
void spinenet_result_free(spinenet_result* result);

typedef struct spinenet_object {
  float x1, y1, x2, y2; /* pixels of the image */
  float score;
  int label; /* of the model's classes */
  int64_t class_id;
  const char* class_name;
} spinenet_object;

typedef struct spinenet_class_score {
  float score;
  int label;
  int64_t class_id;
  const char* class_name;
} spinenet_class_score;

/* Of the upright image. */
int spinenet_result_height(const spinenet_result* result);
int spinenet_result_width(const spinenet_result* result);
/* Best first; none from a classifier. */
size_t spinenet_result_object_count(const spinenet_result* result);
const spinenet_object* spinenet_result_objects(const spinenet_result* result);
/* Best first, all classes; none from a detector. */
size_t spinenet_result_class_count(const spinenet_result* result);
const spinenet_class_score* spinenet_result_classes(const spinenet_result* result);
/* The mask of an object as height * width bytes, 0 or 1, row by row; `size` is what `mask` holds. SPINENET_UNSUPPORTED
 * when the model gives none. */
spinenet_status spinenet_result_mask(const spinenet_result* result, size_t object, uint8_t* mask, size_t size);

#ifdef __cplusplus
}
#endif

#endif
