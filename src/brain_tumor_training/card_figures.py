"""Measured figures -> the card of a finished model file; the network in the file stays as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from brain_tumor.atomic_write import write_whole
from brain_tumor.evaluation.metrics import proportion_ci
from brain_tumor.labels import Label
from brain_tumor.model.model_file import load_model_file, pack_model_file


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


def add_evaluations(
    path: Path, evaluations: Mapping[str, Mapping[str, Any]], sources: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Write measured figures into a model file's card.

    Args:
        path: the model file.
        evaluations: of summarise_evaluation, by the name of the images; kept under ``about.metrics``.
        sources: of summarise_sources, by the name of the images; kept under ``about.other_sources``.

    Raises:
        ModelFileError: the file is no model file.
    """
    model = load_model_file(path)
    metrics = {**model.card.about.get("metrics", {}), **evaluations}
    others = {**model.card.about.get("other_sources", {}), **(sources or {})}
    added = {"metrics": metrics, **({"other_sources": others} if others else {})}
    card = replace(model.card, about={**model.card.about, **added})
    write_whole(path, pack_model_file(model.flatbuffer, card, model.golden_image))
