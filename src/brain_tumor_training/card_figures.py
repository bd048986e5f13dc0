"""Measured figures, and terms -> the card of a finished model file; the network in the file stays as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from brain_tumor.atomic_write import write_whole
from brain_tumor.errors import DatasetError
from brain_tumor.evaluation.metrics import proportion_ci
from brain_tumor.labels import Label
from brain_tumor.model.model_file import load_model_file, pack_model_file
from brain_tumor_training.terms import describe_terms


def summarise_evaluation(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a card keeps of an evaluation.json; raises KeyError for another document."""
    kept = ("measured_on", "accuracy", "macro_f1", "accuracy_among_classified", "uncertain", "not_analysed")
    recall = {name: item["recall"] for name, item in document["classes"].items()}
    return {"model_id": document["model"]["model_id"], **{key: document[key] for key in kept}, "recall": recall}


def summarise_sources(document: Mapping[str, Any], classes: Iterable[Label]) -> dict[str, Any]:
    """What a card keeps of the judged sources of an evaluation.json, tumors and images without one each pooled.

    Args:
        document: of a model with these classes.
        classes: any finding counts as a tumor, as the evaluation counts it.

    Raises:
        KeyError: it is another document, or one of a model with other classes.
    """
    is_finding = {label.value: label.is_finding for label in classes}
    judged = [(source, {is_finding[name] for name in source["expected"]}) for source in document["sources"]["families"]]
    tumors = [source for source, kinds in judged if kinds == {True}]
    others = [source for source, kinds in judged if kinds == {False}]

    def pooled(sources: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any] | None:
        found = [source[key] for source in sources if source[key]]
        estimate = proportion_ci(sum(item["hits"] for item in found), sum(item["total"] for item in found))
        return asdict(estimate) if estimate else None

    return {
        "model_id": document["model"]["model_id"],
        "measured_on": document["measured_on"],
        "tumors_called_a_tumor": pooled(tumors, "called_tumor"),
        "tumors_surely_no_tumor": pooled(tumors, "no_tumor_classified"),
        "others_called_a_tumor": pooled(others, "called_tumor"),
        "others_surely_a_tumor": pooled(others, "called_tumor_classified"),
    }


def complete_card(
    path: Path,
    evaluations: Mapping[str, Mapping[str, Any]],
    sources: Mapping[str, Mapping[str, Any]],
    terms: Path | None = None,
) -> None:
    """Write measured figures, and where its images come from, into a model file's card.

    Args:
        path: the model file.
        evaluations: of summarise_evaluation, by the name of the images; kept under ``about.metrics``.
        sources: of summarise_sources, by the name of the images; kept under ``about.other_sources``.
        terms: CSV as for describe_terms, of the sources that the card names already.

    Raises:
        ModelFileError: the file is no model file.
        DatasetError: the card names no sources, or the CSV lacks one.
    """
    model = load_model_file(path)
    about = dict(model.card.about)
    for part, figures in (("metrics", evaluations), ("other_sources", sources)):
        if figures:
            about[part] = {**about.get(part, {}), **figures}
    if terms:
        if not about.get("sources"):
            raise DatasetError(f"{path}: its card names no sources; give --terms to the export of a finetune run")
        about |= describe_terms(about["sources"], about["gate_rates"], terms)
    card = replace(model.card, about=about)
    write_whole(path, pack_model_file(model.flatbuffer, card, model.golden_image))
