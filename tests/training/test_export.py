import hashlib
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="the export needs TensorFlow, which is not installed")

import numpy as np
from PIL import Image
from scipy.special import expit

from brain_tumor.classifier import Classifier, load_classifier
from brain_tumor.decision.verdict import Status
from brain_tumor.errors import DatasetError, ModelFileError
from brain_tumor.input.preprocess import to_tensor
from brain_tumor.input.reader import read_scan
from brain_tumor.labels import LABELS, Label
from brain_tumor.model.model_file import load_model_file
from brain_tumor.presentation.wording import NOTICE
from brain_tumor_training import export
from brain_tumor_training.card_figures import complete_card
from brain_tumor_training.decision_file import read_decision
from brain_tumor_training.parity import MAX_FLOAT_DIFFERENCE, MAX_GATE_DIFFERENCE, MAX_MEAN_DIFFERENCE, Parity
from brain_tumor_training.recipes import DYNAMIC_RANGE, FLOAT16, FLOAT32, STATIC_INT8
from brain_tumor_training.run_folder import load_network
from brain_tumor_training.serving import Serving, convert
from brain_tumor_training.splits import VALIDATION, pick_evenly, read_split
from tests.factories import encode
from tests.training.drawn import SMALL, SMALL_FINETUNE, Run, draw_slice, draw_stripes, make_run


@dataclass(frozen=True, slots=True)
class Exported:
    """A model file and how it compared with Keras. Not to be changed."""

    path: Path
    taken: str
    parity: Parity


