// Options that take one of a few names.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"

namespace unmix {

template <class T>
struct Choice {
  std::string_view name;
  T value;
};

template <class T, size_t N>
std::vector<std::string_view> names_of(const Choice<T> (&choices)[N]) {
  std::vector<std::string_view> names;
  for (const Choice<T>& choice : choices) names.push_back(choice.name);
  return names;
}

// The value of a name; throws ArgumentError: "gan x: give one of lsgan, hinge".
template <class T, size_t N>
T choose(std::string_view argument, std::string_view name, const Choice<T> (&choices)[N]) {
  for (const Choice<T>& choice : choices)
    if (choice.name == name) return choice.value;
  throw ArgumentError(fmt::format("{} {}: give one of {}", argument, name, fmt::join(names_of(choices), ", ")));
}

// The first name of a value that has one.
template <class T, size_t N>
std::string_view name_of(T value, const Choice<T> (&choices)[N]) {
  const Choice<T>* choice = choices;
  while (choice->value != value) ++choice;
  return choice->name;
}

}  // namespace unmix
