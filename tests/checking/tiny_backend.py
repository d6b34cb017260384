"""A build backend without requirements, for projects that tests make up."""

import zipfile
from pathlib import Path


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(Path(folder, "mine-3-py3-none-any.whl"), "w") as archive:
        archive.writestr("mine/__init__.py", "")
        archive.writestr("mine-3.dist-info/METADATA", "Metadata-Version: 2.1\nName: mine\nVersion: 3\n")
        archive.writestr("mine-3.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("mine-3.dist-info/RECORD", "mine/__init__.py,,\n")
    return "mine-3-py3-none-any.whl"
