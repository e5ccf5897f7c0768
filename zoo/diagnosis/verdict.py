"""From symptoms to a verdict: what is wrong, with the reasons and a remedy."""

from typing import NamedTuple

# Generated rows that vary by less than this share of what real ones do are one row and its shades.
CONSTANT = 0.01
# Classes of generated rows that are fewer than this share of the real rows'.
FEW_CLASSES = 0.6
# More copies than this; of unseen real rows 1% would count as such (`memorisation.COPY_SHARE`).
MANY_COPIES = 0.3
# An area under the curve below which rows are not told apart.
BLIND = 0.6
# G's rows cover real ones well enough that its own D must have been of use.
COVERED = 0.25
# A usual D that is so much better than one of the own architecture shows that that is too small.
SMALLER_BY = 0.05


class Verdict(NamedTuple):
    """A finding.

    Attributes:
      name: one of VERDICTS.
      sentence: what it means, and what to do.
      reasons: sentences with the figures that it rests on.
    """

    name: str
    sentence: str
    reasons: list[str]


VERDICTS = {
    "constant generator": (
        "G answers every code with one row. Start again with a lower --config.learning_rate, "
        "with --config.r1 and --config.r2, or with --config.packing=2."
    ),
    "collapsed": (
        "G makes rows of few of the classes. Try --config.packing=2, --config.minibatch_stddev, or "
        "the model r3gan."
    ),
    "memorised": (
        "G gives back training rows. Train on more rows, or with smaller players; D's slope "
        "penalties (--config.r1) help, too."
    ),
    "overfitted discriminator": (
        "D knows its training rows by heart: it puts them above real rows that it has not seen, so "
        "that it teaches G these rows rather than what they have in common. Use more rows, a "
        "larger --config.r1, or a smaller D."
    ),
    "indistinguishable": (
        "G is good: no discriminator tells its rows from real ones. That D cannot is no fault."
    ),
    "undertrained discriminator": (
        "D is untrained: it does not tell generated rows from real ones, a fresh one of its "
        "architecture does. Raise --config.d_learning_rate or --config.d_steps."
    ),
    "discriminator too small": (
        "D is too small: it does not tell generated rows from real ones, nor does a fresh one of "
        "its architecture, while a usual one does. Give it more units, --config.d_hidden and "
        "--config.d_dense."
    ),
    "bad generator": (
        "D is right: G's rows are far from real ones. Train for longer, or give G more units; "
        "where the gradient that reaches G is small, lower --config.d_learning_rate."
    ),
    "healthy": (
        "The players get on: G's rows lie near real ones of all kinds. A fresh discriminator still "
        "tells them apart, so that there is more to learn."
    ),
}


def decide(figures: dict[str, float]) -> Verdict:
    """Returns the first verdict that the figures of all symptoms bear out, worst first."""
    f = figures
    best_fresh = max(f["auc_fresh"], f["auc_usual"])
    told = (
        f"D puts an unseen real row above a generated one in {f['auc']:.0%} of pairs (50% is "
        f"blind); a fresh one of its architecture does in {f['auc_fresh']:.0%}, one of a usual "
        f"architecture in {f['auc_usual']:.0%}."
    )
    varied = f"Generated rows vary {f['spread']:.1%} as much as real ones"
    covered = f"{f['coverage']:.0%} of unseen real rows have a generated row near them."

    def verdict(name, *reasons):
        return Verdict(name, VERDICTS[name], list(reasons))

    if f["spread"] < CONSTANT:
        return verdict("constant generator", f"{varied}.", told)
    if "classes" in f and f["classes"] < FEW_CLASSES * f["real_classes"]:
        classes = f"{f['classes']:.1f} classes where real ones are of {f['real_classes']:.1f}"
        return verdict("collapsed", f"They fall into about {classes}.", f"{varied}.", told)
    if f["copies"] > MANY_COPIES:
        return verdict(
            "memorised",
            f"{f['copies']:.0%} of generated rows are nearer to a training row than 99% of unseen "
            f"real rows are; the mean distance is {f['nearest_distance_ratio']:.2f} times theirs.",
            told,
        )
    if f["auc_training_unseen"] > BLIND:
        return verdict(
            "overfitted discriminator",
            f"D puts a training row above an unseen real one in {f['auc_training_unseen']:.0%} of "
            "pairs; 50% would be fair.",
            told,
        )
    if best_fresh < BLIND:
        return verdict("indistinguishable", told, covered)
    if f["coverage"] >= COVERED:
        return verdict("healthy", told, covered)
    if f["auc_usual"] - f["auc_fresh"] > SMALLER_BY:
        return verdict("discriminator too small", told, covered)
    if f["auc"] < BLIND:
        return verdict("undertrained discriminator", told, covered)
    return verdict("bad generator", told, covered)
