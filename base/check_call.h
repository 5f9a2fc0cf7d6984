// Failed calls of the system, with their reason.
#pragma once

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace unmix {

// Throws unless the call succeeded: "[where] cannot read x: No such file or directory". The reason is read in here: an
// argument strerror(errno) may be evaluated before the call that is another argument.
template <class... Args>
void check_call(bool succeeded, const char* where, fmt::format_string<Args...> format, Args&&... args) {
  if (succeeded) return;
  const int error = errno;
  fail(where, "{}: {}", fmt::format(format, std::forward<Args>(args)...), std::strerror(error));
}

}  // namespace unmix
