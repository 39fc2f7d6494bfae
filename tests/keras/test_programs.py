"""Programs of books and courses, shortened, with their imports changed, compared with Keras."""

import numpy as np

import nnkit
from tests.keras.theirs import keras


def test_a_model_of_ones_own_takes_a_dictionary():
    """The tickets of "Deep Learning with Python", chapter 7, compared with Keras."""

    def made(k):
        class CustomerTicketModel(k.Model):
            def __init__(self, departments):
                super().__init__()
                self.concat_layer = k.layers.Concatenate()
                self.mixing_layer = k.layers.Dense(8, activation="relu")
                self.priority_scorer = k.layers.Dense(1, activation="sigmoid")
                self.department_classifier = k.layers.Dense(departments, activation="softmax")

            def call(self, inputs):
                title, body, tags = inputs["title"], inputs["text_body"], inputs["tags"]
                features = self.mixing_layer(self.concat_layer([title, body, tags]))
                return self.priority_scorer(features), self.department_classifier(features)

        return CustomerTicketModel(departments=4)

    rng = np.random.default_rng(1)
    data = {
        "title": rng.random((40, 5), "float32"),
        "text_body": rng.random((40, 6), "float32"),
        "tags": rng.random((40, 2), "float32"),
    }
    y = [rng.random((40, 1), "float32"), np.eye(4, dtype="float32")[np.arange(40) % 4]]
    ours, theirs = made(nnkit), made(keras)
    priority, department = ours(data)
    assert (priority.shape, department.shape) == ((40, 1), (40, 4))
    theirs(data)
    theirs.set_weights(ours.get_weights())
    results = []
    for model in (ours, theirs):
        model.compile("sgd", ["mean_squared_error", "categorical_crossentropy"])
        history = model.fit(data, y, epochs=3, batch_size=8, shuffle=False, verbose=0)
        results.append([history.history["loss"], *model.predict(data, verbose=0)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
