"""What a model thinks of an image: class probabilities, a discriminator's opinion."""

import numpy as np
from nicegui import ui

from zoo.explore import compute
from zoo.explore.controls.control import Control
from zoo.explore.parts import NARROW, WIDE, quiet

# Samples that a logit is compared with.
COMPARED = 200


class Bars:
    """A bar for each of a few named shares."""

    def __init__(self, names: list[str], title: str):
        self.rows = []
        with ui.column().classes("w-full gap-1").props(f'role=group aria-label="{title}"'):
            for name in names:
                with ui.row().classes("w-full items-center gap-2 no-wrap") as row:
                    label = ui.label(name).classes("w-28 text-right text-sm whitespace-nowrap")
                    bar = ui.linear_progress(0, size="14px", show_value=False)
                    bar.classes("grow").props(f'aria-label="{name}" instant-feedback')
                    percent = ui.label("").classes("w-12 text-sm tabular-nums")
                self.rows.append((row, label, bar, percent))

    def show(self, shares, names=None) -> None:
        """Shows shares [K], with other names if given; rows beyond K are hidden."""
        for i, (row, label, bar, percent) in enumerate(self.rows):
            row.set_visibility(i < len(shares))
            if i < len(shares):
                bar.set_value(round(float(shares[i]), 4))
                percent.set_text(f"{100 * shares[i]:.0f}%")
                if names is not None:
                    label.set_text(names[i])
                    bar.props(f'aria-label="{names[i]}"')


class Probabilities(Control):
    """The probabilities of the classes while a visitor draws."""

    title, key = "What does it see?", "seen"
    text = "Draw, and watch the probabilities of the classes move."
    needs = ("classify",)
    signature = "classify"

    def names(self) -> list[str]:
        """The names of the classes."""
        count = self.entry.config.get("categories", 0)
        return [f"category {i}" for i in range(count)] or list(self.entry.spec.label_names)

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", "Image to judge", (5, 2))
            with ui.column().classes(WIDE):
                self.bars = Bars(self.names(), "Probabilities")
                self.save_arrays()
        self.draw = self.call(self.ask, self._show)

    def ask(self, model, x):
        """Returns the probabilities [K] of one image."""
        return compute.classify(model, x)

    def refresh(self):
        self.code.set(self.signature, x=self.source.x[None])
        self.draw.request(self.source.x)

    def _show(self, shares):
        self.made = {self.signature: shares}
        self.bars.show(shares)


class Clusters(Probabilities):
    """The responsibilities of a few clusters that a model found without labels."""

    title, key = "Which cluster is it?", "cluster"
    text = "Draw, and watch the responsibilities of the clusters move."
    needs = ("responsibilities", "sample_cluster")
    signature = "responsibilities"

    def names(self):
        return [f"cluster {i}" for i in range(compute.count_clusters(self.entry))]

    def ask(self, model, x):
        return model.responsibilities(x[None])[0]


class Opinion(Control):
    """D's logit of any image, beside those of samples and of test images."""

    title, key = "The discriminator's opinion", "opinion"
    text = (
        "D was trained to tell real images from generated ones. Draw, or take a test image: the "
        "line shows its logit among those of others. Higher is more real."
    )
    needs = ("discriminate", "sample")

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", "Image for D", (5, 2), tells_label=True)
            with ui.column().classes(WIDE):
                self.chart = ui.echart(_options([], [], None)).classes("w-full h-64")
                self.verdict = quiet().props("role=status")
                self.save_arrays()
        self.label = self.add_label_of("discriminate", "Label that D is told", 5)
        self.draw = self.call(self._ask, self._show)

    def _ask(self, model, x, label):
        others = self.once("logits", lambda: self._judge_others(model))
        return others, float(compute.discriminate(model, x[None], [label])[0])

    def _judge_others(self, model):
        labels = np.arange(COMPARED) % max(model.spec.num_classes, 1)
        samples = compute.sample(model, range(COMPARED), labels)
        found = [compute.discriminate(model, samples, labels)]
        if len(self.source.examples):
            classes, each = self.source.examples.shape[:2]
            real = self.source.examples.reshape(-1, *model.spec.shape)
            of_real = np.repeat(np.arange(classes), each)
            found.append(compute.discriminate(model, real, of_real))
        return found

    def refresh(self):
        label = self.label.value if self.label else 0
        labels = {"y": [label]} if self.label else {}
        self.code.set("discriminate", x=self.source.x[None], **labels)
        self.draw.request(self.source.x, label)

    def _show(self, found):
        (samples, *real), logit = found
        self.made = {"logit": np.array([logit]), "of_samples": samples}
        text = f"Logit {logit:.2f}: above {_share(samples, logit)}% of the samples"
        if real:
            text += f" and {_share(real[0], logit)}% of the test images"
        self.verdict.set_text(f"{text}.")
        self.chart.options.clear()
        self.chart.options.update(_options(samples, real[0] if real else [], logit))
        self.chart.update()


def _share(values, logit):
    return round(100 * float(np.mean(np.asarray(values) < logit)))


def _options(samples, real, logit):
    """Two histograms and a line, for ECharts; its colours are seen on light and on dark."""
    grey = {"color": "#888"}
    series: list[dict] = []
    if len(samples):
        values = np.concatenate([samples, real, [logit]])
        edges = np.linspace(values.min(), values.max(), 25)
        middles = (edges[1:] + edges[:-1]) / 2
        for name, given, color in (
            ("samples", samples, "#e8590c"),
            ("test images", real, "#1c7ed6"),
        ):
            if len(given):
                shares = np.histogram(given, edges)[0] / len(given)
                data = np.stack([middles, shares], 1).tolist()
                series.append(
                    {
                        "name": name,
                        "type": "bar",
                        "data": data,
                        "itemStyle": {"color": color},
                        "barWidth": "45%",
                    }
                )
        series[0]["markLine"] = {
            "symbol": "none",
            "data": [{"xAxis": logit}],
            "lineStyle": {"color": "#2f9e44", "width": 3, "type": "solid"},
            "label": {"formatter": "your image", **grey},
            "animation": False,
        }
    return {
        "animation": False,
        "legend": {"textStyle": grey, "bottom": 0},
        "grid": {"left": 10, "right": 10, "top": 30, "bottom": 50},
        "xAxis": {"type": "value", "axisLabel": grey, "scale": True},
        "yAxis": {"show": False},
        "series": series,
    }
