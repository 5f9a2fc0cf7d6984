#include "base/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

namespace unmix {
namespace {

constexpr int kWidth = 24;

}  // namespace

std::string clock_time(double seconds) {
  const int64_t whole = std::llround(seconds);
  const int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest) : fmt::format("{}:{:02}", minutes, rest);
}

Progress::Progress(std::string title, int64_t total, bool quiet)
    : title_(std::move(title)),
      total_(total),
      visible_(!quiet && isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

Progress::~Progress() {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void Progress::show(int64_t done, const std::string& note) {
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || done == 0 || (done < total_ && now - drawn_ < std::chrono::milliseconds(100))) return;
  drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count(),
               speed = static_cast<double>(done) / elapsed;
  const int filled = static_cast<int>(kWidth * done / total_);
  fmt::print(stderr, "\r\033[K{} [{:=<{}}{:{}}] {}/{}  {}  {:.2f}/s  {} left", title_, "", filled, "", kWidth - filled,
             done, total_, note, speed, clock_time(static_cast<double>(total_ - done) / speed));
  std::fflush(stderr);
}

}  // namespace unmix
