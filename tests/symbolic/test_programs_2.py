"""More programs as they were written for Theano: each trains, and some are done again in NumPy."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.ifelse import ifelse
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams


@pytest.fixture(params=[("float32", "FAST_RUN"), ("float64", "FAST_COMPILE")], autouse=True)
def settings(request, monkeypatch):
    float_type, mode = request.param
    monkeypatch.setattr(theano.config, "floatX", float_type)
    monkeypatch.setattr(theano.config, "mode", mode)


def float_x(value):
    return np.asarray(value, dtype=theano.config.floatX)


def two_moons(count=60):
    rng = np.random.RandomState(0)
    labels = rng.randint(2, size=count)
    angle = rng.uniform(0, np.pi, count)
    x = np.stack([np.cos(angle) + labels, np.sin(angle) * (1 - 2 * labels) + 0.3 * labels], 1)
    return float_x(x + 0.05 * rng.randn(count, 2)), labels.astype("int32")


# ------------------------------------------------- dropout, momentum by epochs, limited columns


class DropoutHiddenLayer:
    def __init__(self, rng, input, n_in, n_out, activation, dropout_rate, W=None, b=None):
        if W is None:
            W = theano.shared(float_x(0.5 * rng.standard_normal(size=(n_in, n_out))), name="W")
        if b is None:
            b = theano.shared(np.zeros((n_out,), dtype=theano.config.floatX), name="b")
        self.W, self.b = W, b
        output = activation(T.dot(input, self.W) + self.b)
        if dropout_rate > 0:
            srng = RandomStreams(rng.randint(999999))
            mask = srng.binomial(n=1, p=1 - dropout_rate, size=output.shape)
            output = output * T.cast(mask, theano.config.floatX)
        self.output = output
        self.params = [self.W, self.b]


def test_dropout_network_with_two_paths():
    """One path drops and trains; the other one shares its weights, scaled, and is tested."""
    rng = np.random.RandomState(1234)
    data_x, data_y = two_moons()
    train_set_x = theano.shared(data_x, borrow=True)
    train_set_y = T.cast(theano.shared(float_x(data_y)), "int32")
    index, epoch = T.lscalar(), T.scalar()
    x, y = T.matrix("x"), T.ivector("y")
    learning_rate = theano.shared(np.asarray(0.5, dtype=theano.config.floatX))

    def relu(x):
        return x * (x > 0)

    hidden = DropoutHiddenLayer(rng, x, 2, 30, relu, 0.2)
    last = DropoutHiddenLayer(rng, hidden.output, 30, 2, T.nnet.softmax, 0)
    plain = DropoutHiddenLayer(rng, x, 2, 30, relu, 0, W=hidden.W, b=hidden.b)
    tested = DropoutHiddenLayer(
        rng, plain.output, 30, 2, T.nnet.softmax, 0, W=last.W * (1 - 0.2), b=last.b
    )
    params = [param for layer in (hidden, last) for param in layer.params]
    cost = -T.mean(T.log(last.output)[T.arange(y.shape[0]), y])
    errors = T.mean(T.neq(T.argmax(tested.output, axis=1), y))

    gparams_mom = []
    for param in params:
        gparam_mom = theano.shared(
            np.zeros(param.get_value(borrow=True).shape, dtype=theano.config.floatX)
        )
        gparams_mom.append(gparam_mom)
    mom = ifelse(epoch < 20, 0.5 * (1.0 - epoch / 20.0) + 0.9 * (epoch / 20.0), 0.9)
    updates = OrderedDict()
    for gparam_mom, gparam in zip(gparams_mom, [T.grad(cost, p) for p in params], strict=True):
        updates[gparam_mom] = mom * gparam_mom + (1.0 - mom) * gparam
    for param, gparam_mom in zip(params, gparams_mom, strict=True):
        stepped_param = param - learning_rate * updates[gparam_mom]
        if param.get_value(borrow=True).ndim == 2:
            col_norms = T.sqrt(T.sum(T.sqr(stepped_param), axis=0))
            desired_norms = T.clip(col_norms, 0, T.sqrt(15.0))
            scale = desired_norms / (1e-7 + col_norms)
            updates[param] = stepped_param * scale
        else:
            updates[param] = stepped_param
    train_model = theano.function(
        inputs=[epoch, index],
        outputs=cost,
        updates=updates,
        givens={
            x: train_set_x[index * 20 : (index + 1) * 20],
            y: train_set_y[index * 20 : (index + 1) * 20],
        },
    )
    test_model = theano.function([], errors, givens={x: train_set_x, y: train_set_y})
    decay_learning_rate = theano.function(
        inputs=[], outputs=learning_rate, updates={learning_rate: learning_rate * 0.99}
    )
    costs = []
    for epoch_counter in range(60):
        costs.append(np.mean([train_model(epoch_counter, i) for i in range(3)]))
        new_learning_rate = decay_learning_rate()
    assert new_learning_rate == pytest.approx(0.5 * 0.99**59, rel=1e-5)
    assert np.mean(costs[-5:]) < costs[0] / 3
    assert test_model() < 0.05


# ------------------------------------------------- rows of matrices


def test_matrix_factorisation():
    """Ratings of users for items: only the rows of a mini-batch are changed."""
    rng = np.random.RandomState(0)
    truth = rng.randn(8, 2) @ rng.randn(2, 6)
    users, items = (a.ravel() for a in np.meshgrid(range(8), range(6), indexing="ij"))
    u0, v0 = 0.3 * rng.randn(8, 3), 0.3 * rng.randn(6, 3)
    U, V = theano.shared(float_x(u0), "U"), theano.shared(float_x(v0), "V")
    i, j, r = T.lvector("i"), T.lvector("j"), T.vector("r")
    u, v = U[i], V[j]
    errors = r - (u * v).sum(axis=1)
    cost = T.sum(errors**2) + 0.001 * (T.sum(u**2) + T.sum(v**2))
    du, dv = T.grad(cost, [u, v])
    train = theano.function(
        [i, j, r],
        cost,
        updates=[(U, T.inc_subtensor(u, -0.05 * du)), (V, T.inc_subtensor(v, -0.05 * dv))],
    )
    order = [rng.permutation(len(users)) for _ in range(60)]
    costs = []
    for epoch, shuffled in enumerate(order):
        total = 0
        for batch in shuffled.reshape(-1, 12):
            a, b = users[batch], items[batch]
            ratings = float_x(truth[a, b])
            total += train(a, b, ratings)
            if epoch == 0:  # The same in NumPy.
                e = ratings - (u0[a] * v0[b]).sum(1)
                gu = -2 * e[:, None] * v0[b] + 0.002 * u0[a]
                gv = -2 * e[:, None] * u0[a] + 0.002 * v0[b]
                np.add.at(u0, a, -0.05 * gu)
                np.add.at(v0, b, -0.05 * gv)
        if epoch == 0:
            np.testing.assert_allclose(U.get_value(), u0, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(V.get_value(), v0, rtol=1e-4, atol=1e-6)
        costs.append(total)
    assert costs[-1] < costs[0] / 20


def test_negative_sampling():
    """Embeddings of words: neighbours are alike, random words are not."""
    rng = np.random.RandomState(0)
    center, context = T.ivector("center"), T.ivector("context")
    negatives = T.imatrix("negatives")
    word_vectors = theano.shared(float_x(0.1 * rng.randn(6, 4)), "word_vectors")
    context_vectors = theano.shared(float_x(0.1 * rng.randn(6, 4)), "context_vectors")
    c, o, n = word_vectors[center], context_vectors[context], context_vectors[negatives]
    positive = T.log(T.nnet.sigmoid(T.sum(c * o, axis=1)))
    negative = T.log(T.nnet.sigmoid(-T.batched_dot(n, c))).sum(axis=1)
    cost = -T.mean(positive + negative)
    params = [word_vectors, context_vectors]
    updates = [(p, p - 0.5 * g) for p, g in zip(params, T.grad(cost, params), strict=True)]
    train = theano.function([center, context, negatives], cost, updates=updates)
    costs = []
    for _ in range(200):  # Words are neighbours if they are both below 3, or both not.
        words = rng.randint(6, size=16).astype("int32")
        near = ((words // 3) * 3 + rng.randint(3, size=16)).astype("int32")
        far = ((1 - words // 3)[:, None] * 3 + rng.randint(3, size=(16, 2))).astype("int32")
        costs.append(float(train(words, near, far)))
    assert np.mean(costs[-10:]) < costs[0] / 4
    w = word_vectors.get_value()
    w /= np.sqrt((w**2).sum(1, keepdims=True))
    assert ((w @ w.T > 0) == (np.arange(6)[:, None] // 3 == np.arange(6) // 3)).all()


# ------------------------------------------------- normalization


def test_batch_normalization_with_running_means():
    data_x, data_y = two_moons()
    x, y = T.matrix("x"), T.ivector("y")
    rng = np.random.RandomState(2)
    w1, w2 = (theano.shared(float_x(rng.randn(*s))) for s in [(2, 10), (10, 2)])
    gamma, beta = theano.shared(float_x(np.ones(10))), theano.shared(float_x(np.zeros(10)))
    mean, std = theano.shared(float_x(np.zeros(10))), theano.shared(float_x(np.ones(10)))
    a = T.dot(x, w1)
    batch_mean, batch_std = a.mean(0), T.sqrt(a.var(0) + 1e-6)
    normalized = T.nnet.bn.batch_normalization(
        a, gamma, beta, batch_mean, batch_std, mode="high_mem"
    )
    p = T.nnet.softmax(T.dot(T.nnet.relu(normalized), w2))
    tested = T.nnet.bn.batch_normalization(a, gamma, beta, mean, std)
    q = T.nnet.softmax(T.dot(T.nnet.relu(tested), w2))
    cost = T.nnet.categorical_crossentropy(p, y).mean()
    params = [w1, w2, gamma, beta]
    updates = [(p, p - 0.3 * g) for p, g in zip(params, T.grad(cost, params), strict=True)]
    updates += [(mean, 0.9 * mean + 0.1 * batch_mean), (std, 0.9 * std + 0.1 * batch_std)]
    train = theano.function([x, y], cost, updates=updates)
    test = theano.function([x, y], T.neq(q.argmax(1), y).mean())
    costs = [float(train(data_x, data_y)) for _ in range(80)]
    assert costs[-1] < costs[0] / 3
    assert test(data_x, data_y) < 0.05
    inner = data_x @ w1.get_value()
    np.testing.assert_allclose(mean.get_value(), inner.mean(0), atol=0.1)


# ------------------------------------------------- second derivatives


def test_gauss_newton_product_and_conjugate_gradients():
    """A network of one layer by Hessian-free steps: J^T J v by Rop and Lop, H v by two grads."""
    rng = np.random.RandomState(0)
    w = theano.shared(float_x(rng.randn(3, 2)), "w")
    x, y, v = T.matrices("x", "y", "v")
    output = T.tanh(T.dot(x, w))
    cost = T.sum((output - y) ** 2)
    product = theano.function([x, v], T.Lop(output, w, 2 * T.Rop(output, w, v)))
    hessian = theano.function([x, y, v], T.grad(T.sum(T.grad(cost, w) * v), w))
    gradient = theano.function([x, y], [cost, T.grad(cost, w)])
    a = float_x(rng.randn(12, 3))
    target = float_x(np.tanh(a @ rng.randn(3, 2)))
    direction = float_x(rng.randn(3, 2))
    slopes = 1 - np.tanh(a @ w.get_value()) ** 2
    jacobian = np.zeros((12, 2, 3, 2))
    for j in range(2):
        jacobian[:, j, :, j] = a * slopes[:, j : j + 1]
    flat = jacobian.reshape(24, 6)
    wanted = 2 * flat.T @ flat @ direction.ravel()
    np.testing.assert_allclose(product(a, direction).ravel(), wanted, rtol=2e-3, atol=1e-4)
    assert hessian(a, target, direction).shape == (3, 2)
    costs = []
    for _ in range(6):
        value, g = gradient(a, target)
        costs.append(float(value))
        step, residual = np.zeros_like(g), -g
        p = residual
        for _ in range(6):
            q = product(a, p) + float_x(1e-3) * p
            rate = (residual**2).sum() / (p * q).sum()
            step = step + rate * p
            after = residual - rate * q
            p = after + (after**2).sum() / (residual**2).sum() * p
            residual = after
        w.set_value(w.get_value() + float_x(0.7) * step)
    assert costs[-1] < costs[0] / 20


def test_content_and_shift():
    """A memory is addressed by likeness, and the place moved by a circular convolution."""
    rng = np.random.RandomState(0)
    memory, key, shift, gamma = T.matrix("memory"), T.vector("key"), T.vector("shift"), T.scalar()
    likeness = T.dot(memory, key) / (memory.norm(2, axis=1) * key.norm(2) + 1e-6)
    content = T.nnet.softmax(5 * likeness)
    n = memory.shape[0]
    places = (T.arange(n).dimshuffle(0, "x") - T.arange(n).dimshuffle("x", 0)) % n
    padded = T.concatenate([shift, T.zeros((n - 3,))])
    moved = (content.dimshuffle("x", 0) * padded[places]).sum(1) ** gamma
    weights = moved / moved.sum()
    inputs = [memory, key, shift, gamma]
    f = theano.function(inputs, [content, weights, *T.grad(weights[0], inputs)])
    rows = float_x(rng.randn(6, 4))
    found, after, *grads = f(rows, rows[4], float_x([0, 1, 0]), 2.0)
    assert found.argmax() == 4
    np.testing.assert_allclose(after, np.roll(found, 1) ** 2 / (found**2).sum(), rtol=1e-4)
    assert all(np.isfinite(g).all() for g in grads)


# ------------------------------------------------- models kept


class Regression:
    def __init__(self, input, n_in, n_out):
        self.W = theano.shared(np.zeros((n_in, n_out), dtype=theano.config.floatX), name="W")
        self.b = theano.shared(np.zeros((n_out,), dtype=theano.config.floatX), name="b")
        self.p_y_given_x = T.nnet.softmax(T.dot(input, self.W) + self.b)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)
        self.params, self.input = [self.W, self.b], input

    def __getstate__(self):
        return self.__dict__


def test_early_stopping_and_the_best_model_from_a_file(tmp_path):
    """Patience, a validation score, the best model pickled with its graph, and read again."""
    data_x, data_y = two_moons(90)
    x, y = T.matrix("x"), T.ivector("y")
    classifier = Regression(x, 2, 2)
    cost = -T.mean(T.log(classifier.p_y_given_x)[T.arange(y.shape[0]), y])
    updates = [(p, p - 0.5 * T.grad(cost, p)) for p in classifier.params]
    train_model = theano.function([x, y], cost, updates=updates)
    errors = theano.function([x, y], T.mean(T.neq(classifier.y_pred, y)))
    patience, patience_increase, threshold = 20, 2, 0.995
    best, best_params, done, iteration = np.inf, None, False, 0
    while not done:
        for start in range(0, 60, 20):
            iteration += 1
            batch = slice(start, start + 20)
            train_model(data_x[batch], data_y[batch])
            loss = errors(data_x[60:], data_y[60:])
            if loss < best:
                if loss < best * threshold:
                    patience = max(patience, iteration * patience_increase)
                best, best_params = loss, [copy.copy(p.get_value()) for p in classifier.params]
                with open(tmp_path / "best_model.pkl", "wb") as f:
                    pickle.dump(classifier, f)
            if patience <= iteration:
                done = True
                break
    assert best < 0.25
    with open(tmp_path / "best_model.pkl", "rb") as f:
        read = pickle.load(f)
    predict = theano.function(inputs=[read.input], outputs=read.y_pred)
    assert np.mean(predict(data_x[60:]) != data_y[60:]) == best
    for param, value in zip(read.params, best_params, strict=True):
        assert np.array_equal(param.get_value(), value)
    classifier.W.set_value(classifier.W.get_value() * 0)
    assert read.W.get_value().any(), "the copy has values of its own"
