"""From symptoms to a verdict: what is wrong, with the reasons and a remedy."""

from typing import NamedTuple

# Generated rows that vary by less than this share of what real ones do are one row and its shades.
CONSTANT = 0.01
# Classes of generated rows that are fewer than this share of the real rows'.
FEW_CLASSES = 0.6
# Two generated rows are closer than two real ones by this factor.
CLOSE_PAIRS = 0.5
# More copies than this; of unseen real rows 1% would count as such (`memorisation.COPY_SHARE`).
MANY_COPIES = 0.3
# They lie nearer to training rows than unseen real rows do by this factor: what looks like noise or
# like the mean row is near all rows, but not that near.
COPY_DISTANCE = 0.5
# An area under the curve below which rows are not told apart; training rows are told from unseen
# ones from a lower one on, as these two are alike.
BLIND, KNOWN = 0.6, 0.56
# The share of unseen real rows near generated ones from which on G is on its way.
COVERED = 0.25
# A usual D that is so much better than the own D and its fresh twin, both of them weak, shows that
# their architecture is too small.
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
        "G answers every code with one row. Start again with a lower --config.learning_rate, "
        "with --config.r1 and --config.r2, or with --config.packing=2."
    ),
    "collapsed": (
        "G makes rows of few kinds. Try --config.packing=2, --config.minibatch_stddev, or "
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
        "D is too small: neither it nor a fresh one of its architecture tells generated rows from "
        "real ones well, while a usual one does. Give it more units, --config.d_hidden and "
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
    """Returns the first verdict that the figures of all symptoms bear out, causes first."""
    f = figures
    own, fresh, usual = f["auc"], f["auc_fresh"], f["auc_usual"]
    told = (
        f"D puts an unseen real row above a generated one in {f['auc']:.0%} of pairs (50% is "
        f"blind); a fresh one of its architecture does in {f['auc_fresh']:.0%}, one of a usual "
        f"architecture in {f['auc_usual']:.0%}."
    )
    varied = f"Generated rows vary {f['spread']:.1%} as much as real ones"
    covered = f"{f['coverage']:.0%} of unseen real rows have a generated row near them."

    few = []
    if "classes" in f and f["classes"] < FEW_CLASSES * f["real_classes"]:
        of_classes = f"{f['classes']:.1f} classes where real ones are of {f['real_classes']:.1f}"
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
    # A blind D before what comes of it: G, which nobody stops, makes rows of few kinds.
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
            f"D puts a training row above an unseen real one in {f['auc_training_unseen']:.0%} of "
            "pairs; 50% would be fair.",
            told,
        )
    if f["coverage"] >= COVERED:
        return verdict("healthy", told, covered)
    return verdict("bad generator", told, covered)
