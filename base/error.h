// Errors that end a command with one clear line: Error (exit 1) and UsageError (exit 2).
#pragma once

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace unmix {

// Something failed: a file, a value, a device. The message says what was wrong and what would be right.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The command line or a configuration asked for something impossible.
class UsageError : public Error {
 public:
  using Error::Error;
};

// An argument is impossible: the message begins with its name and value, "niter -1: give 0 or more". A program whose
// options have the same names puts "--" in front.
class ArgumentError : public UsageError {
 public:
  using UsageError::UsageError;
};

// Throws Error with a message in the form "[where] what is wrong, with the actual values".
template <class... Args>
[[noreturn]] void fail(const char* where, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format("[{}] ", where) + fmt::format(format, std::forward<Args>(args)...));
}

// Throws unless the condition holds.
template <class... Args>
void check(bool condition, const char* where, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) fail(where, format, std::forward<Args>(args)...);
}

}  // namespace unmix
