// The images of report.html: few and small, so that the page stays small.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "image/draw.h"
#include "plot/report.h"

namespace spinenet::train {

// A JPEG file of the image with these objects on it, in the size of the report.
std::string drawn_for_report(image::Image image, std::span<const image::DrawnObject> objects);

// Whether there is room for another one that is as large as these on average: together the images have at most
// kReportImageBytes of the page.
inline constexpr size_t kReportImageBytes = 300'000;
bool has_room(std::span<const plot::ReportImage> images);

}  // namespace spinenet::train
