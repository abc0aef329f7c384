"""An operator's folder with an ONNX model; the tiny model is made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intents import encoder, onnx_folder, vectors
from intents.encoder import EncoderError

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[UNK]", "[CLS]", "[SEP]", "마감", "기한", "저작권", "query", ":"]
#: One row a word: deadline and its synonym share a direction.
TABLE = np.array(
    [
        [0, 0, 0, 1],
        [0, 0, 1, 0],
        [0, 0, 1, 0],
        [5, 0, 0, 0],
        [4, 1, 0, 0],
        [0, 5, 0, 0],
        [0, 0, 0, 2],
        [0, 0, 0, 1],
    ],
    dtype=np.float32,
)

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a folder with a word-vector model, its tokenizer and further JSON files."""

    def written(
        name: str = "tiny", *, model: str = "model.onnx", strange: str | None = None, **files: Any
    ) -> Path:
        folder = tmp_path / name
        for below, content in files.items():
            path = folder / (below.replace("__", "/") + ".json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content), "utf-8")
        path = folder / model
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_model(strange))
        _tokenizer().save(str(folder / "tokenizer.json"))
        return folder

    return written


def _model(strange: str | None) -> bytes:
    helper, kind = onnx.helper, onnx.TensorProto
    names = ["input_ids", "attention_mask", *([strange] if strange else [])]
    inputs = [helper.make_tensor_value_info(name, kind.INT64, ["batch", "length"]) for name in names]
    output = helper.make_tensor_value_info("last_hidden_state", kind.FLOAT, ["batch", "length", 4])
    table = onnx.numpy_helper.from_array(TABLE, "table")
    gather = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    graph = helper.make_graph([gather], "tiny", inputs, [output], [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    written: bytes = model.SerializeToString()
    return written


def _tokenizer() -> Any:
    known = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(known, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def unit(*rows: int) -> np.ndarray[Any, Any]:
    mean = TABLE[list(rows)].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def test_folder_is_an_encoder(make: Make) -> None:
    (one,) = encoder.available(str(make()))
    rows = one.encode(["마감", "기한", "저작권"])

    assert rows.dtype == np.float32
    assert rows.shape == (3, 4)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert np.allclose(rows[0], unit(1, 3, 2), atol=1e-6)


def test_bulk_gives_the_vectors_of_each_text_alone(make: Make) -> None:
    one = onnx_folder.OnnxFolder(make())
    texts = ["마감", "저작권 기한", "기한 마감 저작권", ""] * 8

    assert np.array_equal(one.encode(texts), np.vstack([one.encode([text]) for text in texts]))


def test_nothing_is_encoded_to_nothing(make: Make) -> None:
    assert onnx_folder.OnnxFolder(make()).encode([]).shape == (0, 0)


def test_text_that_is_no_text_is_encoded(make: Make) -> None:
    assert np.isfinite(onnx_folder.OnnxFolder(make()).encode(["\ud800\x00"])).all()


@pytest.mark.parametrize(
    ("files", "pooling", "prefix", "tokens"),
    [
        ({}, "mean", "", 512),
        (
            {"1_Pooling__config": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}},
            "cls",
            "",
            512,
        ),
        ({"1_Pooling__config": {"pooling_mode": "cls"}}, "cls", "", 512),
        ({"config_sentence_transformers": {"prompts": {"query": "query: "}}}, "mean", "query: ", 512),
        ({"config": {"_name_or_path": "intfloat/multilingual-e5-small"}}, "mean", "query: ", 512),
        ({"sentence_bert_config": {"max_seq_length": 128}}, "mean", "", 128),
        (
            {
                "contestdesk": {"pooling": "cls", "prefix": "x ", "max_tokens": 9},
                "1_Pooling__config": {"pooling_mode": "mean"},
            },
            "cls",
            "x ",
            9,
        ),
    ],
)
def test_layout_is_found_from_the_folder(
    make: Make, files: dict[str, Any], pooling: str, prefix: str, tokens: int
) -> None:
    found = onnx_folder.layout(make(**files))

    assert (found.pooling, found.prefix, found.max_tokens) == (pooling, prefix, tokens)


def test_cls_pooling_takes_the_first_token(make: Make) -> None:
    one = onnx_folder.OnnxFolder(make(contestdesk={"pooling": "cls"}))

    assert np.allclose(one.encode(["마감"])[0], unit(1), atol=1e-6)


def test_prefix_stands_before_every_text(make: Make) -> None:
    one = onnx_folder.OnnxFolder(make("e5-tiny"))

    assert np.allclose(one.encode(["마감"])[0], unit(1, 6, 7, 3, 2), atol=1e-6)


def test_long_text_is_cut(make: Make) -> None:
    one = onnx_folder.OnnxFolder(make(contestdesk={"max_tokens": 3}))

    assert np.allclose(one.encode(["마감 저작권 저작권"])[0], unit(1, 3, 2), atol=1e-6)


@pytest.mark.parametrize("model", ["onnx/model.onnx", "model_quantized.onnx"])
def test_model_is_found_where_exporters_put_it(make: Make, model: str) -> None:
    assert onnx_folder.layout(make(model=model)).model.as_posix().endswith(model)


def test_id_names_the_folder_and_changes_with_weights_and_options(make: Make) -> None:
    first = onnx_folder.OnnxFolder(make("one"))
    pooled = onnx_folder.OnnxFolder(make("one", contestdesk={"pooling": "cls"}))
    folder = make("one")
    (folder / "model.onnx").write_bytes(_model(None) + b"\x00")
    (folder / "contestdesk.json").unlink()
    weighed = onnx_folder.OnnxFolder(folder)

    assert first.id.startswith("one-")
    assert len({first.id, pooled.id, weighed.id}) == 3


def test_vectors_are_cached_by_id(make: Make, tmp_path: Path) -> None:
    one = onnx_folder.OnnxFolder(make())
    first = vectors.vectors(one, ["마감"], cache=tmp_path / "cache")
    (tmp_path / "tiny" / "model.onnx").unlink()

    assert np.array_equal(vectors.vectors(one, ["마감"], cache=tmp_path / "cache"), first)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"contestdesk": {"modell": "x"}}, r"contestdesk\.json: unknown key 'modell'"),
        ({"contestdesk": {"model": "other.onnx"}}, r"other\.onnx: no such file"),
        ({"contestdesk": {"pooling": "max"}}, "pooling 'max' is not supported"),
        ({"contestdesk": {"max_tokens": "many"}}, "'many' is no number of tokens"),
        ({"1_Pooling__config": {"pooling_mode_max_tokens": True}}, "pooling_mode_max_tokens"),
        ({"modules": [{"type": "sentence_transformers.models.Dense"}]}, r"modules\.json: module 'Dense'"),
    ],
)
def test_folder_that_cannot_be_used_is_refused_by_name(make: Make, files: dict[str, Any], told: str) -> None:
    with pytest.raises(EncoderError, match=told):
        onnx_folder.OnnxFolder(make(**files))


@pytest.mark.parametrize("lost", ["model.onnx", "tokenizer.json"])
def test_missing_file_is_named(make: Make, lost: str) -> None:
    folder = make()
    (folder / lost).unlink()

    with pytest.raises(EncoderError, match=rf"{lost}: no such file"):
        onnx_folder.OnnxFolder(folder)


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json", "config.json"])
def test_broken_file_is_named(make: Make, broken: str) -> None:
    folder = make()
    (folder / broken).write_bytes(b"{torn")

    with pytest.raises(EncoderError, match=rf"{broken}: cannot be (read|loaded)"):
        onnx_folder.OnnxFolder(folder).encode(["마감"])


def test_model_of_another_kind_is_refused(make: Make) -> None:
    with pytest.raises(EncoderError, match="wants an input 'pixel_values'"):
        onnx_folder.OnnxFolder(make(strange="pixel_values")).encode(["마감"])


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="there is no such folder"):
        encoder.available(str(tmp_path / "nowhere"))
