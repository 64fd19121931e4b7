"""Benchmarks: what sodalite costs beside its peers, in CPU time, memory and start-up time; `python -m benchmarks`.

One thread each, set here before any numerical library loads: ratios of multi-threaded times tell more about the
neighbours on the machine than about the code.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
