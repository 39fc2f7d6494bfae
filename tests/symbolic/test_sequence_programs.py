"""Recurrent programs as they were written for Theano: their loops are scans, trained through."""

import itertools
from collections import OrderedDict

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
import nnkit.symbolic.tensor as tensor
from nnkit.symbolic.sandbox.rng_mrg import MRG_RandomStreams as RandomStreams


@pytest.fixture(params=[("float32", "FAST_RUN"), ("float64", "FAST_COMPILE")], autouse=True)
def settings(request, monkeypatch):
    float_type, mode = request.param
    monkeypatch.setattr(theano.config, "floatX", float_type)
    monkeypatch.setattr(theano.config, "mode", mode)


def numpy_float_x(data):
    return np.asarray(data, dtype=theano.config.floatX)


def ortho_weight(ndim, rng):
    u, _, _ = np.linalg.svd(rng.randn(ndim, ndim))
    return u.astype(theano.config.floatX)


# ------------------------------------------------- a classifier of sentences: LSTM, mask, dropout


def lstm_layer(tparams, state_below, dim, mask):
    nsteps = state_below.shape[0]
    n_samples = state_below.shape[1] if state_below.ndim == 3 else 1

    def _slice(_x, n, dim):
        if _x.ndim == 3:
            return _x[:, :, n * dim : (n + 1) * dim]
        return _x[:, n * dim : (n + 1) * dim]

    def _step(m_, x_, h_, c_):
        preact = tensor.dot(h_, tparams["lstm_U"])
        preact += x_
        i = tensor.nnet.sigmoid(_slice(preact, 0, dim))
        f = tensor.nnet.sigmoid(_slice(preact, 1, dim))
        o = tensor.nnet.sigmoid(_slice(preact, 2, dim))
        c = tensor.tanh(_slice(preact, 3, dim))
        c = f * c_ + i * c
        c = m_[:, None] * c + (1.0 - m_)[:, None] * c_
        h = o * tensor.tanh(c)
        h = m_[:, None] * h + (1.0 - m_)[:, None] * h_
        return h, c

    state_below = tensor.dot(state_below, tparams["lstm_W"]) + tparams["lstm_b"]
    rval, updates = theano.scan(
        _step,
        sequences=[mask, state_below],
        outputs_info=[
            tensor.alloc(numpy_float_x(0.0), n_samples, dim),
            tensor.alloc(numpy_float_x(0.0), n_samples, dim),
        ],
        name="lstm_layers",
        n_steps=nsteps,
    )
    assert not updates
    return rval[0]


def dropout_layer(state_before, use_noise, trng):
    return tensor.switch(
        use_noise,
        state_before * trng.binomial(state_before.shape, p=0.5, n=1, dtype=state_before.dtype),
        state_before * 0.5,
    )


def adadelta(lr, tparams, grads, x, mask, y, cost):
    """Two functions: one leaves the gradients in shared variables, the other one uses them."""
    zipped_grads, running_up2, running_grads2 = (
        [
            theano.shared(p.get_value() * numpy_float_x(0.0), name=f"{k}_{kind}")
            for k, p in tparams.items()
        ]
        for kind in ("grad", "rup2", "rgrad2")
    )
    zgup = [(zg, g) for zg, g in zip(zipped_grads, grads, strict=True)]
    rg2up = [
        (rg2, 0.95 * rg2 + 0.05 * (g**2)) for rg2, g in zip(running_grads2, grads, strict=True)
    ]
    f_grad_shared = theano.function(
        [x, mask, y], cost, updates=zgup + rg2up, name="adadelta_f_grad_shared"
    )
    updir = [
        -tensor.sqrt(ru2 + 1e-6) / tensor.sqrt(rg2 + 1e-6) * zg
        for zg, ru2, rg2 in zip(zipped_grads, running_up2, running_grads2, strict=True)
    ]
    ru2up = [(ru2, 0.95 * ru2 + 0.05 * (ud**2)) for ru2, ud in zip(running_up2, updir, strict=True)]
    param_up = [(p, p + ud) for p, ud in zip(tparams.values(), updir, strict=True)]
    f_update = theano.function(
        [lr], [], updates=ru2up + param_up, on_unused_input="ignore", name="adadelta_f_update"
    )
    return f_grad_shared, f_update


def prepare_data(seqs, labels):
    """Words of sentences side by side, and which of them there are."""
    lengths = [len(s) for s in seqs]
    x = np.zeros((max(lengths), len(seqs))).astype("int64")
    x_mask = np.zeros(x.shape).astype(theano.config.floatX)
    for idx, s in enumerate(seqs):
        x[: lengths[idx], idx] = s
        x_mask[: lengths[idx], idx] = 1.0
    return x, x_mask, labels


