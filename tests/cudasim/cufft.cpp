// cuFFT, as far as it is in use: batches of one-dimensional transforms between real and Hermitian rows, out of place.
#include <cufft.h>

#include <fmt/core.h>

#include <cmath>
#include <complex>
#include <limits>
#include <map>
#include <memory>
#include <numbers>

#include "tests/cudasim/library.h"

namespace cudasim {
namespace {

using Complex = std::complex<double>;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Element i of row b is data[b * distance + i * stride].
struct Layout {
  int64_t count, stride, distance;
  int64_t extent() const { return (count - 1) * stride + 1; }
  int64_t span(int64_t rows) const { return (rows - 1) * distance + extent(); }
  bool rows_apart(int64_t rows) const {
    return rows == 1 || distance >= extent() || (distance >= 1 && stride >= (rows - 1) * distance + 1);
  }
};

struct Plan {
  int64_t n = 0, rows = 0;  // n is 0 until it is made
  cufftType type = CUFFT_R2C;
  Layout from{}, to{};
  cudaStream_t stream = nullptr;
  uint64_t uploaded_after = 0;  // waits for the device
  bool destroyed = false;
  size_t work_bytes = 0;
  void* work = nullptr;
  std::vector<Complex> roots;  // exp(-2 pi i j / n)
};

struct Plans {
  std::mutex mutex;
  std::map<cufftHandle, std::shared_ptr<Plan>> alive;
  cufftHandle next = 1;
};

Plans& plans() {
  static auto* instance = new Plans;  // never destroyed: threads end plans at exit
  return *instance;
}

std::shared_ptr<Plan> find_plan(cufftHandle handle) {
  const std::lock_guard lock(plans().mutex);
  const auto found = plans().alive.find(handle);
  return found == plans().alive.end() ? nullptr : found->second;
}

int64_t smallest_factor(int64_t n) {
  for (int64_t p = 2; p * p <= n; ++p)
    if (n % p == 0) return p;
  return n;
}

// to[k] = sum_j from[j * stride] w^(j k), w = exp(-2 pi i / n), by the smallest prime factor p of n: p transforms of
// n / p, then sums of p. `step` is the distance in the table of roots that stands for w.
void transform(int64_t n, const Complex* from, int64_t stride, Complex* to, const std::vector<Complex>& roots,
               int64_t step) {
  if (n == 1) {
    *to = *from;
    return;
  }
  const int64_t p = smallest_factor(n), part = n / p;
  for (int64_t r = 0; r < p; ++r) transform(part, from + r * stride, stride * p, to + r * part, roots, step * p);
  if (p == 2) {
    for (int64_t k = 0; k < part; ++k) {
      const Complex even = to[k], odd = to[part + k] * roots[static_cast<size_t>(k * step)];
      to[k] = even + odd;
      to[part + k] = even - odd;
    }
    return;
  }
  std::vector<Complex> sums(static_cast<size_t>(p));
  for (int64_t k = 0; k < part; ++k) {
    for (int64_t q = 0; q < p; ++q) {
      Complex sum = to[k];
      for (int64_t r = 1; r < p; ++r)
        sum += to[r * part + k] * roots[static_cast<size_t>(r * (k + q * part) % n * step)];
      sums[static_cast<size_t>(q)] = sum;
    }
    for (int64_t q = 0; q < p; ++q) to[q * part + k] = sums[static_cast<size_t>(q)];
  }
}

void state_reads(const Layout& layout, int64_t row, const float* data, int64_t floats) {
  const float* first = data + row * layout.distance * floats;
  if (layout.stride == 1) return will_read_rows(first, 1, layout.count * floats, layout.count * floats);
  will_read_rows(first, layout.count, floats, layout.stride * floats);
}

void state_writes(const Layout& layout, int64_t row, float* data, int64_t floats) {
  float* first = data + row * layout.distance * floats;
  if (layout.stride == 1) return will_write_rows(first, 1, layout.count * floats, layout.count * floats);
  will_write_rows(first, layout.count, floats, layout.stride * floats);
}

void real_to_complex(const Plan& plan, const cufftReal* real, cufftComplex* bins) {
  std::vector<Complex> row(static_cast<size_t>(plan.n)), result(row.size());
  for (int64_t b = 0; b < plan.rows; ++b) {
    state_reads(plan.from, b, real, 1);
    for (int64_t i = 0; i < plan.n; ++i)
      row[static_cast<size_t>(i)] = static_cast<double>(real[b * plan.from.distance + i * plan.from.stride]);
    transform(plan.n, row.data(), 1, result.data(), plan.roots, 1);
    state_writes(plan.to, b, reinterpret_cast<float*>(bins), 2);
    for (int64_t k = 0; k < plan.to.count; ++k) {
      const Complex value = result[static_cast<size_t>(k)];
      bins[b * plan.to.distance + k * plan.to.stride] = {static_cast<float>(value.real()),
                                                         static_cast<float>(value.imag())};
    }
  }
}

// The rows of bins are destroyed, as they may be by cuFFT.
void complex_to_real(const Plan& plan, cufftComplex* bins, cufftReal* real) {
  std::vector<Complex> row(static_cast<size_t>(plan.n)), result(row.size());
  for (int64_t b = 0; b < plan.rows; ++b) {
    state_reads(plan.from, b, reinterpret_cast<const float*>(bins), 2);
    state_writes(plan.from, b, reinterpret_cast<float*>(bins), 2);
    for (int64_t k = 0; k < plan.from.count; ++k) {
      cufftComplex& bin = bins[b * plan.from.distance + k * plan.from.stride];
      const bool outer = k == 0 || 2 * k == plan.n;
      if (outer && bin.y != 0.0f)
        fail(fmt::format("bin {} of row {} must be real; its imaginary part is {}", k, b, bin.y));
      // The inverse transform is the forward one of the conjugates.
      const Complex value(static_cast<double>(bin.x), static_cast<double>(bin.y));
      row[static_cast<size_t>(k)] = std::conj(value);
      if (!outer) row[static_cast<size_t>(plan.n - k)] = value;
      bin = {kNaN, kNaN};
    }
    transform(plan.n, row.data(), 1, result.data(), plan.roots, 1);
    state_writes(plan.to, b, real, 1);
    for (int64_t i = 0; i < plan.n; ++i)
      real[b * plan.to.distance + i * plan.to.stride] = static_cast<float>(result[static_cast<size_t>(i)].real());
  }
}

std::vector<Complex> roots_of_unity(int64_t n) {
  std::vector<Complex> roots(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j)
    roots[static_cast<size_t>(j)] =
        std::polar(1.0, -2.0 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(n));
  return roots;
}

// Both embeddings left out: the rows are contiguous and the other arguments are not looked at.
bool layout_of(const int* embedding, int stride, int distance, int64_t count, bool contiguous, Layout& layout) {
  layout = {count, contiguous ? 1 : stride, contiguous ? count : distance};
  return contiguous || (embedding[0] >= count && stride >= 1 && distance >= 1);
}

// Checks one call of a plan and queues it. A plan's tables are uploaded in another stream when it is made, so that the
// device must have been waited for. A plan must outlive its transforms, and so must the work area.
template <class From, class To, class Run>
cufftResult execute(const char* call, cufftHandle handle, cufftType type, From* from, To* to, const Run& run) {
  const auto plan = find_plan(handle);
  if (plan == nullptr || plan->n == 0) return CUFFT_INVALID_PLAN;
  if (plan->type != type) return CUFFT_INVALID_TYPE;
  if (from == nullptr || to == nullptr) return CUFFT_INVALID_VALUE;
  if (device_waits() == plan->uploaded_after)
    fail(fmt::format("{}: nothing waited for the device, which uploads the plan's tables", call));
  const auto unaligned = [](const void* data) { return reinterpret_cast<uintptr_t>(data) % sizeof(cufftComplex) != 0; };
  if (unaligned(from) || unaligned(to)) return CUFFT_INVALID_VALUE;
  const Range read{"the input", from, static_cast<size_t>(plan->from.span(plan->rows)) * sizeof(From)};
  const Range written{"the output", to, static_cast<size_t>(plan->to.span(plan->rows)) * sizeof(To)};
  const Range work{"the work area", plan->work, plan->work_bytes};
  if (plan->work == nullptr) fail(fmt::format("{}: the plan has no work area", call));
  need_device(call, {read}, {written, work});
  const double n = static_cast<double>(plan->n), rows = static_cast<double>(plan->rows);
  count_library(call, {.flops = 2.5 * n * std::log2(n) * rows,
                       .bytes = rows * static_cast<double>(static_cast<size_t>(plan->from.count) * sizeof(From) +
                                                           static_cast<size_t>(plan->to.count) * sizeof(To))});
  enqueue(plan->stream, call, [=, area = plan->work] {
    if (plan->destroyed) fail("the plan was destroyed before the transform was done");
    will_write(area, plan->work_bytes);
    run(*plan, from, to);
    poison(area, plan->work_bytes);
  });
  return CUFFT_SUCCESS;
}

}  // namespace
}  // namespace cudasim

