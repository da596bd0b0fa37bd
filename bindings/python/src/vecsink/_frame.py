"""Columns from pandas. A Series that is a numpy array is read in place. Nullable numbers and times with a zone are converted to
such an array, categories to a Series of their values. Any other Series is read value by value. Missing values are NULL."""

from __future__ import annotations

import sys
from typing import Any

from ._column import Column
from ._ndarray import as_instants, from_ndarray
from ._sequence import from_sequence


def is_frame(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def is_series(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray))


def from_series(series: Any) -> Column:
    pandas, numpy = sys.modules["pandas"], sys.modules["numpy"]
    series = series if isinstance(series, pandas.Series) else pandas.Series(series)
    dtype = series.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        return from_series(series.astype(dtype.categories.dtype))
    missing = series.isna().to_numpy()
    valid = ~missing if missing.any() else None
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return as_instants(series.dt.tz_convert(None).to_numpy(), valid)
    plain = getattr(dtype, "numpy_dtype", None)  # of Int64, boolean …
    if plain is not None and plain.kind in "biuf" and not isinstance(dtype, numpy.dtype):
        return from_ndarray(series.to_numpy(dtype=plain, na_value=plain.type(0)), valid)
    if isinstance(dtype, numpy.dtype) and dtype.kind in "biufM":
        return from_ndarray(series.to_numpy(), valid)
    values = series.tolist()
    if valid is not None:
        values = [value if there else None for value, there in zip(values, valid.tolist())]
    return from_sequence(values)
