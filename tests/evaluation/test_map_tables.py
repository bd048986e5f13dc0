import json
from dataclasses import replace
from pathlib import Path

from brain_tumor.evaluation.map_checks import (
    DeletionMeasures,
    LocationMeasures,
    MapChecks,
    OcclusionMeasures,
    Pointing,
)
from brain_tumor.evaluation.map_tables import maps_to_document, to_map_rows
from brain_tumor.evaluation.metrics import Estimate
from brain_tumor.evaluation.report import render_report
from brain_tumor.evaluation.summary import render_text
from tests.evaluation.fakes import make_evaluation

SHARE, MEAN = Estimate(0.5, 0.25, 0.75, 2, 4), Estimate(0.3, 0.2, 0.4)
POINTING = Pointing(SHARE, SHARE, MEAN, chance_near=0.12, chance_inside=0.1, reachable=0.75)
CHECKS = MapChecks(
    tumor_images=4,
    healthy_images=3,
    not_analysed=1,
    saliency=POINTING,
    location=POINTING,
    drawn=LocationMeasures(MEAN, SHARE, None),
    deletion=DeletionMeasures(4, MEAN, MEAN, MEAN),
    occlusion=OcclusionMeasures(2, MEAN, 0, POINTING, POINTING),
)
NOTHING = MapChecks(0, 0, 4, None, None, None, None, None)


def test_rows_name_the_figure_and_what_it_compares_with() -> None:
    rows = to_map_rows(CHECKS)
    assert len(rows) == 3 + 3 + 3 + 3 + 1 + 3 + 3
    assert rows[0].meaning == "of peaks in the marked box grown by a tenth; chance 12.0 %, best possible 75.0 %"
    assert all(len(row.name) <= 12 for row in rows)
    assert to_map_rows(NOTHING) == ()


def test_the_document_keeps_counts_where_there_are_any() -> None:
    document = json.loads(json.dumps(maps_to_document(CHECKS)))
    assert document["saliency"]["near"] == {"value": 0.5, "low": 0.25, "high": 0.75, "hits": 2, "total": 4}
    assert document["saliency"]["mass"] == {"value": 0.3, "low": 0.2, "high": 0.4}
    assert document["drawn"]["on_healthy"] is None
    assert maps_to_document(NOTHING)["deletion"] is None


def test_the_report_has_a_section_where_boxes_were_given(tmp_path: Path) -> None:
    plain = make_evaluation(tmp_path)
    files, without = render_report(replace(plain, maps=CHECKS)), render_report(plain)
    assert json.loads(files["evaluation.json"])["maps"]["tumor_images"] == 4
    assert json.loads(without["evaluation.json"])["maps"] is None
    page = files["report.html"].decode()
    assert 'id="maps"' in page and "2 of 4" in page and "not defined" in page
    assert 'id="maps"' not in without["report.html"].decode()


def test_the_terminal_shows_the_rows(tmp_path: Path) -> None:
    lines = render_text(replace(make_evaluation(tmp_path), maps=CHECKS)).splitlines()
    assert "saliency      50.0 % (25.0 to 75.0)  of peaks in the box itself; chance 10.0 %" in lines
    assert "box, healthy  not defined  of scans without a finding, those with a drawn box" in lines
    assert "difference    0.300 (0.200 to 0.400)  of the two, scan by scan" in lines
