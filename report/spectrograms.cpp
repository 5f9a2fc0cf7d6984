#include "report/spectrograms.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "evaluation/fft.h"
#include "report/image.h"
#include "report/svg.h"

namespace unmix {
namespace {

constexpr int kWindow = 4096, kBins = kWindow / 2 + 1;
constexpr const char* kFaint = "#5f636d";
constexpr double kSmall = 10.0, kTitle = 13.0;  // sizes of letters
// Pixels around each panel.
constexpr int kLeft = 46, kRight = 14, kAbove = 26, kBelow = 24, kHeading = 44, kScale = 76;

double mel_of(double hertz) { return 2595.0 * std::log10(1.0 + hertz / 700.0); }
double hertz_of(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

// Mean power per pixel, row 0 the highest frequency.
struct Grid {
  int width, height;
  std::vector<double> power;
  double& at(int x, int y) {
    return power[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

// |X|^2 of windows of a signal, added up.
class PowerSpectrum {
 public:
  // The window around sample `center`; beyond its ends the signal is zero.
  void add(std::span<const float> signal, int64_t center, std::vector<double>& power) {
    const auto size = static_cast<int64_t>(signal.size());
    for (int n = 0; n < kWindow; ++n) {
      const int64_t t = center - kWindow / 2 + n;
      frame_.get()[n] = t >= 0 && t < size ? signal[static_cast<size_t>(t)] * window_[static_cast<size_t>(n)] : 0.0;
    }
    fft_.forward(frame_.get(), spectrum_.get());
    for (int k = 0; k < kBins; ++k) {
      const double re = spectrum_.get()[2 * k], im = spectrum_.get()[2 * k + 1];
      power[static_cast<size_t>(k)] += re * re + im * im;
    }
  }

 private:
  const std::vector<double> window_ = hann(kWindow);
  const DoubleFft fft_{kWindow};
  const Doubles frame_{kWindow}, spectrum_{2 * kBins};
};

// Power at a fractional bin, so that rows narrower than a bin blend into each other.
double power_at(const std::vector<double>& power, double bin) {
  const auto below = std::min(static_cast<size_t>(bin), power.size() - 2);
  const double part = bin - static_cast<double>(below);
  return (1.0 - part) * power[below] + part * power[below + 1];
}

// Mean power of the bins from `low` to `high`, which may lie within one bin.
double band_power(const std::vector<double>& power, double low, double high) {
  const int steps = std::max(1, static_cast<int>(std::ceil(high - low)));
  double sum = 0.0;
  for (int i = 0; i < steps; ++i) sum += power_at(power, low + (high - low) * (i + 0.5) / steps);
  return sum / steps;
}

// Mean power of the audio's frames begin..end and of its channels, windows overlapping by half or more.
std::vector<double> mean_power(const Audio& audio, int64_t begin, int64_t end, PowerSpectrum& spectrum) {
  std::vector<double> power(kBins, 0.0);
  const int64_t windows = (end - begin) / (kWindow / 2) + 1;
  for (int64_t i = 0; i < windows; ++i)
    for (int c = 0; c < audio.channels; ++c)
      spectrum.add(audio.channel(c), begin + (end - begin) * (2 * i + 1) / (2 * windows), power);
  for (double& p : power) p /= static_cast<double>(windows * audio.channels);
  return power;
}

Grid grid_of(const Audio& audio, const SheetOptions& options, double top) {
  Grid grid{options.panel_width, options.panel_height, {}};
  grid.power.resize(static_cast<size_t>(grid.width) * static_cast<size_t>(grid.height));
  PowerSpectrum spectrum;
  const double bins_per_hertz = static_cast<double>(kWindow) / audio.sample_rate, step = mel_of(top) / grid.height;
  for (int x = 0; x < grid.width; ++x) {
    const int64_t begin = audio.frames() * x / grid.width, end = audio.frames() * (x + 1) / grid.width;
    const std::vector<double> power = mean_power(audio, begin, end, spectrum);
    for (int y = 0; y < grid.height; ++y) {
      const double mel = (grid.height - 1 - y) * step;
      grid.at(x, y) = band_power(power, hertz_of(mel) * bins_per_hertz, hertz_of(mel + step) * bins_per_hertz);
    }
  }
  return grid;
}

std::string hertz_label(double hertz) {
  return hertz < 1000.0 ? fmt::format("{:g}", hertz) : fmt::format("{:g}k", hertz / 1000.0);
}

// 1, 2 or 5 times a power of ten, so that about six marks fit.
double time_step(double duration) {
  double step = std::pow(10.0, std::floor(std::log10(duration / 6.0)));
  for (const double factor : {2.0, 2.5, 2.0})
    if (duration / step > 8.0) step *= factor;
  return step;
}

void mark(Svg& sheet, double x, double y, double width, double height) {
  sheet.rect(x, y, width, height, fmt::format("fill=\"{}\"", kFaint));
}

void draw_axes(Svg& sheet, int left, int above, const SheetOptions& options, double top, double duration) {
  const int bottom = above + options.panel_height;
  for (const double hertz : {0.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0}) {
    const int y = bottom - static_cast<int>(std::lround(mel_of(hertz) / mel_of(top) * options.panel_height));
    if (y < above) continue;
    mark(sheet, left - 5, std::min(y, bottom - 1), 4, 1);
    sheet.text(left - 8, y + kSmall / 3, hertz_label(hertz), {kSmall, "end", false, kFaint});
  }
  const double step = time_step(duration);
  for (int i = 0; i * step <= duration * 1.0001; ++i) {
    const int x = left + static_cast<int>(std::lround(i * step / duration * (options.panel_width - 1)));
    const std::string label = fmt::format("{:g}{}", std::round(i * step * 1e6) / 1e6, i == 0 ? " s" : "");
    mark(sheet, x, bottom + 1, 1, 4);
    sheet.text(x, bottom + 7 + kSmall, label, {kSmall, i == 0 ? "start" : "middle", false, kFaint});
  }
}

void draw_panel(Svg& sheet, int left, int above, Grid& grid, double loudest, const SheetOptions& options) {
  Image image(grid.width, grid.height);
  for (int y = 0; y < grid.height; ++y)
    for (int x = 0; x < grid.width; ++x) {
      const double decibels = 10.0 * std::log10(grid.at(x, y) / loudest);  // -inf of silence is clamped
      image.set(x, y, heat(1.0 + decibels / options.range));
    }
  sheet.image(left, above, grid.width, grid.height, image.png());
}

void draw_scale(Svg& sheet, int left, int above, int height, double range) {
  Image image(1, height);
  for (int y = 0; y < height; ++y) image.set(0, y, heat(1.0 - static_cast<double>(y) / (height - 1)));
  sheet.image(left, above, 12, height, image.png());
  for (int i = 0; i <= 4; ++i) {
    const int y = above + i * (height - 1) / 4;
    mark(sheet, left + 13, y, 3, 1);
    sheet.text(left + 19, y + kSmall / 3, i == 0 ? "0 dB" : fmt::format("{:g}", -range * i / 4),
               {kSmall, "start", false, kFaint});
  }
}

}  // namespace

void write_spectrograms(const std::filesystem::path& path, const std::string& heading, const std::vector<Panel>& panels,
                        const SheetOptions& options) {
  check(!panels.empty() && options.columns >= 1, "picture", "a sheet needs one panel or more");
  double top = options.top, loudest = 1e-20;
  for (const Panel& panel : panels) {
    check(panel.audio->frames() > 0, "picture", "panel '{}' has no samples", panel.title);
    top = std::min(top, panel.audio->sample_rate / 2.0);
  }
  std::vector<Grid> grids;
  for (const Panel& panel : panels) {
    grids.push_back(grid_of(*panel.audio, options, top));
    loudest = std::max(loudest, *std::max_element(grids.back().power.begin(), grids.back().power.end()));
  }
  const int columns = std::min(options.columns, static_cast<int>(panels.size()));
  const int rows = (static_cast<int>(panels.size()) + columns - 1) / columns;
  const int cell_width = kLeft + options.panel_width + kRight, cell_height = kAbove + options.panel_height + kBelow;
  Svg sheet(columns * cell_width + kScale, kHeading + rows * cell_height + 8, heading);
  sheet.text(kLeft, 30, heading, {kTitle + 2, "start", true});
  for (size_t i = 0; i < panels.size(); ++i) {
    const int left = static_cast<int>(i) % columns * cell_width + kLeft;
    const int above = static_cast<int>(i) / columns * cell_height + kHeading + kAbove;
    sheet.text(left, above - 7, panels[i].title, {kTitle});
    draw_panel(sheet, left, above, grids[i], loudest, options);
    const Audio& audio = *panels[i].audio;
    draw_axes(sheet, left, above, options, top, static_cast<double>(audio.frames()) / audio.sample_rate);
  }
  draw_scale(sheet, columns * cell_width + 6, kHeading + kAbove, rows * cell_height - kAbove - kBelow, options.range);
  write_file(path, png_of(sheet, 1.0));
}

}  // namespace unmix
