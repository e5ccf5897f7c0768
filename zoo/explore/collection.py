"""The trained models of a folder: what the page says of each, and the model itself on demand."""

import pathlib
import re
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import zoo
from zoo import configs
from zoo.configs.spec import Spec
from zoo.errors import UserError
from zoo.evaluation import headline_metrics
from zoo.exports.folder import ExportFolder
from zoo.exports.signature_inputs import Input
from zoo.exports.versions import list_versions
from zoo.serving.signature_methods import SignatureCalls

# The families of the gallery, and the entries of each.
FAMILIES = {
    "Variational autoencoders": (
        *("vae", "vae_gaussian", "vae_tril", "vae_iaf", "vae_mog", "vae_vamp", "gmvae"),
        *("hvae", "vae_pixel", "iwae"),
    ),
    "Conditional and semi-supervised": ("cvae", "m2", "m2_colour", "m1_m2", "m1_m2_conv"),
    "Adversarial networks": (
        *("gan", "dcgan", "cgan", "wgan_gp", "r3gan", "infogan", "improved_gan"),
    ),
    "Flow matching and diffusion": ("flow_matching", "ddpm"),
    "Tokens": ("vqvae", "vqvae_prior"),
    "Autoregressive models": ("made", "pixelcnn", "pixelcnn_grey"),
    "Mixtures of Gaussians": ("gmm",),
    "Classifiers": ("classifier",),
}
# Of an entry that someone has added.
OTHERS = "Others"
# The address of the folder on the page.
PICTURES = "/pictures"


class Entry(NamedTuple):
    """A trained model, as far as its files tell without loading it.

    Attributes:
      name: of its folder.
      config: the config that it was trained with, as a dict.
      spec: of its data.
      signatures: {name: [inputs]}.
      inputs: {name: Input}.
      about: the sentences that say what it is.
      reached: its headline figure in words.
      picture: the PNG file of its samples; None if there is none.
      card: its card; None if there is none.
    """

    name: str
    config: dict
    spec: Spec
    signatures: dict[str, list[str]]
    inputs: dict[str, Input]
    about: str
    reached: str
    picture: pathlib.Path | None
    card: pathlib.Path | None

    @property
    def dataset(self) -> str:
        return pathlib.PurePath(self.config["dataset"]).name

    @property
    def family(self) -> str:
        """The group that it stands in."""
        found = (family for family, entries in FAMILIES.items() if self.config["model"] in entries)
        return next(found, OTHERS)

    @property
    def sentence(self) -> str:
        """What it is, in one sentence."""
        return self.about.partition("\n")[0]

    @property
    def papers(self) -> list[str]:
        """The arXiv numbers of its papers."""
        return re.findall(r"arXiv\s+(\d{4}\.\d{4,5})", self.about)

    @property
    def images(self) -> bool:
        return len(self.spec.shape) == 3

    @property
    def conditional(self) -> bool:
        """Whether samples have labels."""
        return "y" in self.signatures.get("sample", [])


class Collection:
    """The newest versions of all models in a folder, each loaded when it is first asked for.

    Args:
      folder: of exports.
      server: HOST:PORT of a model server that answers instead; "" for models in this process.

    Raises:
      UserError: if the folder holds no model.
    """

    def __init__(self, folder: pathlib.Path, server: str = ""):
        self.server = server
        self.entries: dict[str, Entry] = {}
        for base in sorted(folder.iterdir()):
            if numbers := list_versions(base):
                entry = _read(base, numbers[-1])
                if entry is not None:
                    self.entries[entry.name] = entry
        if not self.entries:
            raise UserError(f"{folder} holds no trained model: give --saved_models=FOLDER.")
        self.folder = folder
        self._loaded: dict[str, SignatureCalls] = {}
        self._made: dict[tuple[str, str], Any] = {}
        self._loading, self._making = (
            {name: threading.Lock() for name in self.entries} for _ in range(2)
        )

    def load(self, name: str) -> SignatureCalls:
        """Returns a model; the first call loads it. It may be called from any thread.

        Raises:
          UserError: if the model is damaged or the server does not answer; the next call tries
            again.
        """
        with self._loading[name]:
            if name not in self._loaded:
                self._loaded[name] = (
                    zoo.connect(self.server, name) if self.server else zoo.load(name, self.folder)
                )
            return self._loaded[name]

    def once(self, name: str, what: str, make: Callable[[], Any]) -> Any:
        """Returns make(), computed once for a model. It may be called from any thread."""
        if (name, what) not in self._made:
            with self._making[name]:
                if (name, what) not in self._made:
                    self._made[name, what] = make()
        return self._made[name, what]

    def families(self) -> dict[str, list[Entry]]:
        """Returns the models by family, in the order of the gallery."""
        groups = {family: [] for family in (*FAMILIES, OTHERS)}
        for entry in self.entries.values():
            groups[entry.family].append(entry)
        return {family: entries for family, entries in groups.items() if entries}

    def classifier(self, entry: Entry) -> str | None:
        """Returns the name of a classifier of a model's images; None if there is none."""
        name = f"classifier_{entry.dataset}"
        known = self.entries.get(name)
        return name if known and known.spec.shape == entry.spec.shape else None


def _read(base, number):
    """The entry of a model; None for a folder that is not one of the zoo's exports."""
    try:
        description, metrics = ExportFolder(base / str(number)).contents
        spec = Spec.from_fields(description)
        inputs = {n: Input.from_fields(n, given) for n, given in description["inputs"].items()}
        config, signatures = description["config"], description["signatures"]
        reached = headline_metrics.describe_headline(metrics)
        about = _describe(config["model"])
    except (UserError, AttributeError, LookupError, TypeError, ValueError) as error:
        print(f"Left out: {base.name}, since it cannot be read: {error}")
        return None
    picture, card = base / "samples.png", base / "README.md"
    return Entry(
        base.name,
        config,
        spec,
        signatures,
        inputs,
        about,
        reached[:1].upper() + reached[1:],
        picture if picture.exists() else None,
        card if card.exists() else None,
    )


def _describe(model):
    """What a config says of its model; "" for one that this version of the zoo does not know."""
    if model not in configs.entries():
        return ""
    return configs.describe(model).partition("\nCommand:")[0].strip().replace("`", "")
