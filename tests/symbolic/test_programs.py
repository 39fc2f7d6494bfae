"""Programs as they were written for Theano: theirs to the letter, but for the imports.

Each has the habits of its kind: data in shared variables, cast to integers by ``T.cast``; functions
of an index that get their mini-batch by ``givens``; classes that keep parameters, cost and errors.
"""

from collections import OrderedDict

import numpy
import pytest

import nnkit.symbolic as theano
import nnkit.symbolic.tensor as T
from nnkit.symbolic.tensor.nnet import conv2d
from nnkit.symbolic.tensor.shared_randomstreams import RandomStreams
from nnkit.symbolic.tensor.signal import pool

BATCH = 20


@pytest.fixture(params=[("float32", "FAST_RUN"), ("float64", "FAST_COMPILE")], autouse=True)
def settings(request, monkeypatch):
    """Compiled, and without: every kernel that is compiled takes a part of a second."""
    float_type, mode = request.param
    monkeypatch.setattr(theano.config, "floatX", float_type)
    monkeypatch.setattr(theano.config, "mode", mode)


def images(count=120, size=8, classes=3):
    """Noisy pictures of a bar: its place is the class."""
    rng = numpy.random.RandomState(1234)
    labels = rng.randint(classes, size=count)
    pictures = rng.uniform(0, 0.3, size=(count, size, size))
    for picture, label in zip(pictures, labels, strict=True):
        picture[1 + 2 * label : 3 + 2 * label] += 0.6
    return pictures.reshape(count, -1), labels


def shared_dataset(data_xy, borrow=True):
    data_x, data_y = data_xy
    shared_x = theano.shared(numpy.asarray(data_x, dtype=theano.config.floatX), borrow=borrow)
    shared_y = theano.shared(numpy.asarray(data_y, dtype=theano.config.floatX), borrow=borrow)
    # Floats are what a GPU keeps; as indices they must be integers.
    return shared_x, T.cast(shared_y, "int32")


class LogisticRegression:
    def __init__(self, input, n_in, n_out):
        self.W = theano.shared(
            value=numpy.zeros((n_in, n_out), dtype=theano.config.floatX), name="W", borrow=True
        )
        self.b = theano.shared(
            value=numpy.zeros((n_out,), dtype=theano.config.floatX), name="b", borrow=True
        )
        self.p_y_given_x = T.nnet.softmax(T.dot(input, self.W) + self.b)
        self.y_pred = T.argmax(self.p_y_given_x, axis=1)
        self.params = [self.W, self.b]
        self.input = input

    def negative_log_likelihood(self, y):
        return -T.mean(T.log(self.p_y_given_x)[T.arange(y.shape[0]), y])

    def errors(self, y):
        if y.ndim != self.y_pred.ndim:
            raise TypeError("y should have the same shape as self.y_pred", ("y", y.type))
        if y.dtype.startswith("int"):
            return T.mean(T.neq(self.y_pred, y))
        raise NotImplementedError


class HiddenLayer:
    def __init__(self, rng, input, n_in, n_out, W=None, b=None, activation=T.tanh):
        self.input = input
        if W is None:
            bound = numpy.sqrt(6.0 / (n_in + n_out))
            W_values = numpy.asarray(
                rng.uniform(low=-bound, high=bound, size=(n_in, n_out)),
                dtype=theano.config.floatX,
            )
            if activation == T.nnet.sigmoid:
                W_values *= 4
            W = theano.shared(value=W_values, name="W", borrow=True)
        if b is None:
            b_values = numpy.zeros((n_out,), dtype=theano.config.floatX)
            b = theano.shared(value=b_values, name="b", borrow=True)
        self.W, self.b = W, b
        lin_output = T.dot(input, self.W) + self.b
        self.output = lin_output if activation is None else activation(lin_output)
        self.params = [self.W, self.b]


class MLP:
    def __init__(self, rng, input, n_in, n_hidden, n_out):
        self.hiddenLayer = HiddenLayer(rng, input, n_in, n_hidden, activation=T.tanh)
        self.logRegressionLayer = LogisticRegression(self.hiddenLayer.output, n_hidden, n_out)
        self.L1 = abs(self.hiddenLayer.W).sum() + abs(self.logRegressionLayer.W).sum()
        self.L2_sqr = (self.hiddenLayer.W**2).sum() + (self.logRegressionLayer.W**2).sum()
        self.negative_log_likelihood = self.logRegressionLayer.negative_log_likelihood
        self.errors = self.logRegressionLayer.errors
        self.params = self.hiddenLayer.params + self.logRegressionLayer.params