def test_lstm_classifier():
    rng, dim, n_words = np.random.RandomState(123), 6, 5
    params = OrderedDict()
    params["Wemb"] = (0.3 * rng.randn(n_words, dim)).astype(theano.config.floatX)
    params["lstm_W"] = np.concatenate([ortho_weight(dim, rng) for _ in range(4)], axis=1)
    params["lstm_U"] = np.concatenate([ortho_weight(dim, rng) for _ in range(4)], axis=1)
    params["lstm_b"] = np.zeros((4 * dim,)).astype(theano.config.floatX)
    params["U"] = 0.1 * rng.randn(dim, 2).astype(theano.config.floatX)
    params["b"] = np.zeros((2,)).astype(theano.config.floatX)
    tparams = OrderedDict((kk, theano.shared(params[kk], name=kk)) for kk in params)

    trng = RandomStreams(123)
    use_noise = theano.shared(numpy_float_x(0.0))
    x = tensor.matrix("x", dtype="int64")
    mask = tensor.matrix("mask", dtype=theano.config.floatX)
    y = tensor.vector("y", dtype="int64")
    n_timesteps, n_samples = x.shape[0], x.shape[1]
    emb = tparams["Wemb"][x.flatten()].reshape([n_timesteps, n_samples, dim])
    proj = lstm_layer(tparams, emb, dim, mask)
    proj = (proj * mask[:, :, None]).sum(axis=0)
    proj = proj / mask.sum(axis=0)[:, None]
    proj = dropout_layer(proj, use_noise, trng)
    pred = tensor.nnet.softmax(tensor.dot(proj, tparams["U"]) + tparams["b"])
    f_pred = theano.function([x, mask], pred.argmax(axis=1), name="f_pred")
    off = 1e-8
    cost = -tensor.log(pred[tensor.arange(n_samples), y] + off).mean()
    decay_c = theano.shared(numpy_float_x(1e-4), name="decay_c")
    weight_decay = 0.0
    weight_decay += (tparams["U"] ** 2).sum()
    weight_decay *= decay_c
    cost += weight_decay

    grads = tensor.grad(cost, wrt=list(tparams.values()))
    lr = tensor.scalar(name="lr")
    f_grad_shared, f_update = adadelta(lr, tparams, grads, x, mask, y, cost)
    # A sentence is good if there is a 4 in it, wherever.
    seqs = [rng.randint(4, size=rng.randint(3, 7)) for _ in range(16)]
    labels = rng.randint(2, size=16)
    for s, label in zip(seqs, labels, strict=True):
        s[rng.randint(len(s))] = 4 if label else 0
    data = prepare_data(seqs, labels)
    costs = []
    for _ in range(150):
        use_noise.set_value(1.0)
        costs.append(float(f_grad_shared(*data)))
        f_update(0.01)
    use_noise.set_value(0.0)
    assert np.mean(costs[-10:]) < costs[0] / 2
    assert np.mean(f_pred(*data[:2]) != labels) < 0.1


# ------------------------------------------------- a model of characters: GRU, truncated gradients


class CharacterGRU:
    def __init__(self, size, hidden, bptt_truncate):
        rng = np.random.RandomState(2)

        def uniform(*shape):
            return theano.shared(numpy_float_x(rng.uniform(-0.5, 0.5, shape)))

        self.E, self.U, self.W = (
            uniform(hidden, size),
            uniform(3, hidden, hidden),
            uniform(3, hidden, hidden),
        )
        self.V, self.b, self.c = uniform(size, hidden), uniform(3, hidden), uniform(size)
        self.params = [self.E, self.U, self.W, self.V, self.b, self.c]
        E, V, U, W, b, c = self.E, self.V, self.U, self.W, self.b, self.c
        x, y = T.ivector("x"), T.ivector("y")

        def forward_prop_step(x_t, s_t_prev):
            x_e = E[:, x_t]
            z_t = T.nnet.hard_sigmoid(U[0].dot(x_e) + W[0].dot(s_t_prev) + b[0])
            r_t = T.nnet.hard_sigmoid(U[1].dot(x_e) + W[1].dot(s_t_prev) + b[1])
            c_t = T.tanh(U[2].dot(x_e) + W[2].dot(s_t_prev * r_t) + b[2])
            s_t = (T.ones_like(z_t) - z_t) * c_t + z_t * s_t_prev
            o_t = T.nnet.softmax(V.dot(s_t) + c)
            return [o_t, s_t]

        [o, _], _ = theano.scan(
            forward_prop_step,
            sequences=x,
            truncate_gradient=bptt_truncate,
            outputs_info=[None, {"initial": T.zeros(hidden)}],
        )
        cost = T.sum(T.nnet.categorical_crossentropy(o, y))
        grads = T.grad(cost, self.params)
        learning_rate, decay = T.scalar("learning_rate"), T.scalar("decay")
        caches = [theano.shared(p.get_value() * 0) for p in self.params]
        updates = []
        for p, g, m in zip(self.params, grads, caches, strict=True):
            new = decay * m + (1 - decay) * g**2
            updates += [(p, p - learning_rate * g / T.sqrt(new + 1e-6)), (m, new)]
        self.predict = theano.function([x], T.argmax(o, axis=1))
        self.ce_error = theano.function([x, y], cost)
        self.sgd_step = theano.function(
            [x, y, learning_rate, theano.In(decay, value=0.9)], [], updates=updates
        )


