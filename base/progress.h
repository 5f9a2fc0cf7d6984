// The progress line of long work, on standard error and only where that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace unmix {

class Progress {
 public:
  // title: "epoch 3/1000"; nothing is shown where `quiet`.
  Progress(std::string title, int64_t total, bool quiet);
  ~Progress();  // clears the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // "epoch 3/1000 [=====     ] 120/344  loss 0.123  2.4/s  1:33 left"; drawn at most ten times a second.
  void show(int64_t done, const std::string& note);

 private:
  std::string title_;
  int64_t total_;
  bool visible_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

// 93 -> "1:33", 7384 -> "2:03:04".
std::string clock_time(double seconds);

}  // namespace unmix
