"""An encoder from an operator's folder: ``model.onnx`` and ``tokenizer.json``, by onnxruntime.

The folder may be one of sentence-transformers as exported to ONNX: what its small JSON files say
about pooling, prompts and length is taken up. ``contestdesk.json`` in the folder overrules them:
``{"model": "model_quantized.onnx", "pooling": "mean" | "cls", "prefix": "query: ", "max_tokens": 512}``.
Vectors always leave with unit norm.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intents.encoder import BULK, EncoderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Where exporters put the model; the first that exists is taken.
MODELS = tuple(
    f"{below}{name}.onnx" for name in ("model", "model_quantized", "model_int8") for below in ("", "onnx/")
)
TOKENIZER = "tokenizer.json"
OVERRULES = "contestdesk.json"
POOLINGS = ("mean", "cls")
KEYS = ("model", "pooling", "prefix", "max_tokens")
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
#: Tokens read of one text where the folder states no length.
MAX_TOKENS = 512
#: Modules of sentence-transformers that are part of the model file or done here.
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a folder's model wants its texts, and where its files lie."""

    model: Path
    tokenizer: Path
    #: ``mean`` over the tokens, or ``cls``: the first one's vector.
    pooling: str
    #: Stands before every text, questions and phrasings alike.
    prefix: str
    max_tokens: int


def layout(folder: Path) -> Layout:
    """Find out what a folder holds; raises EncoderError naming the file that is missing or unreadable."""
    said = _json(folder / OVERRULES)
    unknown = sorted(said.keys() - set(KEYS))
    if unknown:
        raise EncoderError(f"{folder / OVERRULES}: unknown key {unknown[0]!r}; known are {', '.join(KEYS)}")
    names = (str(said["model"]),) if "model" in said else MODELS
    model = next((folder / name for name in names if (folder / name).is_file()), None)
    if model is None:
        raise EncoderError(f"{folder / names[0]}: no such file; put the ONNX export of the model there")
    if not (folder / TOKENIZER).is_file():
        raise EncoderError(f"{folder / TOKENIZER}: no such file; export the fast tokenizer beside the model")
    pooling = str(said.get("pooling", _pooling(folder)))
    if pooling not in POOLINGS:
        raise EncoderError(f"{folder}: pooling {pooling!r} is not supported; {OVERRULES} may say mean or cls")
    _refuse_unknown_modules(folder)
    length = said.get(
        "max_tokens", _json(folder / "sentence_bert_config.json").get("max_seq_length", MAX_TOKENS)
    )
    if not isinstance(length, int) or length < 2:
        raise EncoderError(f"{folder}: {length!r} is no number of tokens; {OVERRULES} may say max_tokens")
    return Layout(
        model=model,
        tokenizer=folder / TOKENIZER,
        pooling=pooling,
        prefix=str(said.get("prefix", _prefix(folder))),
        max_tokens=length,
    )


def _pooling(folder: Path) -> str:
    """Read sentence-transformers' pooling, in its old form or its new one; ``mean`` when it says nothing."""
    path = folder / "1_Pooling" / "config.json"
    said = _json(path)
    if "pooling_mode" in said:
        return str(said["pooling_mode"])
    chosen = [name for name, on in said.items() if name.startswith("pooling_mode_") and on is True]
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    if len(chosen) > 1:
        raise EncoderError(f"{path}: more than one pooling ({', '.join(sorted(chosen))}) is not supported")
    return names.get(chosen[0], chosen[0]) if chosen else "mean"


def _prefix(folder: Path) -> str:
    """Find the prompt of questions; E5 models want theirs whether or not the folder states it."""
    said = _json(folder / "config_sentence_transformers.json")
    prompts = said.get("prompts")
    if isinstance(prompts, dict) and prompts:
        named = prompts.get("query", prompts.get(said.get("default_prompt_name") or "", ""))
        return str(named or "")
    name = f"{folder.name} {_json(folder / 'config.json').get('_name_or_path', '')}"
    return "query: " if re.search(r"(?<![a-z0-9])e5(?![a-z0-9])", name.lower()) else ""


def _refuse_unknown_modules(folder: Path) -> None:
    path = folder / "modules.json"
    modules = _json(path).get("modules", [])
    for module in modules:
        kind = str(module.get("type", "")).rpartition(".")[2] if isinstance(module, dict) else ""
        if kind not in _KNOWN_MODULES:
            raise EncoderError(
                f"{path}: module {kind or module!r} stands behind the model and cannot be run here"
            )