TEXT = np.array([0, 1, 2, 0, 2, 1, 3, 3, 0, 1, 2, 0, 2, 1, 3, 3], "int32")


def test_character_model():
    model = CharacterGRU(4, 8, bptt_truncate=-1)
    x, y = TEXT[:-1], TEXT[1:]
    before = model.ce_error(x, y)
    for _ in range(40):
        model.sgd_step(x, y, 0.05)
    assert model.ce_error(x, y) < before / 10
    assert np.array_equal(
        model.predict(x)[1:], y[1:]
    )  # What follows a 0 depends on what was before.


# ------------------------------------------------- a model of characters: one-hot, chunks, samples


def numpy_step(w, x, y, h0):
    """The cost of a chunk, the gradients backwards through time, and the last state."""
    hs, ps = [h0], []
    for t in range(len(x)):
        hs.append(np.tanh(w["Wxh"][x[t]] + hs[-1] @ w["Whh"] + w["bh"]))
        p = np.exp(hs[-1] @ w["Why"] + w["by"])
        ps.append(p / p.sum())
    grads = {k: np.zeros_like(v) for k, v in w.items()}
    dh_next = 0
    for t in reversed(range(len(x))):
        dy = ps[t].copy()
        dy[y[t]] -= 1
        grads["Why"] += np.outer(hs[t + 1], dy)
        grads["by"] += dy
        raw = (w["Why"] @ dy + dh_next) * (1 - hs[t + 1] ** 2)
        grads["bh"] += raw
        grads["Wxh"][x[t]] += raw
        grads["Whh"] += np.outer(hs[t], raw)
        dh_next = w["Whh"] @ raw
    return -sum(np.log(p[k]) for p, k in zip(ps, y, strict=True)), grads, hs[-1]


