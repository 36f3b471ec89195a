"""Where a night's draws are kept: NetCDF files, for ArviZ."""

import io
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import Unavailable
from model.evidence import Evidence

if TYPE_CHECKING:
    from xarray import DataTree

    from model.posterior import Posterior

_COMPRESSED = {"zlib": True, "complevel": 1}


def keep(folder: Path, evidence: Evidence, posterior: "Posterior", fingerprint: str) -> str | None:
    """Write the draws, whole or not at all.

    Returns
    -------
    str or None
        The file's path below `folder`; None where nothing was sampled.

    Raises
    ------
    Unavailable
        The folder cannot be written.
    """
    if posterior.sampled is None:
        return None
    from model.draws import to_datatree  # noqa: PLC0415 - only a run needs xarray

    tree = to_datatree(evidence, posterior)
    if tree is None:
        return None
    name = f"{evidence.forecast.id}/{evidence.as_of}-{fingerprint[:16]}.nc"
    _write(folder / name, _netcdf(tree))
    return name


def _netcdf(tree: "DataTree") -> bytes:
    """Encode in memory: HDF5 brings the whole process down where a disk fills up under it."""
    groups = ("posterior", "posterior_predictive")
    encoding = {f"/{one}": dict.fromkeys(tree[one].data_vars, _COMPRESSED) for one in groups}
    content = io.BytesIO()
    tree.to_netcdf(content, engine="h5netcdf", encoding=encoding)
    return content.getvalue()


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise Unavailable(
            f"the draws cannot be written to {path}: {error.strerror or error}; "
            "check [storage] draws, its permissions and the disk"
        ) from error