def _json(path: Path) -> dict[str, Any]:
    """Read a small JSON file; empty when absent, a list under the file's own name."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path}: cannot be read ({error}); mend or remove it") from error
    return found if isinstance(found, dict) else {path.stem: found}


class OnnxFolder:
    """Encodes with the model of one folder; raises EncoderError when the folder lacks something."""

    def __init__(self, folder: Path) -> None:
        for package in ("onnxruntime", "tokenizers"):
            if importlib.util.find_spec(package) is None:
                raise EncoderError(f"{package} is not installed; install the extra 'onnx'")
        self._layout = layout(folder)
        self.id = f"{folder.resolve().name}-{_digest(self._layout)[:12]}"
        self._lock = threading.Lock()
        # Session and tokenizer are the packages' own shapeless business.
        self._session: Any = None
        self._tokenizer: Any = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) float32 of unit norm; raises EncoderError when the model cannot be used.

        A text is encoded alone, on one thread: padding would let its neighbours round it otherwise.
        A bulk of texts, as when the cache is filled, is spread over the cores; the vectors are the same.
        """
        import numpy as np

        self._load()
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        if len(texts) < BULK:
            rows = [self._encode(text) for text in texts]
        else:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                rows = list(pool.map(self._encode, texts))
        matrix = np.vstack(rows)
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.maximum(norms, 1e-9), dtype=np.float32)

    def _load(self) -> None:
        with self._lock:
            if self._session is None:
                self._tokenizer = _tokenizer(self._layout)
                self._session = _session(self._layout.model)

    def _encode(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        # A lone surrogate, which a broken mail can hold, is nothing that the tokenizer takes.
        told = self._layout.prefix + text.encode("utf-8", "replace").decode("utf-8")
        encoding = self._tokenizer.encode(told)
        given = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
            "position_ids": list(range(len(encoding.ids))),
        }
        if not encoding.ids:
            raise EncoderError(
                f"{self._layout.tokenizer}: gives no token for a text; it lacks its special tokens"
            )
        feed = {
            one.name: np.array([given[one.name]], dtype=np.int32 if "int32" in one.type else np.int64)
            for one in self._session.get_inputs()
        }
        name = _output(self._session, self._layout.model)
        try:
            (found,) = self._session.run([name], feed)
        except Exception as error:  # onnxruntime has an exception type of its own for each status
            raise EncoderError(f"{self._layout.model}: failed on a text ({_first(error)})") from error
        found = np.asarray(found, dtype=np.float32)[0]
        if found.ndim == 1:
            return np.asarray(found)
        return np.asarray(found[0] if self._layout.pooling == "cls" else found.mean(axis=0), dtype=np.float32)


def _digest(found: Layout) -> str:
    """SHA-256 over all that the vectors hang on: weights, tokenizer and how texts are given."""
    digest = hashlib.sha256()
    # Models above 2 GB keep their weights beside them, under one of these names.
    beside = (found.model.with_name(found.model.name + end) for end in ("_data", ".data"))
    for path in (found.model, *(path for path in beside if path.is_file()), found.tokenizer):
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise EncoderError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    digest.update(json.dumps([found.pooling, found.prefix, found.max_tokens]).encode())
    return digest.hexdigest()


def _tokenizer(found: Layout) -> Any:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(found.tokenizer))
    except Exception as error:  # the package raises bare Exception
        raise EncoderError(f"{found.tokenizer}: cannot be read ({_first(error)}); export it again") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(found.max_tokens)
    return tokenizer


def _session(model: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Its warnings go to stderr past our log; errors come as exceptions.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception type of its own for each status
        raise EncoderError(f"{model}: cannot be loaded ({_first(error)}); export it again") from error
    strange = sorted({one.name for one in session.get_inputs()} - set(INPUTS))
    if strange:
        raise EncoderError(f"{model}: wants an input {strange[0]!r}; known are {', '.join(INPUTS)}")
    _output(session, model)
    return session


def _output(session: Any, model: Path) -> str:
    """Name the output to take: a sentence's vector if the model gives one, else its tokens' vectors."""
    shapes = {one.name: len(one.shape or ()) for one in session.get_outputs()}
    for name in ("sentence_embedding", "last_hidden_state", "token_embeddings"):
        if shapes.get(name) in (2, 3):
            return name
    # Unnamed exports: tokens' vectors come first, a pooler that was trained for something else second.
    found = next((name for size in (3, 2) for name, own in shapes.items() if own == size), None)
    if found is None:
        raise EncoderError(f"{model}: none of its outputs ({', '.join(shapes)}) holds vectors")
    return str(found)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
