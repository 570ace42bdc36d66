"""Repairs chatterbox-tts 0.1.7 and what it imports, and keeps them quiet. Each fault was seen on a
real installation:

- resemble-perth 1.0.1 asks `pkg_resources` for its own folder; setuptools 82 removed that module,
  and then it silently has no watermarker.
- torchaudio from PyPI is linked to CUDA and fails to import beside a torch without it. The package
  needs only its parts that are written in Python (resampling, filter banks).
- upstream prints, and draws progress bars, into the server's terminal.
- the libraries write to standard error by handlers of their own.

No file is changed. Calling these functions twice does no harm.
"""

import importlib
import importlib.util
import logging
import os
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from engine.base.error_text import own_words
from engine.model.errors import SetupError
from engine.tts.engines.catalog import check_installed, needs_extra

log = structlog.get_logger(__name__)

#: The libraries read them when they are imported.
_VARIABLES: Final = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",  # with threads before a fork it warns
}
#: Modules that print or draw bars when they are used.
_LOUD: Final = (
    *("chatterbox.tts", "chatterbox.tts_turbo", "chatterbox.mtl_tts", "chatterbox.models.t3.t3"),
    *("chatterbox.models.s3gen.s3gen", "chatterbox.models.s3gen.flow_matching"),
    *("chatterbox.models.s3gen.hifigan", "perth.config"),
    "perth.perth_net.perth_net_implicit.model.perth_net",
)
_ITS_LOGGER: Final = logging.getLogger("chatterbox")


def prepare(engine: str = "chatterbox") -> None:
    """Import the package so that it works and is quiet. Raises SetupError without it."""
    check_installed(engine)
    os.environ.update(_VARIABLES)
    _ignore_warnings()
    repair_torchaudio()
    with pkg_resources():
        perth = importlib.import_module("perth")
    if perth.PerthImplicitWatermarker is None:  # it swallows its own ImportError
        raise SetupError(f"The watermarker does not load: resemble-perth. {needs_extra(engine)}")
    try:
        importlib.import_module("chatterbox")
    except ImportError as error:
        raise SetupError(f"Chatterbox does not load: {error}. {needs_extra(engine)}") from error
    silence()


def _ignore_warnings() -> None:
    """Nobody here can fix deprecations within the libraries."""
    for library in ("diffusers", "torch", "transformers", "perth", "librosa", "chatterbox"):
        for category in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.filterwarnings("ignore", category=category, module=rf"{library}\b")
    # These name their caller: us, importlib, contextlib.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    warnings.filterwarnings("ignore", message=".*LoRACompatibleLinear")
    warnings.filterwarnings("ignore", message=r".*sdp_kernel\(\)")


def repair_torchaudio() -> None:
    """Import torchaudio, without its C++ part where that cannot be loaded."""
    try:
        importlib.import_module("torchaudio")
    except OSError as error:  # a shared library is missing: libcudart.so
        reason = own_words(error)
    else:
        return
    for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
        del sys.modules[name]
    extension = types.ModuleType("torchaudio._extension")
    vars(extension).update(
        __path__=[],
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=lambda function: function,
    )
    sys.modules["torchaudio._extension"] = extension
    sys.modules["torchaudio._extension.utils"] = types.ModuleType("torchaudio._extension.utils")
    importlib.import_module("torchaudio")
    log.info("torchaudio runs without its C++ part", reason=reason)


@contextmanager
def pkg_resources() -> Iterator[None]:
    """Within the block there is a `pkg_resources` with what perth needs of it, if there is none.

    Not for longer: other packages try to import it, and expect all of it.
    """
    if "pkg_resources" in sys.modules or importlib.util.find_spec("pkg_resources") is not None:
        yield
        return

    def resource_filename(package: str, name: str) -> str:
        file = sys.modules[package].__file__
        assert file is not None, f"{package} has no file"
        return str(Path(file).parent / name)

    module = types.ModuleType("pkg_resources")
    vars(module).update(resource_filename=resource_filename)
    sys.modules["pkg_resources"] = module
    try:
        yield
    finally:
        del sys.modules["pkg_resources"]


def silence() -> None:
    """Keep the package from printing and from drawing bars. The log does not get it either: it may
    repeat the text.

    Only the names `print` and `tqdm` in its modules change: standard output itself is shared by all
    threads and stays as it is.
    """
    for name in _LOUD:
        module: Any = importlib.import_module(name)
        module.print = lambda *_, **__: None
        if hasattr(module, "tqdm"):
            module.tqdm = lambda items, *_, **__: items
        if getattr(module, "logging", None) is logging:
            module.logging = _ITS_LOGGER  # else it warns through the root logger
    # Its alignment analyzer warns at every other token, its encoder at most recordings.
    _ITS_LOGGER.setLevel(logging.ERROR)
    for library in ("transformers", "diffusers", "huggingface_hub"):
        logger = logging.getLogger(library)
        logger.handlers.clear()  # they write to standard error, not to our log
        logger.propagate = True
        logger.setLevel(logging.WARNING)
