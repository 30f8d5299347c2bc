"""Generated pictures that are kept to be shown to a discriminator again."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from toolkit import replicas


class ImagePool(keras.layers.Layer):
    """Gives in place of each new picture, every other time, one that was made before.

    A discriminator that sees the newest pictures alone forgets what older ones looked like
    (Shrivastava et al. 2017, arXiv:1612.07828, section 2.3). Until the pool is full all are kept
    and given back as they came. From then on each is, by the toss of a coin, given back, or put in
    the place of another, which is given instead. The pictures of one batch have different places;
    those beyond the size of the pool are given back.

    Its state is that of a layer, so a checkpoint holds it.

    Args:
        size: Pictures that are kept; 0 gives all back as they came.
        shape: Height, width and channels.
    """

    def __init__(self, size: int, shape: tuple[int, ...]):
        super().__init__(trainable=False, dtype="float32")
        self.size = size
        self.random = keras.random.SeedGenerator()
        own = {"initializer": "zeros", "trainable": False, "aggregation": "only_first_replica"}
        self.held = self.add_weight(shape=(size, *shape), name="held", **own)
        self.count = self.add_weight(shape=(), dtype="int32", name="count", **own)
        self.built = True

    def call(self, images: Any) -> Any:
        """Return as many pictures, some of them older.

        Args:
            images: Shape ``(batch, height, width, channels)``, float32.
        """
        if not self.size:
            return images
        every, begin = replicas.whole(images)  # one pool for all replicas
        return self._exchanged(every)[begin : begin + tf.shape(images)[0]]

    def _exchanged(self, images: Any) -> Any:
        newest, rest = images[: self.size], images[self.size :]
        number, full = tf.shape(newest)[0], self.count >= self.size
        order = tf.range(number)
        with replicas.draws_alike():
            coins = keras.random.uniform((number,), seed=self.random) < 0.5
            places = keras.random.shuffle(tf.range(self.size), seed=self.random)
        # Different ones, so that what is written does not depend on an order.
        place = tf.where(full, places[:number], (self.count + order) % self.size)
        kept = tf.where(full, coins, self.count + order < self.size)
        old = tf.gather(self.held, place)
        given = tf.where((full & coins)[:, None, None, None], old, newest)
        put = tf.where(kept[:, None, None, None], newest, old)
        self.held.assign(tf.tensor_scatter_nd_update(self.held, place[:, None], put))
        self.count.assign(tf.minimum(self.count + number, self.size))
        return tf.concat([given, rest], 0)
