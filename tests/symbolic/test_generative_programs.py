"""Programs that draw, as they were written for Theano: autoencoders, machines, adversaries."""

from collections import OrderedDict

import numpy as np
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams


@pytest.fixture(params=[("float32", "FAST_RUN"), ("float64", "FAST_COMPILE")], autouse=True)
def settings(request, monkeypatch):
    float_type, mode = request.param
    monkeypatch.setattr(theano.config, "floatX", float_type)
    monkeypatch.setattr(theano.config, "mode", mode)


def float_x(value):
    return np.asarray(value, dtype=theano.config.floatX)


def small(rng, *shape, scale=0.3):
    return theano.shared(float_x(scale * rng.randn(*shape)))


def test_variational_autoencoder():
    rng, srng = np.random.RandomState(0), RandomStreams(seed=7)
    shapes = OrderedDict(W1=(16, 12), Wmu=(12, 2), Wsigma=(12, 2), W4=(2, 12), W5=(12, 16))
    w = {k: theano.shared(float_x(0.3 * rng.randn(*s)), k) for k, s in shapes.items()}
    b = {
        k: theano.shared(float_x(np.zeros((1, s[1]))), "b" + k, broadcastable=(True, False))
        for k, s in shapes.items()
    }
    x = T.matrix("x")
    h = T.tanh(T.dot(x, w["W1"]) + b["W1"])
    mu = T.dot(h, w["Wmu"]) + b["Wmu"]
    log_sigma = 0.5 * (T.dot(h, w["Wsigma"]) + b["Wsigma"])
    eps = srng.normal((x.shape[0], 2), avg=0.0, std=1.0, dtype=theano.config.floatX)
    z = mu + T.exp(log_sigma) * eps
    y = T.nnet.sigmoid(T.dot(T.tanh(T.dot(z, w["W4"]) + b["W4"]), w["W5"]) + b["W5"])
    logpx = -T.nnet.binary_crossentropy(y, x).sum(axis=1)
    kl = -0.5 * T.sum(1 + 2 * log_sigma - mu**2 - T.exp(2 * log_sigma), axis=1)
    cost = T.mean(kl - logpx)
    params = [*w.values(), *b.values()]
    updates = OrderedDict()
    for p, g in zip(params, T.grad(cost, params), strict=True):
        m = theano.shared(p.get_value() * 0, broadcastable=p.broadcastable)
        updates[m] = m + g**2
        updates[p] = p - 0.1 * g / T.sqrt(updates[m] + 1e-6)
    train = theano.function([x], [cost, kl.mean()], updates=updates)
    digits = float_x(np.kron(np.eye(4), np.ones(4))[rng.randint(4, size=40)])
    costs = [float(train(digits)[0]) for _ in range(150)]
    assert np.mean(costs[-10:]) < costs[0] / 2
    decode = theano.function([z], y)
    assert decode(float_x([[0, 0]])).shape == (1, 16)


class RBM:
    """Persistent contrastive divergence; its monitor is the pseudo-likelihood."""

    def __init__(self, input, n_visible, n_hidden):
        rng = np.random.RandomState(1)
        self.n_visible, self.input = n_visible, input
        self.W = theano.shared(float_x(0.1 * rng.randn(n_visible, n_hidden)), "W", borrow=True)
        self.hbias = theano.shared(float_x(np.zeros(n_hidden)), "hbias", borrow=True)
        self.vbias = theano.shared(float_x(np.zeros(n_visible)), "vbias", borrow=True)
        self.params, self.theano_rng = [self.W, self.hbias, self.vbias], RandomStreams(3)

    def free_energy(self, v_sample):
        wx_b = T.dot(v_sample, self.W) + self.hbias
        return -T.dot(v_sample, self.vbias) - T.sum(T.log(1 + T.exp(wx_b)), axis=1)

    def propup(self, vis):
        pre = T.dot(vis, self.W) + self.hbias
        return [pre, T.nnet.sigmoid(pre)]

    def propdown(self, hid):
        pre = T.dot(hid, self.W.T) + self.vbias
        return [pre, T.nnet.sigmoid(pre)]

    def sample(self, mean):
        return self.theano_rng.binomial(size=mean.shape, n=1, p=mean, dtype=theano.config.floatX)

    def gibbs_hvh(self, h0_sample):
        pre_v, v_mean = self.propdown(h0_sample)
        v_sample = self.sample(v_mean)
        pre_h, h_mean = self.propup(v_sample)
        return [pre_v, v_mean, v_sample, pre_h, h_mean, self.sample(h_mean)]

    def gibbs_vhv(self, v0_sample):
        _, h_mean = self.propup(v0_sample)
        h_sample = self.sample(h_mean)
        pre_v, v_mean = self.propdown(h_sample)
        return [h_mean, h_sample, pre_v, v_mean, self.sample(v_mean)]

    def get_cost_updates(self, lr, persistent, k):
        outputs, updates = theano.scan(
            self.gibbs_hvh,
            outputs_info=[None, None, None, None, None, persistent],
            n_steps=k,
            name="gibbs_hvh",
        )
        chain_end = outputs[2][-1]
        cost = T.mean(self.free_energy(self.input)) - T.mean(self.free_energy(chain_end))
        gparams = T.grad(cost, self.params, consider_constant=[chain_end])
        for gparam, param in zip(gparams, self.params, strict=True):
            updates[param] = param - gparam * T.cast(lr, dtype=theano.config.floatX)
        updates[persistent] = outputs[5][-1]
        return self.get_pseudo_likelihood_cost(updates), updates

    def get_pseudo_likelihood_cost(self, updates):
        bit_i_idx = theano.shared(value=0, name="bit_i_idx")
        xi = T.round(self.input)
        fe_xi = self.free_energy(xi)
        xi_flip = T.set_subtensor(xi[:, bit_i_idx], 1 - xi[:, bit_i_idx])
        fe_xi_flip = self.free_energy(xi_flip)
        cost = T.mean(self.n_visible * T.log(T.nnet.sigmoid(fe_xi_flip - fe_xi)))
        updates[bit_i_idx] = (bit_i_idx + 1) % self.n_visible
        return cost


