"""torch as its tutorials write it: an eager loop over batches of a shuffled tensor."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.networks import BATCH, CLASSES, WIDTH, WORDS
from benchmarks.threads import THREADS

torch.set_num_threads(THREADS)


class Last(nn.Module):
    """The state of a recurrent layer after its last step."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


class MeanOfWords(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(WORDS, WIDTH)

    def forward(self, x):
        return self.table(x).mean(1)


def lenet():
    return [
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh()),
        nn.Linear(84, CLASSES),
    ]


def convolutional():
    return [
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, CLASSES)),
    ]


def lstm():
    return [Last(nn.LSTM(28, 128, batch_first=True)), nn.Linear(128, CLASSES)]


def gru():
    return [Last(nn.GRU(28, 128, batch_first=True)), nn.Linear(128, CLASSES)]


def text():
    return [MeanOfWords(), nn.Linear(WIDTH, CLASSES)]


class Trainer:
    def __init__(self, name):
        torch.manual_seed(0)
        self.model = nn.Sequential(*globals()[name]())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, fused=True)

    def load(self, x, y):
        self.x = torch.from_numpy(x)
        if self.x.ndim == 4:  # torch's order of axes.
            self.x = self.x.permute(0, 3, 1, 2).contiguous()
        self.y = torch.from_numpy(y).long()

    def train(self, epochs):
        self.model.train()
        for _ in range(epochs):
            for rows in torch.randperm(len(self.x)).split(BATCH):
                self.optimizer.zero_grad(set_to_none=True)
                z = self.model(self.x.index_select(0, rows))
                cross_entropy(z, self.y.index_select(0, rows)).backward()
                self.optimizer.step()

    def loss(self):
        self.model.eval()
        with torch.inference_mode():
            return float(cross_entropy(self.model(self.x), self.y))