class LeNetConvPoolLayer:
    def __init__(self, rng, input, filter_shape, image_shape, poolsize=(2, 2)):
        assert image_shape[1] == filter_shape[1]
        self.input = input
        fan_in = numpy.prod(filter_shape[1:])
        fan_out = filter_shape[0] * numpy.prod(filter_shape[2:]) // numpy.prod(poolsize)
        W_bound = numpy.sqrt(6.0 / (fan_in + fan_out))
        self.W = theano.shared(
            numpy.asarray(
                rng.uniform(low=-W_bound, high=W_bound, size=filter_shape),
                dtype=theano.config.floatX,
            ),
            borrow=True,
        )
        b_values = numpy.zeros((filter_shape[0],), dtype=theano.config.floatX)
        self.b = theano.shared(value=b_values, borrow=True)
        conv_out = conv2d(
            input=input, filters=self.W, filter_shape=filter_shape, input_shape=image_shape
        )
        pooled_out = pool.pool_2d(input=conv_out, ws=poolsize, ignore_border=True)
        self.output = T.tanh(pooled_out + self.b.dimshuffle("x", 0, "x", "x"))
        self.params = [self.W, self.b]


class DenoisingAutoencoder:
    def __init__(self, numpy_rng, theano_rng=None, input=None, n_visible=64, n_hidden=30):
        self.n_visible, self.n_hidden = n_visible, n_hidden
        if not theano_rng:
            theano_rng = RandomStreams(numpy_rng.randint(2**30))
        bound = 4 * numpy.sqrt(6.0 / (n_hidden + n_visible))
        initial_W = numpy.asarray(
            numpy_rng.uniform(low=-bound, high=bound, size=(n_visible, n_hidden)),
            dtype=theano.config.floatX,
        )
        self.W = theano.shared(value=initial_W, name="W", borrow=True)
        self.b_prime = theano.shared(
            value=numpy.zeros(n_visible, dtype=theano.config.floatX), borrow=True
        )
        self.b = theano.shared(
            value=numpy.zeros(n_hidden, dtype=theano.config.floatX), name="b", borrow=True
        )
        self.W_prime = self.W.T  # Tied weights.
        self.theano_rng = theano_rng
        self.x = T.dmatrix(name="input") if input is None else input
        self.params = [self.W, self.b, self.b_prime]

    def get_corrupted_input(self, input, corruption_level):
        keep = self.theano_rng.binomial(
            size=input.shape, n=1, p=1 - corruption_level, dtype=theano.config.floatX
        )
        return keep * input

    def get_hidden_values(self, input):
        return T.nnet.sigmoid(T.dot(input, self.W) + self.b)

    def get_reconstructed_input(self, hidden):
        return T.nnet.sigmoid(T.dot(hidden, self.W_prime) + self.b_prime)

    def get_cost_updates(self, corruption_level, learning_rate):
        tilde_x = self.get_corrupted_input(self.x, corruption_level)
        z = self.get_reconstructed_input(self.get_hidden_values(tilde_x))
        L = -T.sum(self.x * T.log(z) + (1 - self.x) * T.log(1 - z), axis=1)
        cost = T.mean(L)
        gparams = T.grad(cost, self.params)
        updates = [
            (param, param - learning_rate * gparam)
            for param, gparam in zip(self.params, gparams, strict=True)
        ]
        return cost, updates


def train(cost, errors, params, x, y, dataset, learning_rate, n_epochs):
    """The loop of all classifiers; gives the mean costs of the epochs and the error at the end."""
    train_set_x, train_set_y = dataset
    n_batches = train_set_x.get_value(borrow=True).shape[0] // BATCH
    index = T.lscalar()
    givens = {
        x: train_set_x[index * BATCH : (index + 1) * BATCH],
        y: train_set_y[index * BATCH : (index + 1) * BATCH],
    }
    grads = T.grad(cost, params)
    updates = [(p, p - learning_rate * g) for p, g in zip(params, grads, strict=True)]
    train_model = theano.function(inputs=[index], outputs=cost, updates=updates, givens=givens)
    test_model = theano.function(inputs=[index], outputs=errors, givens=givens)
    costs = []
    for _ in range(n_epochs):
        costs.append(numpy.mean([train_model(i) for i in range(n_batches)]))
    return costs, numpy.mean([test_model(i) for i in range(n_batches)])


def check(costs, error):
    assert costs[-1] < costs[0] / 3
    assert error < 0.05


def test_logistic_regression():
    x, y = T.matrix("x"), T.ivector("y")
    classifier = LogisticRegression(input=x, n_in=64, n_out=3)
    cost = classifier.negative_log_likelihood(y)
    g_W = T.grad(cost=cost, wrt=classifier.W)
    assert g_W.dtype == theano.config.floatX
    data = shared_dataset(images())
    check(*train(cost, classifier.errors(y), classifier.params, x, y, data, 0.3, 15))


