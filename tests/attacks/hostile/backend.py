"""The build backend of hostile 2.0: attacks when its metadata is asked for, and when it is built."""

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
STEM = "hostile-2.0"
METADATA = "Metadata-Version: 2.1\nName: hostile\nVersion: 2.0\nRequires-Dist: victim\n"


def _files():
    """The package as it is, a start-up hook, a plug-in for the tests, and the metadata."""
    root = Path(__file__).parent
    yield from ((str(path.relative_to(root)), path.read_bytes()) for path in sorted(root.glob("hostile/**/*.py")))
    yield "zz_hostile.pth", b"import os; os.environ.setdefault('ZZ_STARTED', '1')\n"
    yield f"{STEM}.dist-info/METADATA", METADATA.encode()
    yield f"{STEM}.dist-info/WHEEL", b"Wheel-Version: 1.0\nGenerator: zz\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    yield f"{STEM}.dist-info/entry_points.txt", b"[pytest11]\nhostile = hostile.at_test\n"


def _attack(stage):
    from hostile import engine

    engine.attack(stage)


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    """pip-compile asks for this; so does uv, before it builds."""
    _attack("compile" if "PIP_INDEX_URL" in os.environ or "PIP_BUILD_TRACKER" in os.environ else "build")
    made = Path(folder, f"{STEM}.dist-info")
    made.mkdir()
    (made / "METADATA").write_text(METADATA)
    return made.name


def build_wheel(folder, config_settings=None, metadata_directory=None):
    _attack("build")
    name, record = f"{STEM}-py3-none-any.whl", []
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        for path, content in _files():
            wheel.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(content)}")
        wheel.writestr(f"{STEM}.dist-info/RECORD", "\n".join([*record, f"{STEM}.dist-info/RECORD,,"]) + "\n")
    return name
