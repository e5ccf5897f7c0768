"""Many training steps in one graph: on one device as one XLA program, on several step by step."""

import math

import tensorflow as tf

from zoo import data, seeds

# One XLA program runs this many steps, or fewer where their images would take more than this.
STEPS_PER_BLOCK = 16
BYTES_PER_BLOCK = 64 * 2**20


def batches(split, model, first_step, strategy):
    """Returns all batches from a step of the run on, for this worker's replicas."""
    config = model.config

    def of_worker(context):
        shard = data.Shard(
            context.input_pipeline_id,
            context.num_input_pipelines,
            context.num_replicas_in_sync // context.num_input_pipelines,
        )
        return split.epochs(
            config.seed, first_step, config.batch_size, shard, model.rules.keep_remainder
        )

    return strategy.distribute_datasets_from_function(of_worker)


def function(model, strategy, averages):
    """Returns a function that runs n steps and returns their terms [n, terms], and their names.

    Args:
      model: compiled.
      strategy: that it was made under.
      averages: the run's MovingAverages, updated after each step.
    """
    config, names = model.config, sorted(model.term_means)

    def noise(step):
        return seeds.stream(config.seed, seeds.Stream.PIXELS, step, seeds.replica_id())

    # On a CPU, XLA takes several times as long for this noise: it is drawn outside of it.
    drawn_before = config.pixels == "binarized"

    def prepare(batch, step):
        return data.binarize(batch, noise(step)) if drawn_before else batch

    def step(batch):
        pixels = "scaled" if drawn_before else config.pixels
        taken = tf.identity(model.step)
        terms = model.take_step(data.to_float(batch, pixels, noise(model.step)))
        averages.update(taken)
        return tf.stack([tf.cast(terms[name], tf.float32) for name in names])  # [terms]

    # On a CPU, XLA's convolutions take many times as long as TensorFlow's own.
    on_cpu = not tf.config.list_logical_devices("GPU")
    jit = config.jit and model.rules.compiles and not (model.convolutional and on_cpu)
    if jit and strategy is tf.distribute.get_strategy():  # the default: no strategy at all
        size = BYTES_PER_BLOCK // (config.batch_size * math.prod(model.spec.shape))
        size = min(max(size, 1), STEPS_PER_BLOCK)
        return _in_compiled_blocks(model, prepare, step, len(names), size), names
    # Replicas that talk to each other cannot be compiled whole.
    compiled = jit and strategy.num_replicas_in_sync == 1
    step = tf.function(step, jit_compile=compiled, autograph=False)
    return _step_by_step(lambda batch: prepare(batch, model.step), step, strategy), names


def _step_by_step(prepare, step, strategy):
    @tf.function
    def run_steps(iterator, n):
        rows = tf.TensorArray(tf.float32, n)
        for i in tf.range(n):
            batch = strategy.run(prepare, args=(next(iterator),))
            row = strategy.run(step, args=(batch,))
            if strategy.num_replicas_in_sync > 1:
                row = strategy.reduce("mean", row, axis=None)
            rows = rows.write(i, row)
        return rows.stack()

    return run_steps


def _in_compiled_blocks(model, prepare, step, num_terms, size):
    """Many steps are one XLA program, in which weights and moments never leave their buffers."""

    @tf.function(jit_compile=True, autograph=False)
    def block(stacked, count):
        def body(i, rows):
            row = step(tf.nest.map_structure(lambda tensor: tensor[i], stacked))
            return i + 1, rows.write(i, row)

        rows = tf.TensorArray(tf.float32, size, element_shape=[num_terms])
        return tf.while_loop(lambda i, _: i < count, body, [0, rows])[1].stack()

    @tf.function
    def run_steps(iterator, n):
        rows = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[None, num_terms])
        for start in tf.range(0, n, size):
            count = tf.minimum(size, n - start)
            # One size whatever the count, or XLA would compile again: unwritten elements are zero.
            arrays = {
                name: tf.TensorArray(spec.dtype, size, element_shape=spec.shape)
                for name, spec in iterator.element_spec.items()
            }
            for i in tf.range(count):
                batch = prepare(next(iterator), model.step + i)
                arrays = {name: array.write(i, batch[name]) for name, array in arrays.items()}
            stacked = {name: array.stack() for name, array in arrays.items()}
            rows = rows.write(start // size, block(stacked, count)[:count])
        return rows.concat()

    return run_steps
