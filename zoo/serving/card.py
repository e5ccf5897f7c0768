"""A model's card, generated from its config and its metrics, in the format of model hubs."""

import json
import pathlib

import yaml

from zoo import configs
from zoo.drawing import markdown
from zoo.evaluation import headline_metrics, references
from zoo.evaluation.metrics import LABELS
from zoo.exports.signature_inputs import Input

# Limits by type of model, which a signature, an input of one or the likelihood identifies: the
# first that it has.
LIMITS = (
    (
        "sample_fast",
        "Samples are numerical solutions of a differential equation: more steps than those of the "
        "export would change them a little.",
    ),
    (
        "complete",
        "Pixels are drawn one after another, which takes time. A missing pixel depends on the "
        "pixels before it alone; ones that are kept and come later have no influence.",
    ),
    (
        "discriminate",
        "A GAN has no likelihood, and types of images may be missing from its samples: coverage "
        "and class shares show how many.",
    ),
    *(
        (
            likelihood,
            "Pixels of samples are drawn one after another, given the code. `decode` and "
            "`reconstruct` take the median of each instead. Log-likelihoods "
            f"are bounds or estimates.{of_samples}",
        )
        for likelihood, of_samples in (
            (
                "pixelcnn",
                " Samples are binary images and are compared with grey ones: the distances and "
                "the classes of samples, by a judge of grey images, show this as well.",
            ),
            ("pixelcnn_bytes", ""),
        )
    ),
    (
        "tokens",
        "Reconstructions and samples are what tokens decode to: details that no token stands for "
        "are lost, however probable they are.",
    ),
    (
        "encode",
        "Samples are means of p(x given z) and look softer than real images. Log-likelihoods are "
        "bounds or estimates, on pixels as the protocol says.",
    ),
    (
        "responsibilities",
        "Images are treated as vectors of pixels: samples look like averages of a few images.",
    ),
    ("sample", "Style and label may not be separated for images unlike the training data."),
    ("classify", "Images unlike the training data are assigned a class as well."),
)
TAGS = {
    "complete": "autoregressive",
    "encode": "vae",
    "discriminate": "gan",
    "responsibilities": "mixture-model",
    "restyle": "style-transfer",
    "classify": "image-classification",
}


def write_card(name: str, description: dict, metrics: dict, location: str | None = None) -> str:
    """Returns the card of an exported model as Markdown with a YAML head.

    Args:
      name: of the model's folder.
      description: the export's config.json.
      metrics: the export's metrics.json.
      location: the argument of zoo.load; the name if None.
    """
    config, signatures = description["config"], description["signatures"]
    inputs = {n: Input.from_fields(n, fields) for n, fields in description["inputs"].items()}
    images = len(description["shape"]) == 3
    drawn = "sample" in signatures and (images or description["shape"] == [2])
    picture = f"![Samples](samples.png)\n\n{_caption(signatures)}" if drawn else ""
    names = description.get("class_names", [])
    plain = names == [str(i) for i in range(len(names))]
    classes = "" if plain else f"Labels: {', '.join(f'{i} {n}' for i, n in enumerate(names))}.\n\n"
    return f"""\
---
{yaml.safe_dump(_head(name, description, metrics), sort_keys=False, allow_unicode=True)}---

# {name}

{picture}{configs.describe(config["model"]).partition(chr(10) + "Command:")[0]}

## Training

{_command(config)}{_data(config)}{_training(config, metrics["training"])}{_sampling(metrics)}
{_figures(metrics, images)}## Use

Intended for study, baselines and fine-tuning; not for decisions about people.
{_limits(config, signatures, inputs, images)}

{classes}{_signatures(signatures, inputs)}

{_examples(name, location or name, signatures, inputs)}
"""


def _caption(signatures):
    """A caption of the picture of samples, for models that need one."""
    if "y" in signatures["sample"]:
        return "One column per label.\n\n"
    if "sample_cluster" in signatures:
        return "One column per cluster.\n\n"
    if "responsibilities" in signatures:
        return (
            "Each sample is the mean of one component plus noise with that component's covariance."
            "\n\n"
        )
    return ""


def _limits(config, signatures, inputs, images):
    """Sentences about limits, and about the input of `score`."""
    has = {*signatures, *inputs, config.get("likelihood")}
    limits = [text for name, text in LIMITS if name in has][:1]
    if not images:  # the limits above are those of images
        limits = ["Rows unlike the training data get an answer as well."]
    if "score" in signatures:
        given = signatures["score"]
        of_tokens = "tokens" in inputs
        limits.append(_scored_tokens(given) if of_tokens else _scored(config, images, given))
    return "\n".join(limits)


def _tags(signatures):
    """Tags of hubs for the type of model."""
    if "sample_fast" in signatures:  # `encode` is not that of a VAE
        return ["flow-matching", "diffusion"]
    if "tokens" in signatures.get("decode", []):
        return ["vq-vae"]
    return [tag for signature, tag in TAGS.items() if signature in signatures]


def _head(name, description, metrics):
    """The metadata that hubs read: licence, library, tags, data and metrics."""
    config, signatures = description["config"], description["signatures"]
    dataset = pathlib.PurePath(config["dataset"]).name
    images, generates = len(description["shape"]) == 3, "sample" in signatures
    head = {
        "license": "apache-2.0",
        "library_name": "tensorflow",
        "tags": [
            "tensorflow",
            "keras",
            "tensorflow-probability",
            config["model"],
            *_tags(signatures),
        ],
        **({"datasets": [dataset]} if dataset else {}),
    }
    if images:
        task = "unconditional-image-generation" if generates else "image-classification"
        head["pipeline_tag"] = task
        results = [
            {
                "task": {"type": task},
                "dataset": {"type": dataset, "name": dataset, "split": "test"},
                "metrics": [
                    {
                        "type": headline.figure,
                        "name": headline.label,
                        "value": headline.value(metrics["metrics"]),
                    }
                    for headline in headline_metrics.find_headlines(metrics)
                ],
            }
        ]
        if results[0]["metrics"]:
            head["model-index"] = [{"name": name, "results": results}]
    return head


