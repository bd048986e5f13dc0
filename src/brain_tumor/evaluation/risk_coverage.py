"""How many errors are left when a person takes over the least confident answers: pure functions on arrays."""

from dataclasses import dataclass

import numpy as np

from brain_tumor.evaluation.metrics import SEED, BoolArray, Estimate, Values, bootstrap, proportion_ci

# One answer in ten for a person to look at is what a reading room could still do.
CONFIDENT_PERCENT = 90


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Errors against the share of answers that is kept, the most confident ones first."""

    coverage: Values  # (answers,), share kept, rising to 1
    risk: Values  # (answers,), share of the kept answers that is wrong
    area: Estimate  # under the curve, AURC: 0 is perfect, the overall error rate is what guessing gives
    errors_among_confident: Estimate | None  # share wrong among the CONFIDENT_PERCENT most confident

    def risk_at(self, percent: int) -> float:
        """Share wrong among the most confident answers, 0 to 1.

        Args:
            percent: how many to keep, 1 to 100.
        """
        return float(self.risk[_count(percent, len(self.risk)) - 1])


def measure_risk_coverage(confidence: Values, wrong: BoolArray, seed: int = SEED) -> RiskCoverage:
    """Trace the curve over every answer.

    Answers of equal confidence cannot be ordered: each counts as its group's mean, so their order does not matter,
    and among the most confident the last group is taken whole. The area is the mean risk over all coverages, with a
    bootstrap interval over answers. Sources: the curve, Geifman and El-Yaniv 2017, arXiv:1705.08500; its area, Geifman
    et al. 2019, arXiv:1805.08206.

    Args:
        confidence: (answers,), higher is surer.
        wrong: (answers,).
        seed: of the bootstrap.

    Raises:
        ValueError: there are no answers.
    """
    answers = len(confidence)
    if not answers:
        raise ValueError("risk and coverage need at least one answer")
    risk = _trace(confidence, wrong)
    confident = confidence >= np.sort(confidence)[answers - _count(CONFIDENT_PERCENT, answers)]
    return RiskCoverage(
        coverage=np.arange(1, answers + 1) / answers,
        risk=risk,
        area=bootstrap(lambda chosen: float(_trace(confidence[chosen], wrong[chosen]).mean()), answers, seed),
        errors_among_confident=proportion_ci(int(wrong[confident].sum()), int(confident.sum())),
    )


def _trace(confidence: Values, wrong: BoolArray) -> Values:
    _, group, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    rates = np.bincount(group, weights=wrong) / sizes
    return np.cumsum(np.repeat(rates, sizes)) / np.arange(1, len(wrong) + 1)


def _count(percent: int, answers: int) -> int:
    return -(-percent * answers // 100)
