"""A Spack package, for a repository of one's own.

spack repo create mine; copy this file to mine/packages/py_quelea (before Spack 1.0: py-quelea); spack install
py-quelea ^openmpi. GIT is the address of a checkout.
"""

from spack.package import *  # noqa: F403


class PyQuelea(PythonPackage):  # noqa: F405
    """NumPy-compatible arrays partitioned over MPI ranks, through compiled kernels."""

    git = "GIT"
    version("main", branch="main")  # noqa: F405

    depends_on("c", type="build")  # noqa: F405
    depends_on("cxx", type="build")  # noqa: F405
    depends_on("cmake@3.25:", type="build")  # noqa: F405
    depends_on("ninja", type="build")  # noqa: F405
    depends_on("pkgconfig", type="build")  # noqa: F405
    depends_on("py-scikit-build-core@0.10:0", type="build")  # noqa: F405
    depends_on("python@3.11:", type=("build", "link", "run"))  # noqa: F405
    depends_on("py-numpy@2:2", type=("build", "run"))  # noqa: F405
    depends_on("mpi", type=("build", "link", "run"))  # noqa: F405
    depends_on("hwloc", type=("build", "link"))  # noqa: F405
    depends_on("llvm@19", type=("build", "link"))  # noqa: F405
    depends_on("sleef", type=("build", "link"))  # noqa: F405
    depends_on("highway", type="build")  # noqa: F405
    depends_on("openblas threads=pthreads", type=("build", "link", "run"))  # noqa: F405
