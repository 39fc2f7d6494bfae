"""torch as its tutorials write it: an eager loop over batches of a shuffled tensor."""

import torch
from torch.nn import Linear, ReLU, Sequential, Tanh
from torch.nn.functional import cross_entropy, softmax

from benchmarks.cases import BETA_1, BETA_2, EPSILON
from benchmarks.threads import THREADS

torch.set_num_threads(THREADS)


class Torch:
    def __init__(self, case, weights):
        self.case = case
        activation = {"tanh": Tanh, "relu": ReLU}[case.activation]
        layers = []
        for m, n in zip(case.sizes, case.sizes[1:], strict=False):
            layers += [Linear(m, n), activation()]
        self.model = Sequential(*layers[:-1])
        parameters = list(self.model.parameters())
        with torch.no_grad():
            for parameter, weight in zip(parameters, weights, strict=True):
                parameter.copy_(torch.from_numpy(weight.T))
        if case.optimizer == "SGD":
            self.optimizer = torch.optim.SGD(parameters, lr=case.rate)
        else:
            betas = (BETA_1, BETA_2)
            self.optimizer = torch.optim.Adam(
                parameters, lr=case.rate, betas=betas, eps=EPSILON, fused=True
            )

    def load(self, x, y):
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y).long()

    def train(self, epochs):
        for epoch in epochs:
            for rows in torch.from_numpy(self.case.order(epoch)):
                self.optimizer.zero_grad(set_to_none=True)
                z = self.model(self.x.index_select(0, rows))
                cross_entropy(z, self.y.index_select(0, rows)).backward()
                self.optimizer.step()

    def weights(self):
        return [p.detach().numpy().T for p in self.model.parameters()]

    def predictors(self):
        def predict(x):
            with torch.inference_mode():
                return softmax(self.model(torch.from_numpy(x)), dim=1).numpy()

        return {"torch": predict}
