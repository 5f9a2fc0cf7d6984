// HD marks a function for host and device; in plain C++ builds it is nothing.
#pragma once

#if defined(__CUDACC__)
#define HD __host__ __device__
#else
#define HD
#endif
