"""Ordinary differential equations dx/dt = v(x, t): solvers, and densities along the solution."""

import tensorflow as tf

# Times of `log_density` are 1 - (1 - s)^DENSE at evenly spaced s.
DENSE = 3


def euler(v, x, t, dt):
    """One step of x' = v(x, t) from t to t + dt, of order 1."""
    return x + dt * v(x, t)


def midpoint(v, x, t, dt):
    """One step of order 2, which does not need v at t + dt."""
    return x + dt * v(x + dt / 2 * v(x, t), t + dt / 2)


def heun(v, x, t, dt):
    """One step of order 2."""
    slope = v(x, t)
    return x + dt / 2 * (slope + v(x + dt * slope, t + dt))


def runge_kutta(v, x, t, dt):
    """One step of order 4."""
    a = v(x, t)
    b = v(x + dt / 2 * a, t + dt / 2)
    c = v(x + dt / 2 * b, t + dt / 2)
    d = v(x + dt * c, t + dt)
    return x + dt / 6 * (a + 2 * b + 2 * c + d)


SOLVERS = {"euler": euler, "midpoint": midpoint, "heun": heun, "runge_kutta": runge_kutta}


def solve(v, x, times, steps: int, solver: str):
    """Returns where the solution that starts at x is at the last of a sequence of times.

    Args:
      v: function of x [B, ...] and a time, as `times` returns it.
      x: [B, ...].
      times: function of i / steps in [0, 1] for the i-th time: [], or any shape that broadcasts
        with x. Times may fall.
      steps: number of steps.
      solver: a key of SOLVERS.
    """
    step = SOLVERS[solver]

    def body(i, x):
        t, after = (times(tf.cast(j, tf.float32) / steps) for j in (i, i + 1))
        return i + 1, step(v, x, t, after - t)

    return tf.while_loop(lambda i, _: i < steps, body, (0, x))[1]


def log_density(v, x, log_prior, start: float, steps: int, probe=None):
    """Returns log p(x) [B] of x [B, D] at t = 1, in nats, if `log_prior` is the density at `start`.

    Chen et al. 2018, Neural Ordinary Differential Equations (arXiv 1806.07366), theorem 1: along a
    solution, log p falls by the divergence of v. Steps are of order 4 and become short towards
    t = 1: where data vary little in some direction, the divergence there grows like 1 / (1 - t).

    Args:
      v: function of x [B, D] and a time [].
      x: data.
      log_prior: function of x [B, D].
      start: time at which `log_prior` holds.
      steps: number of steps.
      probe: [B, D] of independent -1 and 1, for Hutchinson's estimate of the divergence
        (Grathwohl et al. 2019, FFJORD, arXiv 1810.01367, section 3.1), which is unbiased and costs
        one gradient; the exact divergence, which costs D of them, if None.
    """

    def slope(state, s):
        x, t = state[:, :-1], 1 - (1 - s) ** DENSE
        with tf.GradientTape() as tape:
            tape.watch(x)
            velocity = v(x, t)
        if probe is None:
            divergence = tf.linalg.trace(tape.batch_jacobian(velocity, x))
        else:
            divergence = tf.reduce_sum(tape.gradient(velocity, x, probe) * probe, 1)
        dt_ds = DENSE * (1 - s) ** (DENSE - 1)
        return dt_ds * tf.concat([velocity, divergence[:, None]], 1)

    first = 1 - (1 - start) ** (1 / DENSE)
    state = tf.concat([x, tf.zeros_like(x[:, :1])], 1)
    end = solve(slope, state, lambda share: 1 + share * (first - 1), steps, "runge_kutta")
    # Integrated backwards, the divergence has the opposite sign already.
    return log_prior(end[:, :-1]) + end[:, -1]
