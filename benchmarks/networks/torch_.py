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


class Mean(nn.Module):
    """The mean over all axes but those of the batch and of the channels."""

    def forward(self, x):
        return x.flatten(2).mean(2)


class Separable(nn.Sequential):
    def __init__(self, channels, filters):
        depthwise = nn.Conv2d(channels, channels, 3, groups=channels, bias=False)
        super().__init__(depthwise, nn.Conv2d(channels, filters, 1), nn.ReLU())


class ConvLSTM(nn.Module):
    """As programs for torch write it, which has none: (batch, channels, frames, ...) to h."""

    def __init__(self, channels, filters):
        super().__init__()
        self.filters = filters
        self.of_input = nn.Conv2d(channels, 4 * filters, 3, padding=1)
        self.of_state = nn.Conv2d(filters, 4 * filters, 3, padding=1, bias=False)

    def forward(self, x):
        frames = x.transpose(1, 2)
        inputs = self.of_input(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        h = c = x.new_zeros(len(x), self.filters, *x.shape[3:])
        for t in range(frames.shape[1]):
            i, f, g, o = (inputs[:, t] + self.of_state(h)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h


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


def conv3d():
    return [
        *(nn.Conv3d(1, 16, 3), nn.ReLU(), nn.MaxPool3d(2)),
        *(nn.Conv3d(16, 32, 3), nn.ReLU(), Mean(), nn.Linear(32, CLASSES)),
    ]


def separable():
    return [
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), Separable(32, 64), nn.MaxPool2d(2)),
        *(Separable(64, 128), Mean(), nn.Linear(128, CLASSES)),
    ]


def convlstm():
    return [ConvLSTM(1, 16), Mean(), nn.Linear(16, CLASSES)]


def group_norm():
    return [
        *(nn.Conv2d(1, 32, 3), nn.GroupNorm(8, 32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.GroupNorm(8, 64), nn.ReLU(), Mean(), nn.Linear(64, CLASSES)),
    ]


def text():
    return [MeanOfWords(), nn.Linear(WIDTH, CLASSES)]


class Trainer:
    def __init__(self, name):
        torch.manual_seed(0)
        self.model = nn.Sequential(*globals()[name]())
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, fused=True)

    def load(self, x, y):
        self.x = torch.from_numpy(x)
        if self.x.ndim > 3:  # torch's order of axes.
            self.x = self.x.movedim(-1, 1).contiguous()
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
