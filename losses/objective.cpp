#include "losses/objective.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "losses/terms.h"

namespace unmix {
namespace {

// sum = [sign] term { sign term },  term = [number "*"] name
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::vector<Objective::Term> sum() {
    std::vector<Objective::Term> terms;
    double sign = take('-') ? -1.0 : 1.0;
    for (;;) {
      terms.push_back(term(sign));
      if (take('+')) {
        sign = 1.0;
      } else if (take('-')) {
        sign = -1.0;
      } else {
        break;
      }
    }
    if (skip_blanks() != text_.size()) wrong("'+' or '-'");
    return terms;
  }

 private:
  Objective::Term term(double sign) {
    double weight = 1.0;
    if (number(weight) && !take('*')) wrong("'*'");
    const size_t begin = skip_blanks();
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_'))
      ++at_;
    if (begin == at_) wrong(begin == 0 ? "a loss" : "a loss or a weight");
    return {sign * weight, &find_loss(text_.substr(begin, at_ - begin))};
  }

  bool number(double& value) {
    const size_t begin = skip_blanks();
    const char* last = text_.data() + text_.size();
    const auto [end, error] = std::from_chars(text_.data() + begin, last, value);
    if (error != std::errc{} || end == text_.data() + begin || std::isalpha(static_cast<unsigned char>(text_[begin])))
      return false;
    at_ = static_cast<size_t>(end - text_.data());
    return true;
  }

  bool take(char symbol) {
    if (skip_blanks() == text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }

  size_t skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }

  [[noreturn]] void wrong(std::string_view expected) const {
    throw ArgumentError(fmt::format("loss '{}': {} is expected at character {}{}", text_, expected, at_ + 1,
                                    at_ < text_.size() ? fmt::format(" ('{}')", text_.substr(at_)) : ", its end"));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Objective::Objective(std::string_view text, LossContext context)
    : text_(text), terms_(Parser(text).sum()), context_(context) {}

Objective Objective::with(const LossContext& context) const {
  Objective other = *this;
  other.context_ = context;
  return other;
}

Needs Objective::needs() const {
  Needs all;
  for (const Term& term : terms_) all = all | term.loss->needs;
  return all;
}

double Objective::learning_rate() const {
  const auto slowest = std::min_element(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) {
    return a.loss->learning_rate < b.loss->learning_rate;
  });
  return slowest->loss->learning_rate;
}

int64_t Objective::least_sources() const {
  int64_t most = 1;
  for (const Term& term : terms_) most = std::max(most, term.loss->least_sources);
  return most;
}

bool Objective::uses(LossNetworks networks) const {
  return std::ranges::any_of(terms_, [&](const Term& term) { return term.loss->networks == networks; });
}

bool Objective::squared_statistics() const {
  return std::ranges::any_of(terms_, [](const Term& term) { return term.loss->squared_statistics; });
}

std::string Objective::when_not_finite() const {
  std::string advice;
  for (const Term& term : terms_)
    if (!term.loss->when_not_finite.empty()) advice += fmt::format("; {}", term.loss->when_not_finite);
  return advice;
}

Var Objective::operator()(Signals& signals) const {
  Var sum;
  for (const Term& term : terms_) {
    const Var value = term.loss->compute(signals, context_);
    const Var weighted = term.weight == 1.0 ? value : scale(value, static_cast<float>(term.weight));
    add_term(sum, weighted);
  }
  return sum;
}

}  // namespace unmix