cufftResult cufftCreate(cufftHandle* handle) {
  using namespace cudasim;
  if (handle == nullptr) return CUFFT_INVALID_VALUE;
  const std::lock_guard lock(plans().mutex);
  *handle = plans().next++;
  plans().alive[*handle] = std::make_shared<Plan>();
  return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle handle, int allocates) {
  if (cudasim::find_plan(handle) == nullptr) return CUFFT_INVALID_PLAN;
  return allocates == 0 ? CUFFT_SUCCESS : CUFFT_NOT_IMPLEMENTED;
}

cufftResult cufftMakePlanMany(cufftHandle handle, int rank, int* n, int* inembed, int istride, int idist, int* onembed,
                              int ostride, int odist, cufftType type, int batch, size_t* work_bytes) {
  using namespace cudasim;
  const auto plan = find_plan(handle);
  if (plan == nullptr || plan->n != 0) return CUFFT_INVALID_PLAN;
  if (n == nullptr || work_bytes == nullptr || (inembed == nullptr) != (onembed == nullptr)) return CUFFT_INVALID_VALUE;
  if (type != CUFFT_R2C && type != CUFFT_C2R) return CUFFT_INVALID_TYPE;
  if (rank != 1) return CUFFT_NOT_IMPLEMENTED;
  if (n[0] < 1 || batch < 1) return CUFFT_INVALID_SIZE;
  count_hidden_synchronisation();
  const int64_t bins = n[0] / 2 + 1;
  const bool forward = type == CUFFT_R2C, contiguous = inembed == nullptr;
  Layout from{}, to{};
  if (!layout_of(inembed, istride, idist, forward ? n[0] : bins, contiguous, from) ||
      !layout_of(onembed, ostride, odist, forward ? bins : n[0], contiguous, to))
    return CUFFT_INVALID_SIZE;
  // Rows that are only read may overlap.
  if (!to.rows_apart(batch) || (!forward && !from.rows_apart(batch))) return CUFFT_INVALID_SIZE;
  *work_bytes = static_cast<size_t>(batch * bins) * sizeof(cufftComplex);
  *plan = {.n = n[0],
           .rows = batch,
           .type = type,
           .from = from,
           .to = to,
           .uploaded_after = device_waits(),
           .work_bytes = *work_bytes,
           .roots = roots_of_unity(n[0])};
  return CUFFT_SUCCESS;
}

