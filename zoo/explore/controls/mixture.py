"""Mixtures: the components behind an image, points in the plane, clusters."""

import numpy as np
from nicegui import ui

from zoo.explore import compute
from zoo.explore.controls.control import Control
from zoo.explore.controls.judging import Bars
from zoo.explore.parts import NARROW, WIDE, Picture, quiet, seed_of

# Components that are listed; samples that are assigned to components, and those shown of one.
TOP, ASSIGNED, SHOWN = 5, 1000, 8
POINTS = 1000


class Components(Control):
    """The components that a mixture explains an image by, each with samples of its own."""

    title, key = "Which component is it?", "component"
    text = "A mixture has prototypes. Draw, and see the ones that explain your image best."
    needs = ("responsibilities", "sample")

    @classmethod
    def fits(cls, entry):
        return super().fits(entry) and "encode" not in entry.signatures

    def build(self):
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(NARROW):
                self.source = self.add_source("image", "Image to explain", (6, 0))
            with ui.column().classes(WIDE):
                self.bars = Bars([""] * TOP, "Responsibilities of the first components")
                self.picture = Picture("Samples of these components", 520, (TOP, SHOWN))
                quiet(
                    f"Samples of these components, a row for each; grey where {ASSIGNED:,} samples "
                    f"of the mixture have fewer than {SHOWN}."
                )
                self.save_picture(self.picture)
        self.draw = self.call(self._ask, self._show)

    def _ask(self, model, x):
        samples = self.once("assigned", lambda: self._assign(model))
        shares = model.responsibilities(x[None])[0]
        first = np.argsort(shares)[::-1][:TOP]
        return samples, first, shares

    def _assign(self, model):
        x = compute.sample(model, range(ASSIGNED), np.zeros(ASSIGNED, np.int32))
        return x, model.responsibilities(x).argmax(-1)

    def refresh(self):
        self.code.set("responsibilities", x=self.source.x[None])
        self.draw.request(self.source.x)

    def _show(self, found):
        (x, assigned), components, shares = found
        self.made = {"responsibilities": shares}
        rows = np.full((len(components), SHOWN, *x.shape[1:]), 0.5, np.float32)
        for row, component in zip(rows, components, strict=True):
            own = x[assigned == component][:SHOWN]
            row[: len(own)] = own
        self.bars.show(shares[components], [f"component {i}" for i in components])
        self.picture.show_grid(rows.reshape(-1, *x.shape[1:]), SHOWN)


class Points(Control):
    """Samples in the plane."""

    title = "Samples in the plane"
    text = "The same seed gives the same points, here and in your code."
    needs = ("sample",)
    of_images = False

    @classmethod
    def fits(cls, entry):
        plane = super().fits(entry) and entry.spec.shape == (2,)
        return plane and "responsibilities" not in entry.signatures

    def build(self):
        self.chart = self.add_chart()
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed")
            self.save_arrays()
        self.label = self.add_label("y", "Label", 0) if self.entry.conditional else None
        self.draw = self.call(compute.sample, self._show)

    def add_chart(self) -> ui.echart:
        """An empty chart of points."""
        chart = ui.echart({"series": []}).classes("w-full").style("height: 420px")
        return chart.props('role=img aria-label="Samples in the plane"')

    def refresh(self):
        seed, label = seed_of(self.seed), self.label.value if self.label else 0
        seeds, labels = np.arange(seed, seed + POINTS), np.full(POINTS, label)
        self.code.set("sample", seed=seeds, **({"y": labels} if self.label else {}))
        self.draw.request(seeds, labels)

    def _show(self, x):
        self.made = {"x": x}
        self.show_points([x])

    def show_points(self, groups, marked=None) -> None:
        """Shows groups of points [N, 2], a colour for each, and a large one [2] if given."""
        series = [
            {"type": "scatter", "symbolSize": 4, "data": np.round(x, 3).tolist()} for x in groups
        ]
        if marked is not None:
            style = {"borderColor": "#000", "color": "#fff", "borderWidth": 4}
            point = {"symbolSize": 16, "data": [marked.tolist()], "itemStyle": style}
            series.append({"type": "scatter", **point})
        axis = {"type": "value", "scale": True, "splitLine": {"show": False}}
        axis["axisLabel"] = {"color": "#888"}
        self.chart.options.clear()
        self.chart.options.update(
            {
                "animation": False,
                "xAxis": axis,
                "yAxis": dict(axis),
                "series": series,
                "grid": {"left": 40, "right": 10, "top": 10, "bottom": 30},
            }
        )
        self.chart.update()