def test_persistent_contrastive_divergence():
    rng = np.random.RandomState(0)
    data = np.kron(np.eye(3), np.ones(3))[rng.randint(3, size=30)]
    train_set_x = theano.shared(float_x(data), borrow=True)
    index, x = T.lscalar("index"), T.matrix("x")
    persistent_chain = theano.shared(np.zeros((10, 6), dtype=theano.config.floatX), borrow=True)
    rbm = RBM(x, 9, 6)
    cost, updates = rbm.get_cost_updates(lr=0.1, persistent=persistent_chain, k=3)
    train_rbm = theano.function(
        [index],
        cost,
        updates=updates,
        givens={x: train_set_x[index * 10 : (index + 1) * 10]},
        name="train_rbm",
    )
    costs = [np.mean([train_rbm(i) for i in range(3)]) for _ in range(80)]
    assert np.mean(costs[-5:]) > costs[0] / 2  # Logarithms of probabilities: up to 0.

    # Samples from the model, from a chain of many steps.
    vis = theano.shared(float_x(data[:5]))
    [_, hid_samples, _, vis_mfs, vis_samples], updates = theano.scan(
        rbm.gibbs_vhv, outputs_info=[None, None, None, None, vis], n_steps=4
    )
    updates.update({vis: vis_samples[-1]})
    sample_fn = theano.function(
        [], [vis_mfs[-1], vis_samples[-1], hid_samples], updates=updates, name="sample_fn"
    )
    means, samples, hidden = sample_fn()
    assert means.shape == (5, 9)
    assert hidden.shape == (4, 5, 6)
    assert set(np.unique(samples)) <= {0, 1}
    assert np.array_equal(vis.get_value(), samples)