cufftResult cufftSetWorkArea(cufftHandle handle, void* area) {
  const auto plan = cudasim::find_plan(handle);
  if (plan == nullptr) return CUFFT_INVALID_PLAN;
  plan->work = area;
  return CUFFT_SUCCESS;
}

cufftResult cufftSetStream(cufftHandle handle, cudaStream_t stream) {
  const auto plan = cudasim::find_plan(handle);
  if (plan == nullptr) return CUFFT_INVALID_PLAN;
  plan->stream = stream;
  return CUFFT_SUCCESS;
}

cufftResult cufftDestroy(cufftHandle handle) {
  const auto plan = cudasim::find_plan(handle);
  if (plan == nullptr) return CUFFT_INVALID_PLAN;
  plan->destroyed = true;
  cudasim::count_hidden_synchronisation();
  const std::lock_guard lock(cudasim::plans().mutex);
  cudasim::plans().alive.erase(handle);
  return CUFFT_SUCCESS;
}

cufftResult cufftExecR2C(cufftHandle handle, cufftReal* from, cufftComplex* to) {
  return cudasim::execute("cufftExecR2C", handle, CUFFT_R2C, from, to, cudasim::real_to_complex);
}

cufftResult cufftExecC2R(cufftHandle handle, cufftComplex* from, cufftReal* to) {
  return cudasim::execute("cufftExecC2R", handle, CUFFT_C2R, from, to, cudasim::complex_to_real);
}