@pytest.fixture(scope="module")
def exported(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("exported") / "deeper" / "small.tfliteA"
    return Exported(path, *export.export(small_run.folder, small_run.data, path, 400, licence="MIT, as a test"))


def most_likely(classifier: Classifier) -> dict[Label, Label]:
    """The likeliest class of a new drawn slice of each class."""
    answers = {label: classifier.classify(draw_slice(label, 77), "slice.png").probabilities for label in LABELS}
    return {label: max(answer, key=lambda item: answer[item]) for label, answer in answers.items()}


def test_the_runtime_opens_the_file_and_names_the_drawn_classes(exported: Exported) -> None:
    assert most_likely(load_classifier(exported.path)) == {label: label for label in LABELS}


def test_what_was_no_brain_mri_in_training_is_not_analysed(exported: Exported) -> None:
    result = load_classifier(exported.path).classify(draw_stripes(77), "cloth.png")
    assert result.verdict.status is Status.NOT_A_BRAIN_MRI


def test_the_file_answers_as_keras_does(small_run: Run, exported: Exported) -> None:
    # All there are, eight of validation and 24 of training.
    assert exported.parity.images == 32
    assert exported.parity.float_max_difference <= MAX_FLOAT_DIFFERENCE
    assert exported.parity.same_class == 1.0
    assert exported.parity.mean_difference <= MAX_MEAN_DIFFERENCE
    assert exported.parity.gate_difference <= MAX_GATE_DIFFERENCE
    assert exported.parity.accuracy_exported == exported.parity.accuracy_keras


def test_probabilities_are_the_softmax_of_logits_over_the_temperature(exported: Exported) -> None:
    classifier = load_classifier(exported.path)
    output = classifier.classify(draw_slice(Label.GLIOMA, 77), "slice.png").output
    powers = np.exp(output.logits / classifier.card.temperature)
    assert output.probabilities == pytest.approx(powers / powers.sum(), abs=1e-5)


def test_a_file_has_two_gate_scores_the_second_is_0_or_less(exported: Exported) -> None:
    output = load_classifier(exported.path).classify(draw_slice(Label.GLIOMA, 77), "slice.png").output
    assert output.gate_scores.shape == (2,)
    assert output.gate_scores[1] <= 0


def test_a_drawn_slice_is_more_familiar_than_noise(exported: Exported) -> None:
    classifier = load_classifier(exported.path)
    noise = encode(Image.effect_noise((64, 64), 200), "PNG")
    pictures = (draw_slice(Label.GLIOMA, 77), noise)
    known, unknown = (float(classifier.classify(picture, "a.png").output.gate_scores[1]) for picture in pictures)
    assert known > unknown


def test_a_file_whose_terms_nobody_stated_says_so(small_run: Run, tmp_path: Path) -> None:
    export.export(small_run.folder, small_run.data, tmp_path / "a.tfliteA", 400, ("float32",))
    assert load_model_file(tmp_path / "a.tfliteA").card.about["licence"] == "not stated"


def test_the_card_holds_the_labels_in_order(exported: Exported) -> None:
    assert load_model_file(exported.path).card.rules.order == LABELS
    with zipfile.ZipFile(exported.path) as archive:
        assert archive.read("labels.txt").decode().splitlines() == ["Glioma", "Meningioma", "No Tumor", "Pituitary"]


def test_the_card_holds_the_fitted_numbers(small_run: Run, exported: Exported) -> None:
    card, decision = load_model_file(exported.path).card, read_decision(small_run.folder)
    assert card.temperature == decision.temperature
    names = "min_gate_score max_chroma min_probability min_margin min_sure_gate_score min_familiarity"
    for name in (*names.split(), "min_no_tumor", "min_tumor"):
        assert getattr(card.rules, name) == getattr(decision, name)
    assert card.input == SMALL.input


def test_the_card_tells_licence_notice_recipe_and_figures(small_run: Run, exported: Exported) -> None:
    about = load_model_file(exported.path).card.about
    assert (about["licence"], about["notice"]) == ("MIT, as a test", NOTICE)
    assert about["training"] == json.loads((small_run.folder / "run.json").read_text(encoding="utf-8"))
    assert about["metrics"]["keras"] == json.loads((small_run.folder / "metrics.json").read_text(encoding="utf-8"))
    assert about["parity"]["images_by_part"] == {"validation": 8, "train": 24}
    assert about["parity"]["tolerances"]["same_class"] == 0.99
    assert about["parity"]["same_class_interval"][1] == pytest.approx(1.0)
    assert "not_taken" not in about
    assert about["quantization"] == "static int8"
    assert set(about["gate_rates"]) == {"training set", "cloth", "fence"}


def test_the_card_names_no_folder_of_this_machine(small_run: Run, exported: Exported) -> None:
    text = load_model_file(exported.path).card.to_json()
    assert str(small_run.data.parent) not in text
    assert str(small_run.folder.parent) not in text


def test_the_fingerprint_is_over_content_class_and_part(small_run: Run, exported: Exported) -> None:
    fingerprint = hashlib.sha256()
    for row in sorted(read_split(small_run.folder / "split.csv")):
        content = hashlib.sha256((small_run.data / row.path).read_bytes()).hexdigest()
        fingerprint.update(f"{content} {row.label.slug} {row.split}\n".encode())
    found = load_model_file(exported.path).card.about["training_data"]
    assert found["sha256"] == fingerprint.hexdigest()
    assert found["images"]["train/no_tumor"] == 6
    assert sum(found["images"].values()) == 40


def test_the_card_describes_the_outputs_that_the_network_has(exported: Exported) -> None:
    assert output_names(exported.path) == set(load_model_file(exported.path).card.outputs)


def output_names(path: Path) -> set[str]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=load_model_file(path).flatbuffer)
    return set(interpreter.get_signature_list()["serving_default"]["outputs"])


def test_nothing_unfinished_is_left_behind(exported: Exported) -> None:
    assert [path.name for path in exported.path.parent.iterdir()] == ["small.tfliteA"]


def tamper(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], None], *conversions: str) -> None:
    """Change the last layer between Keras and some of the conversions, by their names."""
    begun: list[Serving] = []

    def tampered(serving: Serving, stored: str = FLOAT32) -> bytes:
        begun.append(serving)
        layer = serving.head_logits.layers[-1]
        before = layer.get_weights()
        if stored in conversions:
            change(layer)
        try:
            return convert(serving, DYNAMIC_RANGE if stored == STATIC_INT8 else stored)
        finally:
            layer.set_weights(before)

    monkeypatch.setattr(export, "convert", tampered)
    if STATIC_INT8 in conversions:
        monkeypatch.setattr(export, "quantize_static", lambda *_: tampered(begun[0], STATIC_INT8))


def swap_classes(layer: Any) -> None:
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel[:, ::-1], bias[::-1]])


