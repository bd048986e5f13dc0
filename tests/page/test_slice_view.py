import pytest
from streamlit.testing.v1 import AppTest

from brain_tumor.labels import Label
from brain_tumor.presentation.heatmap import MapKind
from brain_tumor.presentation.wording import MAP_EXPLANATIONS
from page.slice_view import keep_figures_whole
from tests.page.driver import all_markdown, click, headlines, pictures, png, send, upload
from tests.scripted import ScriptedClassifier


def test_a_picture_that_was_not_analysed_never_looks_like_a_clean_scan(page: AppTest) -> None:
    colour = send(page, [upload("colour.png", png((250, 40, 10)))])
    assert headlines(colour) == ["Not analysed"]
    assert all_markdown(colour).count("The image is blank. Send another slice") == 1
    assert "Final class No Tumor by rule, no confidence: this does not mean that nothing is there." in all_markdown(
        colour
    )
    assert [expander.label for expander in colour.expander] == ["The network's numbers, which mean nothing here"]
    assert "Probability (not meaningful)" in colour.table[0].value.columns
    assert all(str(cell).startswith(":gray[") for cell in colour.table[0].value["Class"])
    send(page, [upload("colour.png", png((250, 40, 10)))])
    assert list(colour.dataframe[0].value["Answer"]) == ["Not analysed", "Not analysed"]


def test_a_clear_and_an_uncertain_answer_differ_in_words(page: AppTest) -> None:
    send(page, [upload("doubt.png")])
    assert "needs a human look" in all_markdown(page)
    click(page, "Yes, clear all")
    send(page, [upload("clear.png")])
    assert "needs a human look" not in all_markdown(page)


def test_a_certain_answer_is_no_quotation_in_the_table(page: AppTest) -> None:
    # "> 99.9 %" in a cell is Markdown for a quotation, which the page showed as a smaller "99.9 %".
    send(page, [upload("sure.png")])
    assert str(page.table[0].value["Probability"].iloc[0]).startswith("\\>")


def choose(page: AppTest, kind: MapKind | None) -> AppTest:
    page.segmented_control(key="map").set_value(kind or "none").run()
    assert not page.exception
    return page


def test_an_image_stands_plain_beside_its_location(page: AppTest) -> None:
    send(page, [upload("mapped.png")])
    assert page.segmented_control(key="map").options == ["where (location)", "why (saliency)", "none"]
    assert len(set(pictures(page))) == 2
    assert MAP_EXPLANATIONS[MapKind.LOCATION] in all_markdown(page)


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
    plain, where = pictures(send(page, [upload("mapped.png")]))
    still, half = pictures(choose(page, MapKind.SALIENCY))
    _, full = pictures(page.slider[0].set_value(1.0).run())
    assert still == plain
    assert len({plain, where, half, full}) == 4
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


def test_whether_a_tumor_was_located_is_not_said_of_the_other_map(page: AppTest) -> None:
    send(page, [upload("mapped.png")])
    assert "Location found" not in all_markdown(choose(page, MapKind.SALIENCY))


def test_a_model_without_a_location_map_offers_none(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.scripted.make_location", lambda peak: None)
    monkeypatch.setattr("tests.scripted.find_location", lambda output, rules: None)
    send(page, [upload("mapped.png")])
    assert page.segmented_control(key="map").options == ["why (saliency)", "none"]
    assert len(pictures(page)) == 2
    assert "This model file has no location map." in all_markdown(page)


def test_no_tumor_has_no_location_beside_it(page: AppTest) -> None:
    assert len(pictures(send(page, [upload("healthy-mapped.png")]))) == 1


@pytest.mark.parametrize(("name", "data"), [("plain.png", None), ("mapped.png", png((250, 40, 10)))])
def test_without_a_map_to_show_there_is_nothing_to_choose(page: AppTest, name: str, data: bytes | None) -> None:
    assert not send(page, [upload(name, data)]).segmented_control


def test_one_switch_changes_the_maps_of_all_images(page: AppTest) -> None:
    send(page, [upload("mapped.png"), upload("mapped.png")])
    assert len(pictures(page)) == 4
    assert len(pictures(choose(page, None))) == 2


def test_the_saliency_of_another_class_says_that_it_is_not_the_final_one(page: AppTest) -> None:
    choose(send(page, [upload("mapped.png")]), MapKind.SALIENCY)
    assert page.selectbox[0].value is Label.GLIOMA
    final = pictures(page)
    page.selectbox[0].set_value(Label.NO_TUMOR).run()
    assert "which is not the final class, **Glioma**" in all_markdown(page)
    assert "**Heat map: why (saliency) for No Tumor.**" in all_markdown(page)
    assert pictures(page) != final


def test_a_figure_and_its_signs_stay_on_one_line() -> None:
    assert keep_figures_whole("confidence > 99.9 % of 2") == "confidence >\u00a099.9\u00a0% of 2"
