// Words for functions that run on the host and on the device; in plain C++ builds they are nothing.
#pragma once

// HD marks such a function. UNMIX_ROLLED stands before a loop whose step is not known to nvcc, which would otherwise
// unroll it and, for that, divide to count its passes.
#if defined(__CUDACC__)
#define HD __host__ __device__
#define UNMIX_ROLLED _Pragma("unroll 1")
#else
#define HD
#define UNMIX_ROLLED
#endif
