// The roofline of a device (Williams, Waterman & Patterson, "Roofline: An Insightful Visual Performance Model for
// Multicore Architectures", CACM 2009): a work of x FLOP per byte can reach at most
//
//   y = min(product rate, copy rate * x) FLOP/s
//
// drawn with what benchmarks reached, on logarithmic axes.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "report/svg.h"

namespace unmix {

struct Roofline {
  struct Point {
    std::string name;
    double flops, bytes;  // per second; their quotient is x

    double intensity() const { return flops / bytes; }
  };

  std::string device;                      // for the title
  double copy_rate = 0.0;                  // bytes/s
  double product_rate = 0.0;               // FLOP/s in fp32
  std::vector<Point> points = {};          // at least one
  std::vector<std::string> left_out = {};  // names of benchmarks that state no FLOP or no bytes

  double ridge() const { return product_rate / copy_rate; }  // the intensity from which the product is the lower roof
  double roof(double intensity) const { return std::min(product_rate, copy_rate * intensity); }
};

// What unmix_bench wrote as JSON, or the record of scripts/gpu-check.sh that holds it; of the benchmarks of one device,
// "cpu" or "cuda", the median where they were repeated. Throws where there are no rates or no points of the device.
Roofline read_roofline(const std::filesystem::path& path, const std::string& device);

// Numbered points under the two roofs, and a table of the numbers below.
Svg roofline_chart(const Roofline& roofline);

}  // namespace unmix
