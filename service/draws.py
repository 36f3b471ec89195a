"""Where a night's draws are kept: NetCDF files, for ArviZ."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import Unavailable
from model.evidence import Evidence

if TYPE_CHECKING:
    from model.update import Posterior

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
    from model.draws import to_datatree  # noqa: PLC0415 - only a run needs xarray

    tree = to_datatree(evidence, posterior)
    if tree is None:
        return None
    name = f"{evidence.forecast.id}/{evidence.as_of}-{fingerprint[:16]}.nc"
    path = folder / name
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    encoding = {"/posterior": dict.fromkeys(tree["posterior"].data_vars, _COMPRESSED)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tree.to_netcdf(draft, engine="h5netcdf", encoding=encoding)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unavailable(
            f"the draws cannot be written to {path}: {error.strerror or error}; "
            "check [storage] draws, its permissions and the disk"
        ) from error
    return name
