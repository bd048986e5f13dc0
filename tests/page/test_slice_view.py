import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.wording import MAP_EXPLANATIONS
from tests.page.driver import all_markdown, click, headlines, pictures, png, send, upload
from tests.scripted import ScriptedClassifier


def test_a_picture_that_was_not_analysed_never_looks_like_a_clean_scan(page: AppTest) -> None:
    colour = send(page, [upload("colour.png", png((250, 40, 10)))])
    assert headlines(colour) == ["Not analysed"]
    assert "Not analysed - not a brain MRI" in all_markdown(colour)
    assert ":gray[Final class No Tumor by rule, no confidence]" in all_markdown(colour)
    assert "Probability (not meaningful)" in colour.table[0].value.columns
    assert all(str(cell).startswith(":gray[") for cell in colour.table[0].value["Class"])
    assert list(colour.dataframe[0].value["answer"]) == ["Not analysed"]


def test_a_clear_and_an_uncertain_answer_differ_in_words(page: AppTest) -> None:
    send(page, [upload("doubt.png")])
    assert "needs a human look" in all_markdown(page)
    click(page, "Clear all")
    send(page, [upload("clear.png")])
    assert "needs a human look" not in all_markdown(page)


def test_a_certain_answer_is_no_quotation_in_the_table(page: AppTest) -> None:
    # "> 99.9 %" in a cell is Markdown for a quotation, which the page showed as a smaller "99.9 %".
    send(page, [upload("sure.png")])
    assert str(page.table[0].value["Probability"].iloc[0]).startswith("\\>")


def choose(page: AppTest, kind: MapKind | None) -> AppTest:
    page.radio[0].set_value(kind).run()
    assert not page.exception
    return page


def test_an_image_with_maps_is_shown_plain_until_a_map_is_chosen(page: AppTest) -> None:
    send(page, [upload("mapped.png")])
    assert page.radio[0].options == ["none", "why (saliency)", "where (location)"]
    assert page.radio[0].value is None
    assert not page.slider
    assert MAP_EXPLANATIONS[MapKind.SALIENCY] not in all_markdown(page)


@pytest.mark.parametrize("kind", MapKind)
def test_a_chosen_map_is_named_and_explained_and_the_other_is_not(page: AppTest, kind: MapKind) -> None:
    choose(send(page, [upload("mapped.png")]), kind)
    (other,) = set(MapKind) - {kind}
    assert MAP_EXPLANATIONS[kind] in all_markdown(page)
    assert MAP_EXPLANATIONS[other] not in all_markdown(page)
    assert len(page.slider) == 1


def test_a_map_can_be_put_away_again(page: AppTest) -> None:
    choose(choose(send(page, [upload("mapped.png")]), MapKind.LOCATION), None)
    assert not page.slider


def test_a_chosen_map_draws_another_picture_without_another_answer(page: AppTest, scripted: ScriptedClassifier) -> None:
    (plain,) = pictures(send(page, [upload("mapped.png")]))
    (half,) = pictures(choose(page, MapKind.SALIENCY))
    (full,) = pictures(page.slider[0].set_value(1.0).run())
    assert len({plain, half, full}) == 3
    assert scripted.calls == ["mapped.png"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mapped.png", "Location found: the map reaches 80.0 %"),
        ("faint.png", "No location found."),
        ("healthy-mapped.png", "No location: the class shown is No Tumor."),
        ("plain.png", "This model file has no heat maps."),
    ],
)
def test_whether_a_tumor_was_located_is_said_in_words(page: AppTest, name: str, said: str) -> None:
    assert said in all_markdown(send(page, [upload(name)]))


def test_no_tumor_offers_no_location(page: AppTest) -> None:
    assert send(page, [upload("healthy-mapped.png")]).radio[0].options == ["none", "why (saliency)"]


@pytest.mark.parametrize(("name", "data"), [("plain.png", None), ("mapped.png", png((250, 40, 10)))])
def test_without_a_map_to_show_there_is_nothing_to_choose(page: AppTest, name: str, data: bytes | None) -> None:
    assert not send(page, [upload(name, data)]).radio


def test_two_images_of_the_same_name_have_a_choice_each(page: AppTest) -> None:
    send(page, [upload("mapped.png"), upload("mapped.png")])
    page.radio[1].set_value(MapKind.LOCATION).run()
    assert [radio.value for radio in page.radio] == [None, MapKind.LOCATION]


def test_the_saliency_of_another_class_says_that_it_is_not_the_final_one(page: AppTest) -> None:
    choose(send(page, [upload("mapped.png")]), MapKind.SALIENCY)
    assert page.selectbox[0].value is Label.GLIOMA
    (final,) = pictures(page)
    page.selectbox[0].set_value(Label.NO_TUMOR).run()
    assert "which is not the final class, **Glioma**" in all_markdown(page)
    assert "**Heat map: why (saliency) for No Tumor.**" in all_markdown(page)
    assert pictures(page) != [final]
