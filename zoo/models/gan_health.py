"""Warnings about the training of a GAN, each with a remedy.

They are based on a few terms of each step: the variation of samples, D's logits, and the gradient
that reaches G.
"""

import math

# With less variation, relative to the data, samples are a single image and slight variants.
MIN_SPREAD = 0.01
# If a larger share of D's logits is saturated, G learns little.
MAX_SATURATED = 0.95
# If D is right about a larger share of both real and generated rows, it has saturated.
WINNING = 0.9
# Samples whose classes are fewer than this share of the data's, both counted as exp(entropy), have
# collapsed.
MIN_CLASSES = 0.6


def find_problems(
    terms: dict[str, float],
    config,
    collapse_remedies: list[str],
    gradient_remedies: list[str],
) -> dict[str, str]:
    """Returns {type: warning with a remedy}.

    Args:
      terms: means over some steps ("spread", "saturated", "gradient_norm", "real_accuracy",
        "fake_accuracy") or of a validation ("class_entropy" and "real_class_entropy", in nats);
        checks whose terms are missing are skipped.
      config: of the run.
      collapse_remedies: flags that help against mode collapse.
      gradient_remedies: flags that bound D's gradient.
    """
    problems = {}
    slower = f"a lower --config.learning_rate (it is {config.learning_rate:g})"
    collapse = f"Try {' or '.join([*collapse_remedies, slower])}."
    if terms.get("spread", 1.0) < MIN_SPREAD:
        problems["spread"] = (
            f"The samples have collapsed: their variation is {terms['spread']:.1%} of the data's. "
            f"{collapse}"
        )
    if "gradient_norm" in terms and terms.get("saturated", 0.0) > MAX_SATURATED:
        real, fake = terms["real_accuracy"], terms["fake_accuracy"]
        won = min(real, fake) > WINNING
        slower = f"a lower --config.d_learning_rate (it is {config.d_learning_rate:g})"
        problems["saturated"] = (
            f"D {'has saturated' if won else 'has diverged'}: {terms['saturated']:.0%} of its "
            f"logits are saturated (D is right about {real:.0%} of the real and {fake:.0%} of the "
            f"generated rows), and the gradient of G has the norm {terms['gradient_norm']:.2g}. "
            f"Start again with {' or with '.join([slower, *gradient_remedies])}."
        )
    if "class_entropy" in terms:
        classes, of_data = (math.exp(terms[f"{p}class_entropy"]) for p in ("", "real_"))
        if classes < MIN_CLASSES * of_data:
            problems["classes"] = (
                f"The samples have collapsed to about {classes:.0f} of {of_data:.0f} classes. "
                f"{collapse}"
            )
    return problems
