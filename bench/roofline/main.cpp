// unmix_roofline: a picture of what unmix_bench measured, under the two roofs that it measured first.
#include <CLI/CLI.hpp>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "report/roofline.h"

using namespace unmix;

int main(int argc, char** argv) {
  CLI::App app("Draws the benchmarks in a JSON file of unmix_bench (--benchmark_out=FILE) as a roofline");
  std::filesystem::path input, output;
  std::string device = "cpu";
  app.add_option("BENCH.json", input, "What unmix_bench wrote, or a record of scripts/gpu-check.sh")->required();
  app.add_option("OUTPUT", output, "The picture: a .svg or a .png file")->required();
  app.add_option("--device", device, "Whose benchmarks and roofs are drawn")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    if (output.extension() != ".svg" && output.extension() != ".png")
      throw ArgumentError(fmt::format("OUTPUT {}: give a name that ends in .svg or .png", output.string()));
    const Roofline roofline = read_roofline(input, device);
    const Svg chart = roofline_chart(roofline);
    write_file(output, output.extension() == ".svg" ? chart.file_text() : png_of(chart, 3.0));
    if (!roofline.left_out.empty())
      fmt::print(stderr, "unmix_roofline: left out, for want of FLOP or bytes: {}\n",
                 fmt::join(roofline.left_out, ", "));
  } catch (const UsageError& error) {
    fmt::print(stderr, "unmix_roofline: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "unmix_roofline: {}\n", error.what());
    return 1;
  }
  return 0;
}