def test_recurrent_machine():
    """Biases of a Boltzmann machine by a recurrent network; it generates sequences of its own."""
    rng, srng = np.random.RandomState(0), RandomStreams(seed=1)
    n_visible, n_recurrent = 6, 4
    shapes = [(6, 5), (6,), (5,), (4, 5), (4, 6), (6, 4), (4, 4), (4,)]
    W, bv, bh, Wuh, Wuv, Wvu, Wuu, bu = (small(rng, *s, scale=0.01) for s in shapes)
    params = [W, bv, bh, Wuh, Wuv, Wvu, Wuu, bu]

    def draw(mean):
        return srng.binomial(size=mean.shape, n=1, p=mean, dtype=theano.config.floatX)

    def build_rbm(v, bv, bh, k):
        def gibbs_step(v):
            h = draw(T.nnet.sigmoid(T.dot(v, W) + bh))
            mean_v = T.nnet.sigmoid(T.dot(h, W.T) + bv)
            return mean_v, draw(mean_v)

        chain, updates = theano.scan(lambda v: gibbs_step(v)[1], outputs_info=[v], n_steps=k)
        v_sample = chain[-1]
        mean_v = gibbs_step(v_sample)[0]
        monitor = T.sum(v * T.log(mean_v) + (1 - v) * T.log(1 - mean_v)) / v.shape[0]

        def free_energy(v):
            return -(v * bv).sum() - T.log(1 + T.exp(T.dot(v, W) + bh)).sum()

        cost = (free_energy(v) - free_energy(v_sample)) / v.shape[0]
        return v_sample, cost, monitor, updates

    def recurrence(v_t, u_tm1):
        bv_t, bh_t = bv + T.dot(u_tm1, Wuv), bh + T.dot(u_tm1, Wuh)
        generate = v_t is None
        if generate:
            v_t, _, _, updates = build_rbm(T.zeros((n_visible,)), bv_t, bh_t, k=3)
        u_t = T.tanh(bu + T.dot(v_t, Wvu) + T.dot(u_tm1, Wuu))
        return ([v_t, u_t], updates) if generate else [u_t, bv_t, bh_t]

    sequence, u0 = T.matrix(), T.zeros((n_recurrent,))
    (_, bv_t, bh_t), updates_train = theano.scan(
        lambda v_t, u_tm1, *_: recurrence(v_t, u_tm1),
        sequences=sequence,
        outputs_info=[u0, None, None],
        non_sequences=params,
    )
    v_sample, cost, monitor, updates_rbm = build_rbm(sequence, bv_t[:], bh_t[:], k=3)
    updates_train.update(updates_rbm)
    gradient = T.grad(cost, params, consider_constant=[v_sample])
    lr = float_x(0.05)
    updates_train.update((p, p - lr * g) for p, g in zip(params, gradient, strict=True))
    train = theano.function([sequence], monitor, updates=updates_train)
    data = float_x(np.tile(np.eye(n_visible), (4, 1)))
    monitored = [float(train(data)) for _ in range(50)]
    assert np.mean(monitored[-10:]) > monitored[0] + 0.5
    (v_t, _), updates_generate = theano.scan(
        lambda u_tm1, *_: recurrence(None, u_tm1),
        outputs_info=[None, u0],
        non_sequences=params,
        n_steps=7,
    )
    generate = theano.function([], v_t, updates=updates_generate)
    songs = [generate() for _ in range(4)]
    assert songs[0].shape == (7, n_visible)
    assert set(np.unique(songs)) <= {0, 1}
    assert any((song != songs[0]).any() for song in songs[1:]), "drawn anew in every call"


def test_adversarial_networks():
    """One function trains the judge, the other one the forger, whose numbers come near the data."""
    rng, srng = np.random.RandomState(0), RandomStreams(3)
    g = [small(rng, 2, 8), small(rng, 8), small(rng, 8, 1), small(rng, 1)]
    d = [small(rng, 1, 8), small(rng, 8), small(rng, 8, 1), small(rng, 1)]

    def forged(z):
        return T.dot(T.nnet.relu(T.dot(z, g[0]) + g[1]), g[2]) + g[3]

    def judged(x):
        return T.nnet.sigmoid(T.dot(T.tanh(T.dot(x, d[0]) + d[1]), d[2]) + d[3])

    def adam(cost, params, lr=0.02, b1=0.5, b2=0.999, e=1e-8):
        i = theano.shared(float_x(0.0))
        i_t = i + 1.0
        lr_t = lr * (T.sqrt(1.0 - b2**i_t) / (1.0 - b1**i_t))
        updates = [(i, i_t)]
        for p, gradient in zip(params, T.grad(cost, params), strict=True):
            m, v = theano.shared(p.get_value() * 0.0), theano.shared(p.get_value() * 0.0)
            m_t = b1 * m + (1.0 - b1) * gradient
            v_t = b2 * v + (1.0 - b2) * T.sqr(gradient)
            updates += [(m, m_t), (v, v_t), (p, p - lr_t * m_t / (T.sqrt(v_t) + e))]
        return updates

    x = T.matrix("x")
    fake = forged(srng.uniform((x.shape[0], 2), -1, 1, dtype=theano.config.floatX))
    real, false = T.ones((x.shape[0], 1)), T.zeros((x.shape[0], 1))
    crossentropy = T.nnet.binary_crossentropy
    d_cost = crossentropy(judged(x), real).mean() + crossentropy(judged(fake), false).mean()
    g_cost = crossentropy(judged(fake), real).mean()
    train_d = theano.function([x], d_cost, updates=adam(d_cost, d))
    train_g = theano.function([x], g_cost, updates=adam(g_cost, g))
    for _ in range(200):
        batch = float_x(3 + 0.5 * rng.randn(32, 1))
        train_d(batch)
        train_g(batch)
    sample = theano.function([x], fake)(float_x(np.zeros((200, 1))))
    assert 1.5 < sample.mean() < 4.5
