"""The verdict that follows from the symptoms, with reasons and a remedy."""

from typing import NamedTuple

# Generated rows that vary by less than this share of real rows are slight variants of one row.
CONSTANT = 0.01
# Classes of generated rows that are fewer than this share of the real rows'.
FEW_CLASSES = 0.6
# Two generated rows are closer than two real ones by this factor.
CLOSE_PAIRS = 0.5
# More copies than this; of unseen real rows 1% would count as such (`memorisation.COPY_SHARE`).
MANY_COPIES = 0.3
# Copies are nearer to training rows than unseen real rows are, by this factor. Noise and the mean
# row are near all rows, but not that near.
COPY_DISTANCE = 0.5
# Below the first area under the curve rows count as not distinguished; above the second, lower one
# training rows count as distinguished from unseen real rows, which are alike.
BLIND, KNOWN = 0.6, 0.56
# G counts as healthy from this share of unseen real rows near generated ones.
COVERED = 0.25
# If the GAN's own D and a fresh one are weak and a usual D is better by this much, their
# architecture is too small.
WEAK, SMALLER_BY = 0.8, 0.1


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
        "G gives the same row for every code. Start again with a lower --config.learning_rate, "
        "with --config.r1 and --config.r2, or with --config.packing=2."
    ),
    "collapsed": (
        "G makes few types of rows. Try --config.packing=2, --config.minibatch_stddev, or "
        "the model r3gan."
    ),
    "memorised": (
        "G copies training rows. Train on more rows or with smaller players; D's gradient penalty "
        "(--config.r1) helps too."
    ),
    "overfitted discriminator": (
        "D has memorised its training rows: it ranks them above unseen real rows, so that G learns "
        "these rows instead of their distribution. Use more rows, a larger --config.r1, or a "
        "smaller D."
    ),
    "indistinguishable": (
        "G is good: no discriminator can distinguish its rows from real ones, so D is right not to."
    ),
    "undertrained discriminator": (
        "D is untrained: it does not distinguish generated rows from real ones, but a fresh one of "
        "its architecture does. Raise --config.d_learning_rate or --config.d_steps."
    ),
    "discriminator too small": (
        "D is too small: neither it nor a fresh one of its architecture distinguishes generated "
        "rows from real ones well, but one of the usual size does. Give it more units: "
        "--config.d_hidden and --config.d_dense."
    ),
    "bad generator": (
        "D is right: G's rows are far from real ones. Train longer or give G more units; if the "
        "gradient that reaches G is small, lower --config.d_learning_rate."
    ),
    "healthy": (
        "Training is balanced: G's rows lie near real ones of all types. A fresh discriminator "
        "still distinguishes them, so there is more to learn."
    ),
}


def decide(figures: dict[str, float]) -> Verdict:
    """Returns the first verdict that the figures support, causes before consequences."""
    f = figures
    own, fresh, usual = f["auc"], f["auc_fresh"], f["auc_usual"]
    told = (
        f"D ranks an unseen real row above a generated one in {f['auc']:.0%} of pairs (50% is "
        f"chance); a fresh D of its architecture in {f['auc_fresh']:.0%}, one of the usual "
        f"architecture in {f['auc_usual']:.0%}."
    )
    varied = f"The variation of generated rows is {f['spread']:.1%} of that of real ones"
    covered = f"{f['coverage']:.0%} of unseen real rows have a generated row near them."

    few = []
    if "classes" in f and f["classes"] < FEW_CLASSES * f["real_classes"]:
        of_classes = f"{f['classes']:.1f} classes, real ones into {f['real_classes']:.1f}"
        few.append(f"Generated rows fall into about {of_classes}.")
    if f["pair_distance"] < CLOSE_PAIRS:
        apart = f"{f['pair_distance']:.2f} times as far apart as two real ones"
        few.append(f"Two generated rows are {apart}.")

    def verdict(name, *reasons):
        return Verdict(name, VERDICTS[name], list(reasons))

    if f["spread"] < CONSTANT:
        return verdict("constant generator", f"{varied}.", told)
    if f["copies"] > MANY_COPIES and f["nearest_distance_ratio"] < COPY_DISTANCE:
        return verdict(
            "memorised",
            f"{f['copies']:.0%} of generated rows are as near to a training row as the nearest 1% "
            "of unseen real rows; the mean distance is "
            f"{f['nearest_distance_ratio']:.2f} times theirs.",
            told,
        )
    if max(own, fresh, usual) < BLIND and not few:
        return verdict("indistinguishable", told, covered)
    # A blind D comes before its consequence: an unchecked G makes few types of rows.
    if max(own, fresh) < WEAK and usual - max(own, fresh) > SMALLER_BY:
        return verdict("discriminator too small", told, *few, covered)
    if own < BLIND <= max(fresh, usual):
        fooled = ["It prefers generated rows."] if own < 1 - BLIND else []
        return verdict("undertrained discriminator", told, *fooled, *few, covered)
    if few:
        return verdict("collapsed", *few, f"{varied}.", told)
    if f["auc_training_unseen"] > KNOWN:
        return verdict(
            "overfitted discriminator",
            f"D ranks a training row above an unseen real one in {f['auc_training_unseen']:.0%} of "
            "pairs; 50% is chance.",
            told,
        )
    if f["coverage"] >= COVERED:
        return verdict("healthy", told, covered)
    return verdict("bad generator", told, covered)
