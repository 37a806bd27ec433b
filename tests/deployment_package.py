"""What is uploaded for a function: which packages and files, how large; and the same laid out without sam build."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
HANDLERS = tuple(sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py")))
LIBRARIES = {"aws_lambda_powertools", "jmespath", "phonenumbers", "typing_extensions", "tzdata", "urllib3"}

# A cold start fetches and unpacks it: 9.3 and 3.5 MB when this was written, a third of it byte code. Lambda itself
# takes 250 and 50 MB.
MOST_MEGABYTES, MOST_ZIPPED_MEGABYTES = 10.0, 4.0
# Lambda's processors are not ours (Architectures: arm64).
_NATIVE = {".so", ".pyd", ".dylib", ".dll", ".a", ".o"}


def pinned() -> dict[str, str]:
    """Return the version of each package that functions/requirements.txt names."""
    lines = (line.partition("#")[0].strip() for line in (FUNCTIONS / "requirements.txt").read_text().splitlines())
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(name): version for name, version in pairs}


def needed_by(names: Iterable[str]) -> dict[str, Distribution]:
    """Return the installed packages of these names, and all that they need."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found[name] = distribution(name)
            wanted = [Requirement(each) for each in found[name].requires or []]
            waiting += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def lay_out(folder: Path) -> None:
    """Put into `folder` what sam build would: the functions, and the packages that their requirements name."""
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FUNCTIONS, folder, ignore=without)
    for name in pinned():
        for path in _tops(distribution(name)):
            shutil.copytree(path, folder / path.name, ignore=without) if path.is_dir() else shutil.copy(path, folder)


def compile_all(folder: Path, python: str) -> None:
    """Compile what is in `folder` as `make build` does, for the Python at `python`."""
    makefile = (ROOT / "Makefile").read_text()
    (command,) = re.findall(r"-m (compileall .*?) \"\$\$folder\"", makefile)
    (left_out,) = re.findall(r"^NEVER_IMPORTED := '(.*)'$", makefile, re.MULTILINE)
    options = command.replace("$(NEVER_IMPORTED)", shlex.quote(left_out))
    subprocess.run([python, "-m", *shlex.split(options), str(folder)], check=True)


def link(folder: Path, names: Iterable[str]) -> None:
    """Link into `folder` what is installed of packages."""
    folder.mkdir()
    for name in names:
        for path in _tops(distribution(name)):
            (folder / path.name).symlink_to(path)


def _tops(package: Distribution) -> Iterator[Path]:
    """Yield the files and folders that a package has directly under site-packages."""
    tops = {path.parts[0] for path in package.files or [] if path.suffix != ".pyc"}
    yield from (Path(str(package.locate_file(top))) for top in sorted(tops - {"..", "__pycache__"}))


def misplaced(folder: Path, tag: str = "cpython-313") -> list[str]:
    """Return which files should not be uploaded, and what is missing, a line each; byte code is of the Python `tag`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = [f"{path.relative_to(folder)} is native code" for path in files if _is_native(path)]
    found += [
        f"{path.relative_to(folder)} is byte code of something else"
        for path in files
        if path.suffix == ".pyc" and not _source_of(path, tag).exists()
    ]
    expected = LIBRARIES | {*HANDLERS, "kobo_sms"}
    tops = {path.name.removesuffix(".py") for path in folder.iterdir() if not _is_metadata(path)}
    found += [f"{top} does not belong there" for top in sorted(tops - expected - {"requirements.txt", "__pycache__"})]
    return found + [f"{top} is missing" for top in sorted(expected - tops)]


def _source_of(byte_code: Path, tag: str) -> Path:
    return byte_code.parents[1] / f"{byte_code.name.removesuffix(f'.{tag}.pyc')}.py"


def _is_native(path: Path) -> bool:
    return bool(_NATIVE & set(path.suffixes))


def _is_metadata(path: Path) -> bool:
    return re.search(r"\.(dist-info|data)$", path.name) is not None


def without_byte_code(files: Iterable[str], folder: Path, tag: str) -> list[str]:
    """Return which of the modules in these files would be compiled in each cold start, for lack of byte code."""
    modules = [Path(file) for file in files if file.startswith(str(folder))]
    return [str(path) for path in modules if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists()]


def oversized(folder: Path) -> list[str]:
    """Return what is too large, one line each."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(folder))
    sizes = {
        "unpacked": (sum(path.stat().st_size for path in files) / 1e6, MOST_MEGABYTES),
        "zipped": (len(buffer.getvalue()) / 1e6, MOST_ZIPPED_MEGABYTES),
    }
    return [f"{name}: {size:.1f} MB, at most {most}" for name, (size, most) in sizes.items() if size > most]


def modules_after_import(handler: str, python: list[str], path: list[Path]) -> dict[str, str]:
    """Import a handler in an interpreter with a path of its own; return the file of each module that it then has."""
    code = f"""
import json, sys
sys.path[:0] = {[str(each) for each in path]!r}
import {handler}.handler as handler
assert callable(handler.handle)
files = {{name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}}
print(json.dumps(files))
"""
    done = subprocess.run([*python, "-c", code], env={}, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found
