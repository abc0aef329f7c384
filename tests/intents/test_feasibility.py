from intents import feasibility


def test_feasibility_reads_a_concrete_dataset() -> None:
    found = feasibility.read(
        "도로 사진 5만 장에 바운딩 박스 라벨링이 캐시미션으로 가능한가요? 얼굴이 찍혀 있습니다"
    )

    assert found is not None
    assert found.modality == ("image",)
    assert found.task == ("bounding box", "labelling")
    assert found.volume == "5만 장"
    assert found.personal_data is True
    assert found.missing == ("rights",)


def test_feasibility_of_no_named_data_is_a_general_question() -> None:
    assert feasibility.read("수집 가능 여부는 어떻게 여쭤보면 되나요?") is None


def test_feasibility_believes_that_data_are_anonymous() -> None:
    found = feasibility.read("can you transcribe anonymised patient recordings?")

    assert found is not None
    assert found.personal_data is False
