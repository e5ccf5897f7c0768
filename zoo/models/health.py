"""What is wrong with two players, in words and with a remedy.

How the players get on shows in a few numbers of each step: how much samples vary, how sure D is,
the gradient that reaches G.
"""

import math

# Samples that vary by less than this share of what the data do are one image and its shades.
LEAST_SPREAD = 0.02
# D's logits of which more than this share is saturated teach G little.
MOST_SATURATED = 0.95
# A D that is right of more than this share of both kinds of rows has won.
WINNING = 0.9
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
        real, fake = terms["real_accuracy"], terms["fake_accuracy"]
        won = min(real, fake) > WINNING
        found["saturated"] = (
            f"D has {'won for good' if won else 'left all bounds'}: {terms['saturated']:.0%} of "
            f"its logits are saturated (it is right of {real:.0%} of the real and {fake:.0%} of "
            f"the generated rows), and G gets a gradient of norm {terms['gradient_norm']:.2g}. "
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
    remedies = []
    if "packing" in config:
        remedies += [f"--config.packing={2 * config.packing}", f"--config.r1={_more_r1(config)}"]
    remedies.append(f"a lower --config.learning_rate (it is {config.learning_rate:g})")
    return f"Try {' or '.join(remedies)}."


def _or_slope(config):
    slope_is_free = "r1" in config and not config.gradient_penalty
    return f", or with --config.r1={_more_r1(config)}" if slope_is_free else ""


def _more_r1(config):
    return f"{10 * config.r1 or 1:g}"
