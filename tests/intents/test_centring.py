import numpy as np

from intents import centring

KOREAN = [f"질문 {number}" for number in range(centring.ENOUGH)]
ENGLISH = [f"question {number}" for number in range(centring.ENOUGH)]


def vectors(rng: np.random.Generator, shared: list[float], count: int) -> np.ndarray:
    return (np.array(shared) + 0.1 * rng.standard_normal((count, 3))).astype(np.float32)


def test_centre_takes_off_what_a_language_shares() -> None:
    rng = np.random.default_rng(1)
    matrix = np.vstack([vectors(rng, [5, 0, 0], len(KOREAN)), vectors(rng, [0, 5, 0], len(ENGLISH))])
    texts = [*KOREAN, *ENGLISH]

    centred = centring.centre(matrix, texts).centred(matrix, texts)

    # Left alone, two sentences of one language would all but coincide.
    assert abs(float((centred[:30] @ centred[:30].T).mean())) < 0.2
    assert np.allclose(np.linalg.norm(centred, axis=1), 1, atol=1e-5)


def test_centre_brings_languages_together() -> None:
    rng = np.random.default_rng(2)
    meaning = vectors(rng, [0, 0, 0], len(KOREAN))
    matrix = np.vstack([meaning + np.array(shared) for shared in ([5, 0, 0], [0, 5, 0])]).astype(np.float32)
    texts = [*KOREAN, *ENGLISH]

    centred = centring.centre(matrix, texts).centred(matrix, texts)

    assert np.allclose(centred[: len(KOREAN)], centred[len(KOREAN) :], atol=1e-4)


def test_centre_of_a_language_with_few_sentences_is_that_of_all() -> None:
    rng = np.random.default_rng(3)
    matrix = vectors(rng, [1, 2, 3], len(KOREAN) + 1)

    centre = centring.centre(matrix, [*KOREAN, "one English question"])

    assert np.allclose(centre.other, matrix.mean(axis=0))
    assert not np.allclose(centre.korean, centre.other)