def test_character_rnn_in_chunks():
    """Adagrad on clipped gradients; the state goes on in a shared variable. As in NumPy."""
    vocabulary, hidden, rate = 4, 6, 0.1
    rng = np.random.RandomState(0)
    shapes = {"Wxh": (4, 6), "Whh": (6, 6), "Why": (6, 4), "bh": (6,), "by": (4,)}
    start = {k: rng.randn(*s) * 0.3 for k, s in shapes.items()}
    w = OrderedDict((k, theano.shared(numpy_float_x(v), k)) for k, v in start.items())
    state = theano.shared(numpy_float_x(np.zeros(hidden)), "state")
    x, y = T.ivectors("x", "y")

    def step(x_t, h_tm1):
        return T.tanh(T.dot(x_t, w["Wxh"]) + T.dot(h_tm1, w["Whh"]) + w["bh"])

    one_hot = T.extra_ops.to_one_hot(x, vocabulary)
    hs, _ = theano.scan(step, sequences=one_hot, outputs_info=[state])
    p_y = T.nnet.softmax(T.dot(hs, w["Why"]) + w["by"])
    cost = T.sum(T.nnet.categorical_crossentropy(p_y, y))
    updates = OrderedDict({state: hs[-1]})
    for param in w.values():
        g = T.clip(T.grad(cost, param), -5.0, 5.0)
        memory = theano.shared(param.get_value() * 0)
        updates[memory] = memory + g**2
        updates[param] = param - rate * g / T.sqrt(updates[memory] + 1e-8)
    train = theano.function([x, y], cost, updates=updates, allow_input_downcast=True)
    one, h = T.iscalar("one"), T.vector("h")
    h_next = step(T.eye(vocabulary)[one], h)
    sample_step = theano.function(
        [one, h], [T.nnet.softmax(T.dot(h_next, w["Why"]) + w["by"]), h_next]
    )

    values = {k: numpy_float_x(v).astype("float64") for k, v in start.items()}
    memories = dict.fromkeys(values, 0)
    h0 = np.zeros(hidden)
    costs = []
    for epoch in range(25):
        state.set_value(numpy_float_x(np.zeros(hidden)))
        total = 0.0
        for chunk in (slice(0, 8), slice(8, 15)):
            text, following = TEXT[:-1][chunk], TEXT[1:][chunk]
            total += float(train(text, following))
            if epoch == 0:
                _, grads, h0 = numpy_step(values, text, following, h0)
                for k, g in grads.items():
                    g = np.clip(g, -5, 5)
                    memories[k] = memories[k] + g**2
                    values[k] -= rate * g / np.sqrt(memories[k] + 1e-8)
        if epoch == 0:
            for k, value in values.items():
                np.testing.assert_allclose(w[k].get_value(), value, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(state.get_value(), h0, rtol=1e-3, atol=1e-4)
        costs.append(total)
    assert costs[-1] < costs[0] / 5
    p, h_now = sample_step(TEXT[0], np.zeros(hidden, theano.config.floatX))
    assert p.argmax() in (1, 2)
    assert h_now.shape == (hidden,)


# ------------------------------------------------- attention


def test_attention_finds_the_place():
    """A query, and the value that belongs to the key that is most alike."""
    rng, d = np.random.RandomState(0), 4
    queries, keys, values = T.matrix("queries"), T.tensor3("keys"), T.tensor3("values")
    mask = T.matrix("mask")
    w = theano.shared(numpy_float_x(0.1 * rng.randn(d, d)), "w")
    scores = T.batched_dot(keys, T.dot(queries, w))  # (batch, time)
    alpha = T.exp(scores - scores.max(1, keepdims=True)) * mask
    alpha = alpha / alpha.sum(1, keepdims=True)
    context = T.batched_dot(alpha, values)
    target = T.matrix("target")
    cost = T.sqr(context - target).sum(1).mean()
    train = theano.function(
        [queries, keys, values, mask, target], cost, updates=[(w, w - 0.5 * T.grad(cost, w))]
    )
    k = rng.randn(30, 5, d)
    v = rng.randn(30, 5, 2)
    place = rng.randint(4, size=30)  # The fifth is masked.
    q = k[np.arange(30), place]
    m = np.ones((30, 5))
    m[:, 4] = 0
    batch = [numpy_float_x(a) for a in (q, k, v, m, v[np.arange(30), place])]
    costs = [float(train(*batch)) for _ in range(60)]
    assert costs[-1] < costs[0] / 3
    # The first step in NumPy.
    w0 = numpy_float_x(0.1 * np.random.RandomState(0).randn(d, d)).astype("float64")
    s = np.einsum("btd,bd->bt", k, q @ w0)
    a = np.exp(s) * m
    a /= a.sum(1, keepdims=True)
    c = np.einsum("bt,btv->bv", a, v)
    expected = ((c - batch[-1]) ** 2).sum(1).mean()
    np.testing.assert_allclose(costs[0], expected, rtol=1e-5)


# ------------------------------------------------- labels that depend on each other


def test_conditional_random_field():
    """The sum over all sequences of labels by a loop of log-sum-exp, and by counting them."""
    rng = np.random.RandomState(0)
    transitions, weights = (theano.shared(numpy_float_x(0.1 * rng.randn(n, 3))) for n in (3, 5))
    x, y = T.matrix("x"), T.ivector("y")
    scores = T.dot(x, weights)

    def log_sum_exp(x, axis):
        largest = x.max(axis=axis)
        return largest + T.log(T.exp(x - x.max(axis=axis, keepdims=True)).sum(axis=axis))

    def recurrence(score, previous, transitions):
        previous, score = previous.dimshuffle(0, "x"), score.dimshuffle("x", 0)
        return log_sum_exp(previous + score + transitions, axis=0)

    alpha, _ = theano.scan(
        fn=recurrence,
        outputs_info=scores[0],
        sequences=[scores[1:]],
        non_sequences=transitions,
    )
    all_paths = log_sum_exp(alpha[-1], axis=0)
    path = scores[T.arange(x.shape[0]), y].sum() + transitions[y[:-1], y[1:]].sum()
    cost = all_paths - path
    params = [transitions, weights]
    updates = [
        (p, p - numpy_float_x(0.1) * g) for p, g in zip(params, T.grad(cost, params), strict=True)
    ]
    train = theano.function([x, y], cost, updates=updates)
    data, labels = numpy_float_x(rng.randn(6, 5)), rng.randint(3, size=6).astype("int32")
    u, t = data @ weights.get_value(), transitions.get_value()
    total = sum(
        np.exp(u[range(6), p].sum() + t[p[:-1], p[1:]].sum())
        for p in map(np.array, itertools.product(range(3), repeat=6))
    )
    np.testing.assert_allclose(theano.function([x], all_paths)(data), np.log(total), rtol=1e-5)
    costs = [float(train(data, labels)) for _ in range(50)]
    assert costs[-1] < costs[0] / 4