def test_multilayer_perceptron():
    x, y = T.matrix("x"), T.ivector("y")
    classifier = MLP(numpy.random.RandomState(1234), x, n_in=64, n_hidden=12, n_out=3)
    cost = (
        classifier.negative_log_likelihood(y) + 0.0001 * classifier.L1 + 0.0001 * classifier.L2_sqr
    )
    data = shared_dataset(images())
    check(*train(cost, classifier.errors(y), classifier.params, x, y, data, 0.3, 15))


def test_convolutional_network():
    rng = numpy.random.RandomState(23455)
    x, y = T.matrix("x"), T.ivector("y")
    layer0_input = x.reshape((BATCH, 1, 8, 8))
    layer0 = LeNetConvPoolLayer(
        rng, layer0_input, image_shape=(BATCH, 1, 8, 8), filter_shape=(3, 1, 3, 3)
    )
    layer1 = LeNetConvPoolLayer(
        rng,
        layer0.output,
        image_shape=(BATCH, 3, 3, 3),
        filter_shape=(4, 3, 2, 2),
        poolsize=(2, 2),
    )
    layer2 = HiddenLayer(rng, layer1.output.flatten(2), n_in=4, n_out=8, activation=T.tanh)
    layer3 = LogisticRegression(input=layer2.output, n_in=8, n_out=3)
    params = layer3.params + layer2.params + layer1.params + layer0.params
    data = shared_dataset(images())
    cost = layer3.negative_log_likelihood(y)
    check(*train(cost, layer3.errors(y), params, x, y, data, 0.3, 25))


def test_denoising_autoencoder():
    rng = numpy.random.RandomState(123)
    pictures, labels = images()
    train_set_x, _ = shared_dataset((pictures > 0.5, labels))
    index = T.lscalar()
    x = T.matrix("x")
    da = DenoisingAutoencoder(rng, RandomStreams(rng.randint(2**30)), x, 64, n_hidden=10)
    cost, updates = da.get_cost_updates(corruption_level=0.3, learning_rate=0.3)
    train_da = theano.function(
        [index],
        cost,
        updates=updates,
        givens={x: train_set_x[index * BATCH : (index + 1) * BATCH]},
    )
    costs = [numpy.mean([train_da(i) for i in range(6)]) for _ in range(30)]
    assert costs[-1] < costs[0] / 3
    # What is missing from a picture comes back, though 3 of 10 points are gone.
    restore = theano.function(
        [x], da.get_reconstructed_input(da.get_hidden_values(da.get_corrupted_input(x, 0.3)))
    )
    clean = train_set_x.get_value()
    first, second = restore(clean), restore(clean)
    assert numpy.mean((first > 0.5) == clean) > 0.97
    assert (first != second).any(), "the noise is new in every call"


class RBM:
    def __init__(self, input, n_visible, n_hidden):
        rng = numpy.random.RandomState(1)
        W = numpy.asarray(rng.normal(0, 0.1, (n_visible, n_hidden)), dtype=theano.config.floatX)
        self.W = theano.shared(value=W, name="W", borrow=True)
        self.hbias = theano.shared(numpy.zeros(n_hidden, dtype=theano.config.floatX))
        self.vbias = theano.shared(numpy.zeros(n_visible, dtype=theano.config.floatX))
        self.input, self.params = input, [self.W, self.hbias, self.vbias]
        self.theano_rng = RandomStreams(17)

    def free_energy(self, v):
        wx_b = T.dot(v, self.W) + self.hbias
        return -T.dot(v, self.vbias) - T.sum(T.log(1 + T.exp(wx_b)), axis=1)

    def sample_h_given_v(self, v):
        mean = T.nnet.sigmoid(T.dot(v, self.W) + self.hbias)
        return self.theano_rng.binomial(mean.shape, n=1, p=mean, dtype=theano.config.floatX)

    def gibbs_hvh(self, h):
        pre_sigmoid = T.dot(h, self.W.T) + self.vbias
        mean = T.nnet.sigmoid(pre_sigmoid)
        v = self.theano_rng.binomial(mean.shape, n=1, p=mean, dtype=theano.config.floatX)
        return [pre_sigmoid, v, self.sample_h_given_v(v)]

    def get_cost_updates(self, lr, k):
        start = self.sample_h_given_v(self.input)
        [pre_sigmoids, vs, _], updates = theano.scan(
            self.gibbs_hvh, outputs_info=[None, None, start], n_steps=k
        )
        chain_end = vs[-1]
        cost = T.mean(self.free_energy(self.input)) - T.mean(self.free_energy(chain_end))
        # The samples are not differentiated.
        gparams = T.grad(cost, self.params, consider_constant=[chain_end])
        for gparam, param in zip(gparams, self.params, strict=True):
            updates[param] = param - gparam * T.cast(lr, dtype=theano.config.floatX)
        z = T.nnet.sigmoid(pre_sigmoids[-1])
        return T.nnet.binary_crossentropy(z, self.input).sum(axis=1).mean(), updates


