"""Learn to add numbers that are written as text: "27+185" becomes "212".

python examples/addition_seq2seq.py --epochs 10

An encoder reads the question, and a decoder writes the answer, sign by sign, and attends to the
question. In training it sees the right signs up to now; afterwards it goes on from its own.
"""

import argparse
from pathlib import Path

import numpy as np

import nnkit
from nnkit import Input, Model
from nnkit.layers import GRU, Attention, Dense, Embedding, concatenate

SIGNS = " 0123456789+<"  # The first fills what is short; the last begins an answer.
NUMBER = {sign: i for i, sign in enumerate(SIGNS)}


def encoded(texts, length):
    """Texts as whole numbers, filled up to a length."""
    return np.array([[NUMBER[sign] for sign in text.ljust(length)] for text in texts])


def questions(rng, count, digits):
    """Sums of two numbers, and what they are."""
    pairs = rng.integers(0, 10**digits, (count, 2))
    return [f"{a}+{b}" for a, b in pairs], [str(a + b) for a, b in pairs]


class Adder:
    """The model that is trained, and two that share its layers to write answers.

    Parameters
    ----------
    digits : int
        Of each number, at most.
    units : int
        Size of the states.
    """

    def __init__(self, digits=2, units=128):
        self.longest, self.answer = 2 * digits + 1, digits + 1
        # Sizes are None: the decoder is given whole answers in training, later one sign at a time.
        question, before = Input((None,), dtype="int32"), Input((None,), dtype="int32")
        read = GRU(units, return_sequences=True, return_state=True, name="encoder")
        write = GRU(units, return_sequences=True, return_state=True, name="decoder")
        signs = Embedding(len(SIGNS), 32, name="signs")
        attend, choose = Attention(name="attention"), Dense(len(SIGNS), "softmax", name="choose")

        def written(so_far, first_state, seen):
            outputs, state = write(signs(so_far), initial_state=first_state)
            return choose(concatenate([outputs, attend([outputs, seen])])), state

        seen, state = read(signs(question))
        self.model = Model([question, before], written(before, state, seen)[0], name="adder")
        self.encoder = Model(question, [seen, state], name="encoder_model")
        known, memory = Input((None, units), name="seen"), Input((units,), name="state")
        outputs, last = written(before, memory, known)
        self.decoder = Model([before, memory, known], [outputs, last], name="decoder_model")

    def data(self, texts, answers):
        """Questions, the signs before each of the answer's, and the answers."""
        question, answer = encoded(texts, self.longest), encoded(answers, self.answer)
        begin = np.full((len(answer), 1), NUMBER["<"])
        return [question, np.concatenate([begin, answer[:, :-1]], axis=1)], answer

    def answers(self, texts):
        """What the model writes, the likeliest sign at each step."""
        seen, state = self.encoder.predict(encoded(texts, self.longest))
        sign, found = np.full((len(texts), 1), NUMBER["<"]), []
        for _ in range(self.answer):
            chances, state = self.decoder.predict([sign, state, seen])
            sign = chances.argmax(axis=-1)
            found.append(sign)
        return ["".join(SIGNS[i] for i in row).strip() for row in np.concatenate(found, axis=1)]


def main(epochs=10, batch_size=64, output_dir=".", count=20000):
    """Run the example and return the fraction of new sums that are right."""
    output_dir = Path(output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    nnkit.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    adder = Adder()
    adder.model.summary()
    adder.model.compile(
        nnkit.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    x, y = adder.data(*questions(rng, count, digits=2))
    adder.model.fit(x, y, batch_size=batch_size, epochs=epochs, validation_split=0.1)

    texts, answers = questions(rng, 500, digits=2)
    written = adder.answers(texts)
    for text, answer in zip(texts[:5], written, strict=False):
        print(f"{text} = {answer}")
    accuracy = float(np.mean([a == b for a, b in zip(written, answers, strict=True)]))
    print(f"{accuracy:.1%} of {len(texts)} sums are right")
    adder.model.save(output_dir / "adder.h5")
    return accuracy


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Learn to add numbers that are written as text.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output-dir", type=Path, default=Path("."))
    main(**vars(parser.parse_args()))