def _command(config):
    """The training command; a model of arrays has none."""
    if not config["dataset"]:
        return ""
    flags = configs.command_flags(configs.get(config["model"], **config))
    return f"    scripts/train.py {flags}\n\n"


def _scored(config, images, given):
    """The input and the value of `score`."""
    pixels = config["pixels"] if images else "rows"
    bound = "a lower bound on " if "posterior" in config else ""
    x = "x given y" if "y" in given else "x"
    return {
        "binarized": f"`score` returns {bound}log p({x}) of binarised images, x in {{0, 1}}; "
        "values in between have no probability under a Bernoulli.",
        "dequantized": f"`score` returns {bound}the log-density of pixels (v + u) / 256, v a byte "
        "and u uniform in [0, 1).",
        "scaled": f"`score` returns {bound}log p({x}) of bytes v, given as v / 255.",
        "rows": f"`score` returns {bound}the log-density of a row, in nats.",
    }[pixels]


def _scored_tokens(given):
    """The value of `score` of a prior over tokens."""
    of = "t given y" if "y" in given else "t"
    return f"`score` returns log p({of}) of the tokens t of x, in nats."


def _data(config):
    source = references.SOURCES.get(pathlib.PurePath(config["dataset"]).name)
    if source is None:
        return ""
    licence = f"; licence: {source.licence}" if source.licence else ""
    return f"Data: {source.title}, {source.about}{licence}.\n"


def _training(config, training):
    if "seconds" not in training:
        return f"Trained for {training['steps']:,} steps by Keras' `fit`; not measured.\n"
    return f"""\
Trained on `{config["dataset"]}` for {training["steps"]:,} steps, in
{_duration(training["seconds"])} on {training["hardware"]}; the weights are those after step
{training["best_step"]:,}, which {training["selection"]}.
"""


def _sampling(metrics):
    """How long samples take, if it was measured."""
    if "sampling" not in metrics:
        return ""
    sampling = metrics["sampling"]
    seconds = f"{sampling['seconds']:.2g} seconds on {sampling['hardware']}"
    return f"{sampling['count']} samples in one call take {seconds}.\n"


def _figures(metrics, images):
    """The table of metrics, and how they were measured."""
    figures = metrics.get("metrics")
    if figures is None:
        return ""
    unit = "image" if images else "row"
    # A model's own loss terms belong to no metric; they come last, under their own names.
    names = [name for name in LABELS if name in figures]
    names += [name for name in figures if name not in LABELS]
    rows = "\n".join(
        f"| {LABELS.get(name, f'Loss term `{name}`').format(unit=unit)} "
        f"| {markdown.cell(figures[name])} |"
        for name in names
    )
    return f"""\
## Figures

| {metrics["images"]:,} test {"images" if images else "rows"} | |
|---|---|
{rows}

{" ".join(metrics["protocol"])}

"""


def _duration(seconds):
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def _signatures(signatures, inputs):
    calls = "\n".join(f"- `{name}({', '.join(given)})`" for name, given in signatures.items())
    table = markdown.table([_row(given) for given in inputs.values()])
    return f"Every input and output is a batch. Signatures:\n\n{calls}\n\n{table}"


def _row(given):
    """A row of the table of inputs."""
    shape = ", ".join(["B", *map(str, given.shape)])
    limits = "" if given.high is None else f"{given.low:g} to {given.high:g}"
    kind = f"{given.dtype} [{shape}]"
    return {"input": f"`{given.name}`", "what": given.about, "type": kind, "limits": limits}


def _examples(name, location, signatures, inputs):
    """Calls of the first signature, in Python and with curl."""
    first, names = next(iter(signatures.items()))
    folder = "saved_models" if location == name else pathlib.PurePath(location).parent
    arguments = ", ".join(f"{n}={_in_python(inputs[n])}" for n in names)
    imports = "import numpy as np\n" if "np." in arguments else ""
    row = {n: inputs[n].example(2)[1].round(1).tolist() for n in names}
    if any(inputs[n].shape for n in names):  # an image of zeros, made by the shell
        rows = ", ".join(f'\\"{n}\\": {_zeros(inputs[n].shape)}' for n in names)
        text = f'{{\\"signature_name\\": \\"{first}\\", \\"instances\\": [{{{rows}}}]}}'
        body = f'"$(python3 -c "import json; print(json.dumps({text}))")"'
    else:
        body = f"'{json.dumps({'signature_name': first, 'instances': [row]})}'"
    return f"""\
```python
{imports}import zoo

model = zoo.load("{location}")
model.{first}({arguments})
```

```bash
scripts/serve.py --model_config_file={folder}/models.config   # or TF Serving
curl -d {body} localhost:8501/v1/models/{name}:predict
```"""


def _in_python(given):
    if given.shape:
        return f"np.zeros([1, {', '.join(map(str, given.shape))}])"
    return str(given.example(2)[1:].round(1).tolist())


def _zeros(shape):
    """A short Python expression for nested lists of zeros."""
    text = "0.0" if shape else "0"
    for size in reversed(shape):
        text = f"[{text}] * {size}"
    return text
