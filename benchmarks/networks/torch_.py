"""torch as its tutorials write it: an eager loop over batches of a shuffled tensor."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss

from benchmarks.networks import CLASSES, NETWORKS, WIDTH, WORDS
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


def points():
    return [nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 4)]


def relu_lenet():
    return [
        *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()),
        nn.Linear(84, CLASSES),
    ]


def six():
    layers, channels = [], 3
    for filters in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return [*layers, nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(), nn.Linear(256, CLASSES)]


class Shortcut(nn.Module):
    """The sum of a block's output and its input, or what a convolution makes of that."""

    def __init__(self, channels, filters, strides):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, filters, 3, strides, padding=1, bias=False),
            *(nn.BatchNorm2d(filters), nn.ReLU()),
            *(nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters)),
        )
        self.shortcut = nn.Identity()
        if strides == 2:
            self.shortcut = nn.Conv2d(channels, filters, 1, 2, bias=False)

    def forward(self, x):
        return torch.relu(self.block(x) + self.shortcut(x))


def resnet():
    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for filters in (16, 32, 64):
        for block in range(3):
            strides = 2 if block == 0 and filters > 16 else 1
            layers.append(Shortcut(channels, filters, strides))
            channels = filters
    return [*layers, Mean(), nn.Linear(64, CLASSES)]


def mobile():
    layers = [nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()]
    channels = 32
    for filters, strides in ((64, 1), (128, 2), (128, 1), (256, 2)):
        layers += [
            nn.Conv2d(channels, channels, 3, strides, padding=1, groups=channels, bias=False),
            *(nn.BatchNorm2d(channels), nn.ReLU()),
            *(nn.Conv2d(channels, filters, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()),
        ]
        channels = filters
    return [*layers, Mean(), nn.Linear(256, CLASSES)]


class MeanOfTokens(nn.Module):
    def forward(self, x):
        return x.mean(1)


def encoder():
    layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True)
    return [layer, MeanOfTokens(), nn.Linear(WIDTH, CLASSES)]


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
    memory = torch.contiguous_format

    def __init__(self, name):
        torch.manual_seed(0)
        self.batch = NETWORKS[name].batch
        self.error = mse_loss if NETWORKS[name].data == "points" else cross_entropy
        self.model = nn.Sequential(*globals()[name]()).to(memory_format=self.memory)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, fused=True)

    def load(self, x, y):
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        if self.x.ndim > 3:  # torch's order of axes.
            self.x = self.x.movedim(-1, 1).contiguous()
        if self.error is cross_entropy:
            self.y = self.y.long()

    def measure(self, x, y):
        return self.error(self.model(x), y)

    def train(self, epochs):
        self.model.train()
        for _ in range(epochs):
            for rows in torch.randperm(len(self.x)).split(self.batch):
                self.optimizer.zero_grad(set_to_none=True)
                x = self.x.index_select(0, rows)
                if x.ndim == 4:
                    x = x.contiguous(memory_format=self.memory)
                self.measure(x, self.y.index_select(0, rows)).backward()
                self.optimizer.step()

    def loss(self):
        self.model.eval()
        with torch.inference_mode():
            return float(self.error(self.model(self.x), self.y))


class ChannelsLast(Trainer):
    memory = torch.channels_last


class Compiled(ChannelsLast):
    """What torch.compile makes of the network and the loss."""

    def __init__(self, name):
        super().__init__(name)
        self.measure = torch.compile(super().measure)


class BFloat16(ChannelsLast):
    """Products in bfloat16, weights in float32."""

    def measure(self, x, y):
        with torch.autocast("cpu", torch.bfloat16):
            z = self.model(x)
        return self.error(z.float(), y)