def flatten_logits(layer: Any) -> None:
    # The same classes, with other probabilities.
    layer.set_weights([weights / 20 for weights in layer.get_weights()])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "conversions"),
    [
        pytest.param(swap_classes, (FLOAT32,), id="classes in another order, float"),
        pytest.param(flatten_logits, (STATIC_INT8, DYNAMIC_RANGE, FLOAT16, FLOAT32), id="other probabilities"),
    ],
)
def test_a_file_that_disagrees_with_keras_is_not_written(
    small_run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Any], None],
    conversions: tuple[str, ...],
) -> None:
    # With a temperature of 1, probabilities are not so near 0 and 1 that other logits would not show.
    decision = replace(read_decision(small_run.folder), temperature=1.0)
    monkeypatch.setattr(export, "read_decision", lambda _: decision)
    tamper(monkeypatch, change, *conversions)
    with pytest.raises(ModelFileError, match=r"disagrees with Keras on 32 images, so nothing .* train again"):
        export.export(small_run.folder, small_run.data, tmp_path / "small.tfliteA", 400)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_gate_that_hangs_on_rounding_is_not_written(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decision = read_decision(small_run.folder)
    # As large weights on features that hardly vary would.
    restless = tuple(1e4 * (-1) ** index for index in range(len(decision.gate_weights)))
    monkeypatch.setattr(export, "read_decision", lambda _: replace(decision, gate_weights=restless))
    eight_bits = (STATIC_INT8, DYNAMIC_RANGE)
    with pytest.raises(ModelFileError, match=r"gate scores differ .* try all ways with --quantization auto"):
        export.export(small_run.folder, small_run.data, tmp_path / "small.tfliteA", 400, eight_bits)
    assert list(tmp_path.iterdir()) == []


def test_where_eight_bits_all_the_way_cost_answers_the_weights_alone_have_them(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(monkeypatch, swap_classes, STATIC_INT8)
    export.export(small_run.folder, small_run.data, tmp_path / "small.tfliteA", 400)
    about = load_model_file(tmp_path / "small.tfliteA").card.about
    assert about["quantization"] == "dynamic range"
    assert "have the same class, not 99%" in about["not_taken"]["static int8"]
    assert most_likely(load_classifier(tmp_path / "small.tfliteA")) == {label: label for label in LABELS}


def test_where_eight_bits_cost_answers_the_weights_are_kept_in_float16(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise RuntimeError("the graph has an operator that is unknown\nand more")

    tamper(monkeypatch, swap_classes, DYNAMIC_RANGE)
    monkeypatch.setattr(export, "quantize_static", fails)
    path = tmp_path / "small.tfliteA"
    taken, parity = export.export(small_run.folder, small_run.data, path, 400)
    about = load_model_file(path).card.about
    assert taken == about["quantization"] == "float16"
    assert about["not_taken"]["static int8"] == "static int8: the graph has an operator that is unknown"
    assert parity.mean_difference < 1e-3
    assert most_likely(load_classifier(path)) == {label: label for label in LABELS}


def test_a_file_in_float32_can_be_had_to_compare_with(small_run: Run, tmp_path: Path) -> None:
    _, found = export.export(small_run.folder, small_run.data, tmp_path / "exact.tfliteA", 400, ("float32",))
    model = load_model_file(tmp_path / "exact.tfliteA")
    assert model.card.about["quantization"] == "float32"
    assert found.mean_difference < 1e-5


def test_validation_images_are_compared_before_training_images(small_run: Run) -> None:
    rows = read_split(small_run.folder / "split.csv")
    chosen = export.choose_compared(rows, 12)
    assert [row.split for row in chosen] == ["validation"] * 8 + ["train"] * 4
    assert {row.split for row in export.choose_compared(rows, 6)} == {"validation"}


def test_compared_images_cover_every_class(small_run: Run) -> None:
    rows = [row for row in read_split(small_run.folder / "split.csv") if row.split == VALIDATION]
    picked = pick_evenly(rows, 8)
    assert {row.label for row in picked} == set(LABELS)
    assert len(set(picked)) == 8


def test_a_run_without_a_decision_is_refused(small_run: Run, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in ("run.json", "split.csv"):
        (run / name).write_bytes((small_run.folder / name).read_bytes())
    with pytest.raises(DatasetError, match="run brain-tumor-train fit-decision first"):
        export.export(run, small_run.data, tmp_path / "small.tfliteA", 400)


def test_added_figures_change_the_card_and_nothing_else(exported: Exported, tmp_path: Path) -> None:
    path = tmp_path / "small.tfliteA"
    path.write_bytes(exported.path.read_bytes())
    complete_card(path, {"official": {"accuracy": 0.9}}, {})
    complete_card(path, {"leak-free": {"accuracy": 0.8}}, {})
    before, after = load_model_file(exported.path), load_model_file(path)
    assert (after.flatbuffer, after.golden_image) == (before.flatbuffer, before.golden_image)
    metrics = {**before.card.about["metrics"], "official": {"accuracy": 0.9}, "leak-free": {"accuracy": 0.8}}
    assert after.card == replace(before.card, about={**before.card.about, "metrics": metrics})
    load_classifier(path)


@pytest.mark.slow
def test_the_real_backbone_goes_from_images_to_answers(
    data: Path, not_brain_mri: Path, xception_weights: Path, tmp_path: Path
) -> None:
    recipe = replace(SMALL, input=replace(SMALL.input, side_px=96), epochs=12, learning_rate=3e-3)
    run = make_run(tmp_path, data, not_brain_mri, recipe, str(xception_weights))
    _, found = export.export(run.folder, data, tmp_path / "xception.tfliteA", 8)
    assert found.float_max_difference <= MAX_FLOAT_DIFFERENCE
    classifier = load_classifier(tmp_path / "xception.tfliteA")
    assert most_likely(classifier) == {label: label for label in LABELS}
    assert output_names(tmp_path / "xception.tfliteA") == set(classifier.card.outputs)


@pytest.fixture(scope="module")
def exported_finetuned(small_finetune_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("exported-finetuned") / "finetuned.tfliteA"
    with pytest.MonkeyPatch.context() as patch:
        # The stand-in learns for seconds and leaves two classes close; rounding may then choose between them.
        patch.setattr("brain_tumor_training.parity.MIN_SAME_CLASS", 0.75)
        return Exported(path, *export.export(small_finetune_run.folder, small_finetune_run.data, path, 8))


def test_a_finetuned_file_says_why_and_where(exported_finetuned: Exported) -> None:
    classifier = load_classifier(exported_finetuned.path)
    output = classifier.classify(draw_slice(Label.GLIOMA, 77), "slice.png").output
    assert output.saliency is not None
    assert output.location is not None
    assert (output.saliency.shape, output.location.shape) == ((2, 2, 4), (3, 3))
    assert output.saliency.min() >= 0
    assert output.saliency.max() > 0
    assert 0 <= output.location.min() <= output.location.max() <= 1


def test_the_location_in_the_file_is_that_of_keras(small_finetune_run: Run, exported_finetuned: Exported) -> None:
    image = draw_slice(Label.GLIOMA, 77)
    output = load_classifier(exported_finetuned.path).classify(image, "slice.png").output
    tensor = to_tensor(read_scan(image, "slice.png"), SMALL_FINETUNE.input)
    answer = load_network(small_finetune_run.folder).predict(tensor, verbose=0)
    assert output.location == pytest.approx(expit(answer["location"][0, :, :, 0]), abs=0.02)


def test_a_baseline_file_says_why_but_not_where(exported: Exported) -> None:
    output = load_classifier(exported.path).classify(draw_slice(Label.GLIOMA, 77), "slice.png").output
    assert output.saliency is not None
    assert output.saliency.shape == (4, 4, 4)
    assert output.saliency.min() >= 0
    assert output.location is None


def test_the_card_explains_every_output_that_the_file_has(exported: Exported, exported_finetuned: Exported) -> None:
    always = {"logits", "probabilities", "gate_scores", "saliency"}
    assert set(load_model_file(exported.path).card.outputs) == always
    assert set(load_model_file(exported_finetuned.path).card.outputs) == always | {"location"}


def test_the_card_holds_the_location_threshold_where_there_is_one(
    small_finetune_run: Run, exported: Exported, exported_finetuned: Exported
) -> None:
    decision = read_decision(small_finetune_run.folder)
    assert decision.min_location is not None
    assert load_model_file(exported_finetuned.path).card.rules.min_location == decision.min_location
    assert load_model_file(exported.path).card.rules.min_location is None


def test_a_folder_that_the_run_was_not_trained_on_is_refused(small_run: Run, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"lacks \d+ of \d+ images .*; give the folder of that training with --data"):
        export.export(small_run.folder, tmp_path, tmp_path / "m.tfliteA")
    assert list(tmp_path.iterdir()) == []
