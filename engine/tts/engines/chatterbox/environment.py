"""What the package needs around it, and what it must not do to the process that it runs in.

Knows: faults of chatterbox-tts 0.1.7 and of what it imports, each seen on a real installation.
Does not know: models.

- resemble-perth 1.0.1 asks `pkg_resources` where its own folder is; setuptools 82 took that away,
  and then it says nothing and has no watermarker.
- torchaudio from PyPI is linked to CUDA and fails to import beside a torch without it. The package
  needs only its parts that are written in Python (resampling, filter banks).
- upstream prints, and draws progress bars, into whatever terminal the host has.
- the libraries write to standard error by handlers of their own.

No file of anyone's is changed. Everything here may be done twice.
"""

import importlib
import importlib.util
import logging
import os
import sys
import types
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from engine.base.error_text import own_words
from engine.model.errors import SetupError
from engine.tts.engines.catalog import check_installed, needs_extra

log = structlog.get_logger(__name__)

#: Read by the libraries when they are imported.
_VARIABLES: Final = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",  # its threads, begun before a fork, make it warn
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
    """Import the package, so that it works and keeps quiet. Raises SetupError without it."""
    check_installed(engine)
    os.environ.update(_VARIABLES)
    _heed_no_warnings()
    mend_torchaudio()
    with pkg_resources():
        perth = importlib.import_module("perth")
    if perth.PerthImplicitWatermarker is None:  # it swallows its own ImportError
        raise SetupError(f"The watermarker does not load: resemble-perth. {needs_extra(engine)}")
    try:
        importlib.import_module("chatterbox")
    except ImportError as error:
        raise SetupError(f"Chatterbox does not load: {error}. {needs_extra(engine)}") from error
    hush()


def _heed_no_warnings() -> None:
    """Deprecations within the libraries: nobody here can heed them."""
    for library in ("diffusers", "torch", "transformers", "perth", "librosa", "chatterbox"):
        for category in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.filterwarnings("ignore", category=category, module=rf"{library}\b")
    # These are raised in the name of whoever calls: us, importlib, contextlib.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    warnings.filterwarnings("ignore", message=".*LoRACompatibleLinear")
    warnings.filterwarnings("ignore", message=r".*sdp_kernel\(\)")


def mend_torchaudio() -> None:
    """Import torchaudio; where its C++ part cannot be loaded, without that part."""
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
    """Within the block there is a `pkg_resources` with what perth asks of it, if there is none.

    Not for longer: others try to import it, and take the whole of it for granted.
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


def hush() -> None:
    """What the package would print is printed by nobody, and no bars are drawn. The log does not
    have it either: it may repeat what is spoken.

    The names `print` and `tqdm` are given another meaning in its modules alone: standard output
    itself is shared by all threads, and stays as it is.
    """
    for name in _LOUD:
        module: Any = importlib.import_module(name)
        module.print = _say
        if hasattr(module, "tqdm"):
            module.tqdm = _without_bar
        if getattr(module, "logging", None) is logging:
            module.logging = _ITS_LOGGER  # else it warns as the root of all
    # Its analysis of alignment warns at every other token, its encoder at most recordings.
    _ITS_LOGGER.setLevel(logging.ERROR)
    for library in ("transformers", "diffusers", "huggingface_hub"):
        logger = logging.getLogger(library)
        logger.handlers.clear()  # they write to standard error, past our log
        logger.propagate = True
        logger.setLevel(logging.WARNING)


def _say(*_: object, **__: object) -> None: ...


def _without_bar(items: Iterable[Any], *_: object, **__: object) -> Iterable[Any]:
    return items
