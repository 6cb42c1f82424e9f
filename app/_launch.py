"""Contents of `import whence`: the library's public names, the REST client and the command.

In the wheel app and explainers lie below this package; in a checkout they are siblings on the path.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.cli import main as main
    from app.client import Client as Client
    from app.client import ClientError as ClientError
    from app.train.callback import ReasonsCallback as ReasonsCallback
    from explainers import Attribution as Attribution
    from explainers import BadInput as BadInput
    from explainers import BadModel as BadModel
    from explainers import Explainer as Explainer
    from explainers import ExplainersError as ExplainersError
    from explainers import Panel as Panel
    from explainers import Prediction as Prediction
    from explainers import Question as Question
    from explainers import explain as explain
    from explainers import load_model as load_model
    from explainers import panel as panel
    from explainers import predict as predict

_OURS = {"Client": "app.client", "ClientError": "app.client", "main": "app.cli", "create_app": "app.main"}
_OURS |= {"ReasonsCallback": "app.train.callback"}
_PREFIX = f"{__name__}." if (Path(__file__).parent / "explainers").is_dir() else ""


def __getattr__(name: str) -> Any:
    if name in _OURS:
        return getattr(import_module(_PREFIX + _OURS[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("whence")
    if name.startswith("_") or name in ("app", "templates", "static"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PREFIX + "explainers"), name)


def __dir__() -> list[str]:
    return sorted((*_OURS, *import_module(_PREFIX + "explainers").__all__))