class PlaneMixture(Points):
    """Samples in the plane, coloured by component, and one point that a visitor moves."""

    title = "A mixture in the plane"
    text = "Each colour is a component. Move the point to see which component it would belong to."
    needs = ("responsibilities", "sample", "score")

    @classmethod
    def fits(cls, entry):
        return super(Points, cls).fits(entry) and entry.spec.shape == (2,)

    def build(self):
        self.drawn: tuple | None = None
        with ui.row().classes("w-full items-start gap-6"):
            with ui.column().classes(WIDE):
                self.chart = self.add_chart()
                with ui.row().classes("items-center gap-2"):
                    self.seed = self.add_seed("seed", "Seed")
                    self.save_arrays()
            with ui.column().classes(WIDE):
                self.place = [
                    self.add_slider(key, name, -3, 3, value)
                    for name, key, value in (("Across", "a", 0.7), ("Up", "b", 0.65))
                ]
                self.density = quiet().props("role=status")
                self.bars = Bars([""] * TOP, "Responsibilities of the first components")
        self.draw = self.call(self._ask, self._show)

    def refresh(self):
        point = np.array([[made.value for made in self.place]], np.float32)
        self.code.set("responsibilities", x=point)
        self.draw.request(seed_of(self.seed), point)

    def _ask(self, model, seed, point):
        drawn = self.drawn
        if drawn is None or drawn[0] != seed:
            x = model.sample(np.arange(seed, seed + POINTS, dtype=np.int32))
            drawn = seed, x, model.responsibilities(x).argmax(-1)
        shares = model.responsibilities(point)[0]
        return drawn, point[0], shares, float(model.score(point)[0])

    def _show(self, found):
        self.drawn, point, shares, log_density = found
        _, x, components = self.drawn
        self.made = {"x": x, "component": components, "responsibilities": shares}
        first = np.argsort(shares)[::-1][:TOP]
        self.bars.show(shares[first], [f"component {i}" for i in first])
        self.density.set_text(f"log p(x) = {log_density:.2f}")
        self.show_points([x[components == i] for i in range(shares.size)], point)


class ClusterSamples(Control):
    """Samples of each cluster."""

    title, key = "What the clusters are", "clusters"
    text = "A row for each cluster that the model found by itself; a column shares its seed."
    needs = ("sample_cluster",)
    columns = 8

    def build(self):
        self.count = compute.count_clusters(self.entry)
        self.picture = Picture("Samples of each cluster", 560, (self.count, self.columns))
        with ui.row().classes("items-center gap-2"):
            self.seed = self.add_seed("seed", "Seed of the clusters").classes("w-44")
            self.save_picture(self.picture)
        self.draw = self.call(self._sample, self._show)

    def _sample(self, model, seed):
        return compute.sample_clusters(model, self.entry, seed, self.columns)

    def refresh(self):
        seed = seed_of(self.seed)
        seeds = np.tile(np.arange(seed, seed + self.columns), self.count)
        clusters = np.repeat(np.arange(self.count), self.columns)
        self.code.set("sample_cluster", seed=seeds, cluster=clusters)
        self.draw.request(seed)

    def _show(self, x):
        self.made = {"x": x}
        self.picture.show_grid(x.reshape(-1, *x.shape[2:]), self.columns)
