"""Rows and sums over other sources, from families as evaluation.json has them."""

from typing import Any

import pytest

from tools.evaluation_sources import (
    NOT_KNOWN,
    Group,
    Look,
    SourceRow,
    find_siblings,
    join_rows,
    list_rejections,
    pool,
    pool_groups,
    pool_types,
    read_looks,
    sort_rows,
    sure_and_wrong,
    to_rows,
)

INDEX = [
    {"source": source, "label": label, "sequence": sequence, "skull_stripped": stripped, "split": split}
    for source, label, sequence, stripped, split in (
        ("lgg-t1c", "glioma", "T1 with contrast", "0", "held-back"),
        ("lgg-t2", "glioma", "T2", "1", "held-back"),
        ("lgg-t2", "glioma", "FLAIR", "0", "held-back"),
        ("lgg-any", "glioma", "", "0", "held-back"),
        ("lgg-t1", "glioma", "T1", "0", "train"),
        ("hands-ct", "not-brain-mri", "", "0", "train"),
    )
]


def make_family(name: str, kind: str = "brain MRI, Glioma", images: int = 10, **hits: int) -> dict[str, Any]:
    names = ("accepted", "called_tumor", "called_tumor_classified", "no_tumor_classified", "uncertain", "right")
    return {
        "family": name,
        "origin": "index.csv",
        "kind": kind,
        "is_brain_mri": kind.startswith("brain MRI"),
        "expected": ["Glioma"] if "right" in hits else [],
        "images": images,
        "unreadable": hits.pop("unreadable", 0),
        "rejections": {"blank": hits.pop("blank")} if "blank" in hits else {},
        **{key: {"hits": hits[key]} if key in hits else None for key in names},
    }


def rows_of(*families: dict[str, Any]) -> list[SourceRow]:
    return to_rows({"sources": {"families": list(families)}}, read_looks(INDEX))


@pytest.mark.parametrize("evaluation", [None, {}, {"sources": None}])
def test_without_other_sources_there_are_no_rows(evaluation: dict[str, Any] | None) -> None:
    assert to_rows(evaluation, {}) == []


def test_looks_join_what_the_index_says_of_a_source() -> None:
    looks = read_looks(INDEX)
    assert looks["lgg-t2", "glioma"] == Look("FLAIR, T2", "both")
    assert looks["lgg-any", "glioma"] == Look(NOT_KNOWN, "yes")


@pytest.mark.parametrize(
    ("family", "group"),
    [
        (make_family("lgg-t1c"), Group.TUMOR_T1_CONTRAST),
        (make_family("lgg-t2"), Group.TUMOR_FLUID),
        (make_family("lgg-t1"), Group.TUMOR_T1),
        (make_family("lgg-any"), Group.TUMOR_OTHER),
        (make_family("unheard-of", "brain MRI, a tumor"), Group.TUMOR_OTHER),
        (make_family("healthy-t1", "brain MRI, No Tumor"), Group.TUMOR_FREE),
        (make_family("ms", "brain MRI, another lesion"), Group.OTHER_LESION),
        (make_family("heads", "brain MRI"), Group.UNJUDGED),
        (make_family("hands-ct", "not brain MRI"), Group.NOT_BRAIN),
    ],
)
def test_sources_are_grouped_by_label_and_sequence(family: dict[str, Any], group: Group) -> None:
    (row,) = rows_of(family)
    assert row.group is group


def test_what_surrounds_a_source_s_name_is_taken_off() -> None:
    (row,) = rows_of(make_family("index.csv/lgg-t1c: brain MRI, Glioma"))
    assert (row.source, row.label, row.look.sequence) == ("lgg-t1c", "glioma", "T1 with contrast")


def test_shares_are_of_what_could_be_read() -> None:
    (row,) = rows_of(make_family("lgg-t1c", images=10, unreadable=2, accepted=4))
    share = row.counts.share("accepted")
    assert share is not None and (share.hits, share.total) == (4, 8)
    assert row.counts.share("sure_no_tumor") is None  # an older file did not count it
    assert row.counts.share("right") is None  # no class is right


def test_sums_add_up_and_lack_what_a_part_lacks() -> None:
    rows = rows_of(
        make_family("lgg-t1c", images=10, accepted=8, no_tumor_classified=1, right=5, blank=2),
        make_family("lgg-t1c", images=5, accepted=4, no_tumor_classified=2, blank=1),
    )
    pooled = pool(rows, "both")
    assert pooled.sources == 1
    assert (pooled.counts.images, pooled.counts.accepted, pooled.counts.sure_no_tumor) == (15, 12, 3)
    assert pooled.counts.right is None
    assert list(list_rejections([pooled])) == [("both", "blank", 3)]


def test_all_tumors_have_a_row_where_they_are_in_several_groups() -> None:
    titles = [row.title for row in pool_groups(rows_of(make_family("lgg-t1c"), make_family("hands-ct", "not brain")))]
    assert titles == [Group.TUMOR_T1_CONTRAST, Group.NOT_BRAIN]
    pooled = pool_groups(rows_of(make_family("lgg-t1c", images=1), make_family("lgg-t1", images=2)))
    assert [(row.title, row.counts.images) for row in pooled][-1] == ("all tumors", 3)


def test_sure_errors_are_missed_tumors_and_tumors_where_none_are() -> None:
    found = sure_and_wrong(
        rows_of(
            make_family("lgg-t1c", images=10, no_tumor_classified=1),
            make_family(
                "healthy-t1", "brain MRI, No Tumor", images=20, called_tumor_classified=3, no_tumor_classified=9
            ),
        )
    )
    assert {name: (share.hits, share.total) for name, share in found.items() if share} == {
        "tumors": (1, 10),
        "tumor_free": (3, 20),
    }


def test_a_source_that_two_evaluations_have_counts_once() -> None:
    first, again = rows_of(make_family("lgg-t1c", images=10)), rows_of(make_family("lgg-t1c", images=99))
    assert [row.counts.images for row in join_rows(first, again)] == [10]


def test_sources_that_did_not_train_come_first() -> None:
    rows = rows_of(make_family("lgg-t1c"), make_family("hands-ct", "not brain MRI"), make_family("lgg-t2"))
    assert [row.source for row in sort_rows(rows, {"lgg-t1c"})] == ["lgg-t2", "hands-ct", "lgg-t1c"]


def test_siblings_are_of_the_same_collection_and_trained() -> None:
    rows = rows_of(make_family("lgg-t1c"), make_family("hands-mr", "not brain MRI"))
    assert find_siblings(rows, INDEX) == ["lgg-t1"]


def test_types_are_pooled_where_they_are_known_and_on_t1_with_contrast() -> None:
    looks = {
        (source, label): Look(sequence, "yes")
        for source, label, sequence in (
            ("a", "glioma", "T1 with contrast"),
            ("b", "glioma", "T1 with contrast"),
            ("a", "tumor", "T1 with contrast"),
            ("a", "pituitary", "T2"),
        )
    }
    families = [
        make_family("a", "brain MRI, Glioma", images=10, accepted=9, right=7),
        make_family("b", "brain MRI, Glioma", images=20, accepted=20, right=8),
        make_family("a", "brain MRI, a tumor", images=30, accepted=30, right=30),
        make_family("a", "brain MRI, Pituitary", images=40, accepted=40, right=40),
    ]
    (gliomas,) = pool_types(to_rows({"sources": {"families": families}}, looks))
    assert (gliomas.title, gliomas.sources, gliomas.counts.images, gliomas.counts.right) == ("glioma", 2, 30, 15)
