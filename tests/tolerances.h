// Every tolerance of the tests, with its reason. Unless said otherwise an error is the largest absolute difference over
// the largest absolute value that is right ("relative to the largest").
#pragma once

namespace unmix::tolerance {

// Four-point differences with a step of 1e-2 in float32: rounding gives about 1e-5 of the largest gradient, the
// truncated series less. A slope that is wrong by 2 % is twenty times the tolerance.
constexpr double kFiniteDifference = 1e-3;
constexpr double kFiniteDifferenceStep = 1e-2;
// Inputs stay this far from kinks: five times the outermost point of the differences.
constexpr double kKinkDistance = 0.1;

// A directional derivative of a whole layer or loss against differences: the outputs of many operations each carry
// float32 rounding, which the step divides by. A slope wrong by 2 % is four times the tolerance.
constexpr double kDirectionalDerivative = 5e-3;

// Float32 results of short sums (up to some hundred terms) against the same in double: 2^-24 per operation.
constexpr double kValue = 1e-5;
// Sums of a million terms: float32 within a group, double between groups.
constexpr double kLongSum = 1e-6;
// Batch norm of values near 4096: x - mean is exact to 2^-11, a mean rounded to float32 to 2^-12 of the deviation.
constexpr double kFarFromZero = 1e-3;

// CPU against CUDA: the same formulas with other orders of sums.
constexpr double kDevices = 1e-4;
// The same for convolution and LSTM, whose libraries choose their own algorithms and, in an LSTM, feed rounding back.
constexpr double kDevicesLibrary = 1e-3;

// bfloat16 keeps 8 bits: 2^-9 per factor, averaged over the terms of a product.
constexpr double kBfloat16 = 1e-2;

// Units in the last place of float32, of our elementary functions against libm in double.
constexpr double kExpUlp = 2.0;
constexpr double kSigmoidUlp = 4.0;  // an exponential, a sum and a quotient
constexpr double kTanhUlp = 4.0;

// Results computed by other packages in float64 (tests/golden) from the same float32 inputs.
constexpr double kGolden = 1e-5;
constexpr double kGoldenGradient = 1e-4;  // through several layers
constexpr double kGoldenDouble = 1e-12;   // where we compute in double too

// A tone of amplitude 0.5 resampled there and back, away from its ends: the resampler keeps 28 bits, its filter's
// ripple is some 1e-6.
constexpr double kResampledTone = 2e-5;

// Optimiser steps in float32 against float64: a few roundings a step, none of which is amplified.
constexpr double kAdam = 1e-6;

// Ten training steps against PyTorch's: rounding grows through Adam, whose first steps divide by small numbers.
constexpr double kParityLoss = 1e-4;
constexpr double kParityNorm = 1e-3;

// SDR of the demo's estimates on CUDA and on the CPU after a few training steps.
constexpr double kDemoDecibels = 1e-2;
// A hundred training steps on CUDA against the CPU: differences of rounding grow through Adam; 4e-5 was seen.
constexpr double kLossCurve = 1e-3;

// A share of n random draws: five standard deviations of a binomial distribution, sqrt(p (1-p) / n) each.
constexpr double kRandomDeviations = 5.0;

}  // namespace unmix::tolerance
