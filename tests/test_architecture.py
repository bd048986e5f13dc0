"""The direction of imports, one adapter for each outside library, a test file for each module: tables are the rules."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# Modules and subpackages of the runtime. Each imports from itself and from those before it.
ORDER = (
    "version labels problems errors extras csv_reader atomic_write output_lock input model configuration decision "
    "classifier presentation tables dicom_out arguments evaluation prediction watch fit_check "
    "service dicom_node cli __main__"
).split()

# Library -> the only modules, or folders ending in a slash, that may import it.
ONLY_IN: dict[str, dict[str, tuple[str, ...]]] = {
    "brain_tumor": {
        "ai_edge_litert": ("model/litert.py",),
        "openvino": ("model/openvino.py",),
        "PIL": (
            "input/raster.py",
            "input/deep_colour.py",
            "input/tiff_floats.py",
            "input/preprocess.py",
            "input/volume.py",
            "presentation/",
        ),
        "h5py": ("input/matlab.py",),
        "pillow_heif": ("input/heif.py",),
        "nibabel": ("input/nifti.py", "input/mgh.py", "input/siemens_mosaic.py"),
        "pydicom": (
            "input/dicom.py",
            "input/dicom_file.py",
            "input/sop_classes.py",
            "input/dicom_frames.py",
            "input/dicom_facts.py",
            "input/siemens_mosaic.py",
            "input/dicom_pixels.py",
            "input/dicom_compressed.py",
            "dicom_out/",
            "dicom_node/network.py",
        ),
        "highdicom": ("dicom_out/",),
        "pynetdicom": ("dicom_node/network.py",),
        "dicomweb_client": ("prediction/dicomweb.py",),
        "requests": ("prediction/dicomweb.py",),
        # In a process of its own, for it ends its process on some damaged files.
        "gdcm": ("input/gdcm_worker.py",),
        "sklearn": ("evaluation/metrics.py",),
        # Statistics in one module; filters where pictures are changed on purpose.
        "scipy": (
            "evaluation/metrics.py",
            "evaluation/paired.py",
            "evaluation/foreign.py",
            "evaluation/fill.py",
            "evaluation/corruptions.py",
            "evaluation/kspace.py",
        ),
        "matplotlib": ("evaluation/figures.py",),
        "jinja2": ("presentation/html_template.py",),
        "reportlab": ("presentation/report/pdf.py",),
        "pandas": ("tables/dataframe.py",),
        "pyarrow": ("tables/parquet.py", "input/object_store.py"),
        "ray": ("prediction/ray_executor.py",),
        "fastapi": ("service/app.py",),
        "starlette": ("service/app.py",),
        "uvicorn": ("service/server.py",),
        "python_multipart": ("service/multipart.py",),
        "prometheus_client": ("service/metrics.py",),
    },
    "brain_tumor_training": {
        # Gradients are each backend's own: compare_maps checks the exported maps with TensorFlow's.
        "tensorflow": ("serving.py", "convert.py", "compare_maps.py"),
        # What a converted network holds, and what it answers.
        "ai_edge_litert": ("exported.py", "light_backbone.py", "quantize.py"),
        "ai_edge_quantizer": ("quantize.py",),
        "kagglehub": ("dataset.py",),
        "mlflow": ("training_log.py",),
        "torch": ("data_parallel.py",),
        "tf2onnx": ("onnx_file.py",),
        "onnxruntime": ("onnx_file.py",),
    },
}
NEVER = {
    "brain_tumor": {"tensorflow", "keras", "streamlit", "brain_tumor_training"},
    "brain_tumor_training": {"streamlit"},
}


# Modules with functions and without a test file of their own, and why.
WITHOUT_TEST = {
    "brain_tumor/input/archive_entry.py": "a value, and an error that test_zip_archive.py and test_tar_archive.py meet",
    "brain_tumor/input/gdcm_worker.py": "a program of its own, which test_dicom_gdcm.py runs",
    "brain_tumor/presentation/data_uri.py": "one expression",
    "brain_tumor/version.py": "one expression",
}


def broken_rules(source: Path) -> list[str]:
    """Every broken rule in a folder that holds the two packages, one line each; empty when all hold."""
    files = {_module_name(path, source): path for package in NEVER for path in (source / package).rglob("*.py")}
    needs = {module: set(_imports(path, source)) for module, path in files.items()}
    broken = []
    for module, names in needs.items():
        package = module.partition(".")[0]
        file = files[module].relative_to(source / package).as_posix()
        for library in sorted({name.partition(".")[0] for name in names}):
            if library in NEVER[package]:
                broken.append(f"{package}/{file} imports {library}, which {package} never does")
            adapters = ONLY_IN[package].get(library)
            if adapters and not any(
                file == adapter or (adapter.endswith("/") and file.startswith(adapter)) for adapter in adapters
            ):
                broken.append(f"{package}/{file} imports {library}, whose adapter is {' or '.join(adapters)}")
    inside = {module: {_resolve(name, files) for name in names} - {None, module} for module, names in needs.items()}
    broken += _against_the_order(inside)
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        broken.append(f"import cycle: {' - '.join(error.args[1])}")
    return broken


def _against_the_order(inside: dict[str, set[str | None]]) -> Iterator[str]:
    for module, targets in inside.items():
        if not _is_inside_runtime(module):
            continue  # brain_tumor/__init__.py shows the public names, so it may import anything
        if _part(module) not in ORDER:
            yield f"{module} is not in ORDER"
            continue
        for target in targets:
            if target == "brain_tumor":
                yield f"{module} imports the package's front, brain_tumor, instead of the module it needs"
            elif target and _is_inside_runtime(target) and _rank(target) > _rank(module):
                yield f"{module} imports {target}, to the right of it"


def _is_inside_runtime(module: str) -> bool:
    return module.startswith("brain_tumor.")


def _part(module: str) -> str:
    return module.split(".")[1]


def _rank(module: str) -> int:
    return ORDER.index(_part(module)) if _part(module) in ORDER else len(ORDER)


def _module_name(path: Path, source: Path) -> str:
    return ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path, source: Path) -> Iterator[str]:
    """Full dotted name of everything that a file imports, at its top or inside a function."""
    package = path.relative_to(source).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, alias.name]) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant))


def _resolve(name: str, modules: dict[str, Path]) -> str | None:
    """The module of ours that an imported name lies in; None for a library's."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def test_the_sources_keep_every_rule() -> None:
    broken = broken_rules(SOURCE)
    assert not broken, "\n".join(broken)


