"""What is wrong with two players, in words and with a remedy.

How the players get on shows in a few numbers of each step: how much samples vary, how sure D is,
the gradient that reaches G.
"""

import math

# Samples that vary less than this share of the data are one image and its shades.
LEAST_SPREAD = 0.05
# D's logits of which more than this share is saturated teach G nothing.
MOST_SATURATED = 0.95
# Samples of fewer than this share of the classes have collapsed.
LEAST_CLASSES = 0.5


def complaints(terms: dict[str, float], config, spec) -> dict[str, str]:
    """Returns {kind: sentence} of what is wrong, remedies included.

    Args:
      terms: means over some steps ("spread", "saturated", "gradient_norm", "real_accuracy",
        "fake_accuracy") or of a validation ("class_entropy", in nats); what is missing is not
        looked at.
      config: of the run.
      spec: of the data.
    """
    found = {}
    spread = terms.get("spread", 1.0)
    if spread < LEAST_SPREAD:
        found["spread"] = (
            f"The samples have collapsed: they vary {spread:.1%} as much as the data. "
            f"{_against_collapse(config)}"
        )
    if terms.get("saturated", 0.0) > MOST_SATURATED and "gradient_norm" in terms:
        found["saturated"] = (
            f"D has won for good: {terms['saturated']:.0%} of its logits are saturated (it is "
            f"right of {terms['real_accuracy']:.0%} of the real and {terms['fake_accuracy']:.0%} "
            f"of the generated rows), and G gets a gradient of norm {terms['gradient_norm']:.2g}. "
            f"Start again with a lower --config.d_learning_rate (it is {config.d_learning_rate:g})"
            f"{_or_slope(config)}."
        )
    classes = math.exp(terms.get("class_entropy", math.inf))
    if classes < LEAST_CLASSES * spec.num_classes:
        found["classes"] = (
            f"The samples have collapsed to about {classes:.0f} of {spec.num_classes} classes. "
            f"{_against_collapse(config)}"
        )
    return found


def _against_collapse(config):
    packing = config.get("packing", 0)
    pack = f"--config.packing={2 * packing}, " if packing else ""
    slope = f"--config.r1={10 * config.r1 or 1:g} " if "r1" in config else ""
    return f"Try {pack}{slope}or a lower --config.learning_rate (it is {config.learning_rate:g})."


def _or_slope(config):
    if "r1" not in config or config.gradient_penalty:
        return ""
    return f", or with --config.r1={10 * config.r1 or 1:g}"
