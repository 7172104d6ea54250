"""The virtual environment with the reference in it."""

import os
import pathlib
import subprocess
import sys
import venv

# PyYAML 6.0.4 lets the last of merged maps win, or the first, by where Python keeps the keys' texts.
PACKAGES = ["operator-courier==2.1.11", "setuptools<81", "PyYAML==6.0.3", "ruamel.yaml>=0.18"]
PRESENT = "import operatorcourier.api, ruamel.yaml, yaml; assert yaml.__version__ == '6.0.3'"
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DEFAULT = REPOSITORY / "target" / "oracle-venv"
MARK = "OMPS_ORACLE_VENV"


def enter(directory: pathlib.Path) -> None:
    """Goes on in the environment's own Python, made first where it is missing; returns when already there."""
    directory = directory.resolve()
    if os.environ.get(MARK) == str(directory):
        return
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
    if subprocess.run([python, "-c", PRESENT], capture_output=True).returncode:
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True
        )
    # The reference opens files in the locale's encoding, and hashes texts.
    variables = {**os.environ, MARK: str(directory), "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}
    os.execve(python, [str(python), "-W", "ignore", *sys.argv], variables)