def test_tests_lie_as_the_sources_do() -> None:
    tests = {"brain_tumor": "tests", "brain_tumor_training": "tests/training", "page": "tests/page"}
    root, missing = SOURCE.parent, set[str]()
    for package, folder in tests.items():
        base = root / package if package == "page" else SOURCE / package
        for path in base.rglob("*.py"):
            below = path.relative_to(base)
            test = root / folder / below.with_name(f"test_{below.name}")
            if not path.name.startswith("__") and not test.exists() and _has_functions(path):
                missing.add(f"{package}/{below.as_posix()}")
    assert missing == set(WITHOUT_TEST)


def _has_functions(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in nodes)


GOOD = {
    "brain_tumor/__init__.py": "from brain_tumor.classifier import Classifier",
    "brain_tumor/errors.py": "class BrainTumorError(Exception): ...",
    "brain_tumor/input/__init__.py": "",
    "brain_tumor/input/scan.py": "import numpy as np",
    "brain_tumor/input/raster.py": "import PIL\nfrom .scan import Scan\nfrom ..errors import ScanError",
    "brain_tumor/model/litert.py": "from ai_edge_litert.interpreter import Interpreter",
    "brain_tumor/classifier.py": "from brain_tumor.input import raster\nimport brain_tumor.model.litert",
    "brain_tumor_training/dataset.py": "import kagglehub\nfrom brain_tumor import Classifier",
    "brain_tumor_training/serving.py": "def write() -> None:\n    import tensorflow as tf",
}


def _write_tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_tree_that_keeps_the_rules_passes(tmp_path: Path) -> None:
    assert broken_rules(_write_tree(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("brain_tumor/input/scan.py", "from brain_tumor.classifier import Result", "to the right of it"),
        ("brain_tumor/input/scan.py", "from ..model import litert", "to the right of it"),
        ("brain_tumor/input/scan.py", "from brain_tumor import classifier", "to the right of it"),
        (
            "brain_tumor/errors.py",
            "def f() -> None:\n    import brain_tumor.input.scan",
            "to the right of it",
        ),
        ("brain_tumor/input/scan.py", "from brain_tumor import Classifier", "the package's front"),
        ("brain_tumor/input/scan.py", "from .raster import read_raster", "import cycle"),
        ("brain_tumor/utils.py", "", "is not in ORDER"),
        ("brain_tumor/classifier.py", "import ai_edge_litert", "whose adapter is model/litert.py"),
        ("brain_tumor/model/choice.py", "import openvino", "whose adapter is model/openvino.py"),
        ("brain_tumor/classifier.py", "from PIL import Image", "whose adapter is input/raster.py"),
        ("brain_tumor/classifier.py", "import pydicom", "input/dicom.py"),
        ("brain_tumor/input/dicom.py", "import gdcm", "whose adapter is input/gdcm_worker.py"),
        ("brain_tumor/evaluation/run.py", "from sklearn.metrics import f1_score", "evaluation/metrics.py"),
        ("brain_tumor/evaluation/run.py", "from scipy.ndimage import label", "evaluation/metrics.py"),
        ("brain_tumor/evaluation/run.py", "import matplotlib.pyplot", "evaluation/figures.py"),
        ("brain_tumor/evaluation/run.py", "import jinja2", "presentation/html_template.py"),
        ("brain_tumor/presentation/wording.py", "import reportlab.pdfgen", "presentation/report/pdf.py"),
        ("brain_tumor/model/keras.py", "import tensorflow.lite", "never"),
        ("brain_tumor/model/keras.py", "from keras import Model", "never"),
        ("brain_tumor/model/keras.py", "import importlib\nimportlib.import_module('keras')", "never"),
        ("brain_tumor/cli.py", "import streamlit as st", "never"),
        ("brain_tumor/cli.py", "from brain_tumor_training import cli", "never"),
        ("brain_tumor_training/train.py", "import tensorflow", "whose adapter is serving.py"),
        ("brain_tumor_training/train.py", "import kagglehub", "whose adapter is dataset.py"),
        ("brain_tumor_training/train.py", "import ai_edge_litert", "whose adapter is exported.py"),
        ("brain_tumor_training/cli.py", "import streamlit", "never"),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    broken = broken_rules(_write_tree(tmp_path, GOOD | {file: text}))
    assert any(complaint in line for line in broken), broken


@pytest.mark.parametrize("module", ["brain_tumor", "brain_tumor.cli"])
def test_a_cold_start_loads_nothing_heavy(module: str) -> None:
    # In a program of its own: this one may have loaded anything by now.
    heavy = (
        "tensorflow keras streamlit sklearn matplotlib openvino jinja2 reportlab nibabel pydicom pandas pyarrow "
        "fastapi starlette uvicorn prometheus_client".split()
    )
    program = f"import sys, {module}; print(*sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
