"""What trees say of a batch, by XGBoost's C API, which is documented and stable ("C API Reference").

``Booster.inplace_predict`` makes the same call. What it does around it, for every kind of table there is, and a table
that is made anew each time take longer than the trees of a small batch.
"""

import ctypes
import threading
import weakref
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from xgboost.core import XGBoostError
from xgboost.libpath import find_lib_path

_BYTES_OF_A_MARGIN: Final = 4
_MARGINS: Final = (
    b'{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, "missing": NaN, "strict_shape": false, '
    b'"cache_id": 0}'
)
"""Margins (type 1) of all trees."""
_encode: Final = msgspec.json.Encoder().encode


class _Table:
    """Where a call finds its rows; each thread has its own."""

    def __init__(self) -> None:
        self.handle = ctypes.c_void_p()
        _check(_LIBRARY.XGProxyDMatrixCreate(ctypes.byref(self.handle)))
        weakref.finalize(self, _LIBRARY.XGDMatrixFree, self.handle).atexit = False


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.table = _Table()


def margins(booster: ctypes.c_void_p, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the sum of the trees, in log-odds, for each row of ``rows`` (rows x features, contiguous).

    Raises:
        XGBoostError: the library refuses.
    """
    shape, dimensions, found = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
    _check(
        _LIBRARY.XGBoosterPredictFromDense(
            booster,
            _encode(rows.__array_interface__),
            _MARGINS,
            _tables.table.handle,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
            ctypes.byref(found),
        )
    )
    assert (dimensions.value, shape[0]) == (1, len(rows)), "one margin a row"
    # The library's memory is overwritten by the next call of this thread.
    return np.frombuffer(ctypes.string_at(found, len(rows) * _BYTES_OF_A_MARGIN), dtype=np.float32)


def _check(status: int) -> None:
    if status != 0:
        raise XGBoostError(_LIBRARY.XGBGetLastError().decode())


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(find_lib_path()[0])
    library.XGBGetLastError.restype = ctypes.c_char_p
    return library


_LIBRARY: Final = _library()
_tables: Final = _OfThread()