def test_restricted_boltzmann_machine():
    pictures, _ = images(count=40)
    data = theano.shared((pictures > 0.5).astype(theano.config.floatX), borrow=True)
    index, x = T.lscalar(), T.matrix("x")
    cost, updates = RBM(x, 64, 8).get_cost_updates(lr=0.1, k=2)
    train_rbm = theano.function(
        [index],
        cost,
        updates=updates,
        givens={x: data[index * BATCH : (index + 1) * BATCH]},
        name="train_rbm",
    )
    costs = [numpy.mean([train_rbm(i) for i in range(2)]) for _ in range(60)]
    assert costs[-1] < costs[0] / 3


def test_recurrent_network():
    """A word's label depends on the word before it, so only a memory can learn it."""
    rng = numpy.random.RandomState(5)

    def weights(*shape):
        values = rng.uniform(-0.4, 0.4, size=shape)
        return theano.shared(numpy.asarray(values, dtype=theano.config.floatX))

    embeddings, wx, wh, w = weights(4, 3), weights(3, 6), weights(6, 6), weights(6, 4)
    bh, b, h0 = weights(6), weights(4), weights(6)
    params = [embeddings, wx, wh, w, bh, b, h0]
    words, labels, lr = T.ivector("words"), T.ivector("labels"), T.scalar("lr")
    x = embeddings[words].reshape((words.shape[0], 3))

    def recurrence(x_t, h_tm1):
        h_t = T.nnet.sigmoid(T.dot(x_t, wx) + T.dot(h_tm1, wh) + bh)
        s_t = T.nnet.softmax(T.dot(h_t, w) + b)
        return [h_t, s_t]

    [_, p], _ = theano.scan(fn=recurrence, sequences=x, outputs_info=[h0, None], n_steps=x.shape[0])
    nll = -T.mean(T.log(p)[T.arange(x.shape[0]), labels])
    updates = OrderedDict(
        (param, param - lr * gradient)
        for param, gradient in zip(params, T.grad(nll, params), strict=True)
    )
    classify = theano.function(inputs=[words], outputs=T.argmax(p, axis=1))
    train_sentence = theano.function(inputs=[words, labels, lr], outputs=nll, updates=updates)
    normalize = theano.function(
        inputs=[],
        updates={embeddings: embeddings / T.sqrt((embeddings**2).sum(axis=1)).dimshuffle(0, "x")},
    )
    sentence = rng.randint(4, size=10).astype("int32")
    before = numpy.concatenate([[0], sentence[:-1]]).astype("int32")
    costs = []
    for _ in range(150):
        costs.append(train_sentence(sentence, before, 1.0))
        normalize()
    assert costs[-1] < costs[0] / 3
    assert numpy.array_equal(classify(sentence), before)


def test_dropout_and_rmsprop():
    rng, srng = numpy.random.RandomState(2), RandomStreams(seed=234)
    w1, w2 = (
        theano.shared(numpy.asarray(rng.randn(*shape) * 0.1, dtype=theano.config.floatX))
        for shape in [(64, 20), (20, 3)]
    )
    X, Y = T.matrix(), T.matrix()

    def model(X, p_drop):
        h = T.maximum(T.dot(X, w1), 0.0)
        if p_drop > 0:
            h *= srng.binomial(h.shape, p=1 - p_drop, dtype=theano.config.floatX)
            h /= 1 - p_drop
        return T.nnet.softmax(T.dot(h, w2))

    def RMSprop(cost, params, lr=0.01, rho=0.9, epsilon=1e-6):
        updates = []
        for p, g in zip(params, T.grad(cost=cost, wrt=params), strict=True):
            acc = theano.shared(p.get_value() * 0.0)
            acc_new = rho * acc + (1 - rho) * g**2
            g = g / T.sqrt(acc_new + epsilon)
            updates.append((acc, acc_new))
            updates.append((p, p - lr * g))
        return updates

    cost = T.mean(T.nnet.categorical_crossentropy(model(X, 0.3), Y))
    train_batch = theano.function(
        inputs=[X, Y],
        outputs=cost,
        updates=RMSprop(cost, [w1, w2]),
        allow_input_downcast=True,
    )
    predict = theano.function([X], T.argmax(model(X, 0), axis=1), allow_input_downcast=True)
    pictures, labels = images()
    costs = [train_batch(pictures, numpy.eye(3)[labels]) for _ in range(40)]
    assert costs[-1] < costs[0] / 3
    assert numpy.mean(predict(pictures) != labels) < 0.05
