"""Every study of faults, one after the other; `docs/operations.md` has what they printed.

    python -m benchmarks.faults

Faults that are tried once each (a full disk, a server that is gone, a fit that does not converge, draws
that are damaged, two schedulers at once, clocks that are set) are tests.
"""

import subprocess
import sys

STUDIES = (
    ("benchmarks.kills", "--trials", "200", "--database", "sqlite"),
    ("benchmarks.kills", "--trials", "200", "--database", "postgresql"),
    ("benchmarks.kills", "--trials", "10", "--database", "sqlite", "--sampled"),
    ("benchmarks.kills", "--trials", "10", "--database", "postgresql", "--sampled"),
    ("benchmarks.mail_faults", "--readers", "100"),
    ("benchmarks.memory", "--nights", "400"),
)


def main() -> None:
    """Run them; the worst exit code is this one's."""
    codes = []
    for study in STUDIES:
        print(f"== python -m {' '.join(study)}", flush=True)
        codes.append(subprocess.run([sys.executable, "-m", *study], check=False).returncode)
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
