"""Fields of configs: what they take from flags, from sweeps and from Python."""

import shlex
import subprocess
import sys

import numpy as np
import pytest
from absl import flags
from ml_collections import config_flags

import zoo
from zoo import configs, mixtures, models
from zoo.data import fit
from zoo.distributions import codes, likelihoods, posteriors, priors
from zoo.models import autoregressive
from zoo.objectives import gan_losses
from zoo.runs import sweep


@pytest.fixture
def config():
    return configs.get("vae")


def test_every_number_has_limits_and_every_choice_is_one():
    for entry in configs.entries():
        config = configs.get(entry)
        assert set(config.known_fields) == set(config)
        for field, known in config.known_fields.items():
            if type(config[field]) in (int, float):
                assert known.choices or known.low is not None, (entry, field)
            assert known.doc.endswith("."), field
        models.check(configs.get(entry))
        models.check(configs.get_tiny(entry))


@pytest.mark.parametrize(
    ("field", "kinds"),
    [
        ("posterior", posteriors.KINDS),
        ("prior", priors.KINDS),
        ("likelihood", {*likelihoods.KINDS, *autoregressive.LIKELIHOODS}),
        ("codes", codes.KINDS),
        ("loss", gan_losses.LOSSES),
        ("covariance", ["auto", *mixtures.COVARIANCES]),
        ("start", mixtures.METHODS),
        ("fit", fit.KINDS),
    ],
)
def test_choices_are_the_kinds_that_there_are(field, kinds):
    """All of them over all models, of which each may take some."""
    known = [configs.get(entry).known_fields for entry in configs.entries()]
    choices = {choice for of_one in known if field in of_one for choice in of_one[field].choices}
    assert choices == set(kinds)


def test_models_may_differ_in_the_choices_of_a_field():
    with pytest.raises(
        zoo.UserError, match=r"codes='informative': expected one of 'normal', 'unif"
    ):
        models.check(configs.get("gan", codes="informative"))
    with pytest.raises(zoo.UserError, match=r"codes='normal': expected one of 'informative'"):
        models.check(configs.get("infogan", codes="normal"))


def test_a_config_from_a_file_is_checked_in_a_new_process():
    text = configs.get("m2", beta=-1.0).to_json()
    code = (
        "import json, ml_collections; from zoo import configs; "
        f"print(configs.out_of_range(ml_collections.ConfigDict(json.loads({text!r}))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "beta=-1.0: expected" in done.stdout


def test_an_error_says_what_the_field_is():
    with pytest.raises(zoo.UserError, match=r"beta=-1.0: expected 0.0 to 1000000. Weight of the"):
        models.check(configs.get("vae", beta=-1.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_nan_or_infinite(value):
    for entry in configs.entries():
        for field, own in configs.get(entry).items():
            if type(own) is float:
                with pytest.raises(zoo.UserError, match=f"{field}={value}: expected"):
                    models.check(configs.get(entry, **{field: value}))


TEXTS = {
    "jit": ["True", "False", "true", "0"],
    "hidden": ["64", "(64,)", "(64, 32)", "64,32"],
    "latent_dim": ["3"],
    "beta": ["1", "0.5", "1e-3"],
    "prior": ["mog"],
}


@pytest.mark.parametrize(("field", "text"), [(f, t) for f, ts in TEXTS.items() for t in ts])
def test_sweeps_and_python_understand_texts_as_flags_do(config, field, text):
    argv, values = ["", f"--config.{field}={text}"], flags.FlagValues()
    config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=argv)
    values(argv)
    expected = values.config[field]
    assert configs.parse(config, field, text) == expected
    assert configs.get("vae", **{field: text})[field] == expected
    assert type(configs.parse(config, field, text)) is type(expected)


@pytest.mark.parametrize(
    ("over", "values"),
    [
        ("jit=True,False", [True, False]),
        ("hidden=64,32", [(64,), (32,)]),
        ("hidden=(64,32),(16,)", [(64, 32), (16,)]),
        ("beta=1,0.5", [1.0, 0.5]),
    ],
)
def test_values_of_a_sweep(config, over, values):
    assert sweep.parse_fields(config, [over]) == {over.split("=")[0]: values}


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("beta=1,x", r"beta='x': expected a number, such as 1\.0"),
        ("betta=1", r"Unknown config field 'betta'.*Did you mean 'beta'"),
        ("jit=2", r"jit=2: expected True or False"),
        ("latent_dim=2,0", r"latent_dim=0: expected 1 to"),
        ("pixels=binarized,scaled", r"not a density of scaled pixels"),
        ("seed=1,1", r"has a value twice"),
    ],
)
def test_a_sweep_that_cannot_run_is_refused_whole(config, over, message):
    with pytest.raises(zoo.UserError, match=message):
        sweep.parse_fields(config, [over])


def test_numbers_of_numpy_are_numbers():
    made = configs.get(
        "vae",
        latent_dim=np.int64(3),
        beta=np.float32(0.5),
        jit=np.bool_(False),
        hidden=np.array([8, 4]),
        free_bits=1,
    )
    assert (made.latent_dim, made.beta, made.jit, made.hidden) == (3, 0.5, False, (8, 4))
    assert type(made.latent_dim) is int and type(made.free_bits) is float


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("latent_dim", 3.5, "'latent_dim' takes a whole number, got 3.5"),
        ("latent_dim", True, "'latent_dim' takes a whole number, got True"),
        ("jit", 1, "'jit' takes True or False, got 1"),
        ("prior", 3, "'prior' takes a text, got 3"),
        ("hidden", "a", "hidden='a': expected whole numbers"),
        ("beta", None, "'beta' takes a number, got None"),
    ],
)
def test_values_of_another_type_are_named(field, value, message):
    with pytest.raises(zoo.UserError, match=message):
        configs.get("vae", **{field: value})


def test_tuples_hold_whole_numbers_above_zero():
    for hidden in ((0,), (1.5,), (True,), (10**7,)):
        with pytest.raises(zoo.UserError, match="whole numbers from 1 to 1000000"):
            models.check(configs.get("vae", hidden=hidden))


def test_all_problems_of_a_config_are_reported_together():
    config = configs.get("vae", beta=-1.0, prior="vamp", posterior="iaf", pixels="scaled")
    with pytest.raises(
        zoo.UserError, match=r"3 settings cannot.*beta=-1.*scaled.*'vamp'"
    ) as raised:
        models.check(config)
    assert "\n" not in str(raised.value)
    spec = zoo.Spec((2,), 0)
    with pytest.raises(zoo.UserError, match=r"2 settings.*needs labels.*density of pixels"):
        models.check(configs.get("cvae"), spec)


def test_a_run_of_two_epochs_needs_no_other_setting():
    for entry in configs.entries():
        config = configs.get(entry, num_epochs=2)
        models.check(config)
        assert not configs.out_of_range(config)


def test_the_flags_of_a_config_pass_through_a_shell():
    config = configs.get("r3gan", d_hidden=(8, 16), dataset="my pictures")
    words = shlex.split(configs.command_flags(config))
    assert words == ["--model=r3gan", "--dataset=my pictures", "--config.d_hidden=(8, 16)"]
