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
// Logarithms of spectra: their slope 1 / |S| at bins that are nearly silent changes within any step that rounding
// allows. Their operations are held to kFiniteDifference one by one, their gradients to those of other packages.
constexpr double kSpectralDerivative = 0.1;

// Float32 results of short sums (up to some hundred terms) against the same in double: 2^-24 per operation.
constexpr double kValue = 1e-5;
// Sums of a million terms: float32 within a group, double between groups.
constexpr double kLongSum = 1e-6;
// Batch norm of values near 4096: x - mean is exact to 2^-11, a mean rounded to float32 to 2^-12 of the deviation.
constexpr double kFarFromZero = 1e-3;

// CPU against CUDA: the same formulas with other orders of sums.
constexpr double kDevices = 1e-4;
// Gradients through 1 / |S| at nearly silent bins, whose S is mostly rounding (1.3e-2 was seen at the largest entry);
// the operations they are made of are held to kDevices.
constexpr double kDevicesSpectral = 5e-2;
// The same for convolution and LSTM, whose libraries choose their own algorithms and, in an LSTM, feed rounding back.
constexpr double kDevicesLibrary = 1e-3;

// An LSTM in pieces against the whole sequence: sums of some ten terms in another order, and states rounded to float32.
constexpr double kPieces = 1e-6;

// bfloat16 keeps 8 bits: 2^-9 per factor, averaged over the terms of a product.
constexpr double kBfloat16 = 1e-2;

// Units in the last place of float32, of our elementary functions against libm in double.
constexpr double kExpUlp = 2.0;
constexpr double kSigmoidUlp = 4.0;  // an exponential, a sum and a quotient
constexpr double kTanhUlp = 4.0;
constexpr double kLogUlp = 4.0;  // a polynomial, and a quotient for log(1 + x)

// Results computed by other packages in float64 (tests/golden) from the same float32 inputs.
constexpr double kGolden = 1e-5;
constexpr double kGoldenGradient = 1e-4;  // through several layers
// Through 1 / |S| at nearly silent bins, which multiplies the rounding of S: in float64 the golden gradients themselves
// move by 2.3e-3 when the waveforms are rounded to 2^-22, some four operations; PyTorch's own float32 is 1e-3 off.
constexpr double kGoldenSpectralGradient = 5e-3;
constexpr double kGoldenDouble = 1e-12;  // where we compute in double too

// Separated audio against the published package's: float32 against float64 through network and filter gives 90 to 110.
constexpr double kPeerDecibels = 60;

// A tone of amplitude 0.5 resampled there and back, away from its ends: the resampler keeps 28 bits, its filter's
// ripple is some 1e-6.
constexpr double kResampledTone = 2e-5;

// A tone of amplitude 1 through our own resampler: its filter is designed for a ripple of 1e-4, 0.001 dB.
constexpr double kResampleRipple = 1.2e-4;
// VGGish's log-mel and outputs against the published ones: float32 STFT, logarithm and six to nine layers.
constexpr double kVggish = 1e-4;

// Optimiser steps in float32 against float64: a few roundings a step, none of which is amplified.
constexpr double kAdam = 1e-6;

// Ten training steps against PyTorch's: rounding grows through Adam, whose first steps divide by small numbers.
constexpr double kParityLoss = 1e-4;
constexpr double kParityNorm = 1e-3;

// SDR of the demo's estimates on CUDA and on the CPU after a few training steps.
constexpr double kDemoDecibels = 1e-2;
// A hundred training steps on CUDA against the CPU: differences of rounding grow from step to step, on an H200 beyond
// 1e-3 at the 44th and to 2.4e-2 at most.
constexpr double kLossCurve = 1e-3;  // of the first kLossCurveSteps
constexpr unsigned kLossCurveSteps = 30;
constexpr double kLossCurveLater = 0.1;

// A share of n random draws: five standard deviations of a binomial distribution, sqrt(p (1-p) / n) each.
constexpr double kRandomDeviations = 5.0;

// Scores in dB against museval's, of well-conditioned systems: both solve them in double, some 1e-8 apart.
constexpr double kBssDecibels = 1e-5;
// Two sources that are equal but for a part of 2^-9: rounding grows by the condition of their filters.
constexpr double kBssNearSingular = 1e-3;
// Against the MATLAB toolbox: museval is as far off (1.4e-4) where proportional channels make the system singular.
constexpr double kBssMatlab = 3e-4;
// Against scores written with 5 decimals.
constexpr double kBssWritten = 1.5e-5;

}  // namespace unmix::tolerance
