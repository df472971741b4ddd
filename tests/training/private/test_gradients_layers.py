"""Single layers, shared layers and unusual shapes, against the loop."""

import pytest
import torch
from torch import nn

from privaudit.training.private.gradients import RowGradient
from privaudit.training.private.rules import outer

LABELS = torch.tensor([0, 2, 1, 1, 0])


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(3)


class Network(nn.Module):
    """Something that ends in three logits."""

    def __init__(self, width, **parts):
        super().__init__()
        self.head = nn.Linear(width, 3)
        for name, part in parts.items():
            setattr(self, name, part)


def applied(x):
    return lambda module, part: module(x[part].to(next(module.parameters()).dtype))


def test_linear_layers_on_vectors_sequences_and_grids(check):
    class Net(Network):
        def forward(self, x):
            return self.head(self.layer(x).tanh().flatten(1, -2).mean(1))

    for shape in ((5, 1, 4), (5, 7, 4), (5, 2, 3, 4)):
        for bias in (True, False):
            check(Net(6, layer=nn.Linear(4, 6, bias=bias)), applied(torch.randn(shape)), LABELS)


def test_long_sequences_take_whole_gradients_and_short_ones_products_of_positions(check, monkeypatch):
    class Net(Network):
        def forward(self, x):
            return self.head(self.layer(x).tanh().mean(1))

    x = torch.randn(5, 60, 4)
    part = outer.Outer(x, torch.randn(5, 60, 6), (), ())
    assert part._products is not None
    assert outer.Outer(x[:, :3], torch.randn(5, 3, 6), (), ())._products is None
    check(Net(6, layer=nn.Linear(4, 6)), applied(x), LABELS)
    monkeypatch.setattr(outer, "LARGEST", 1)
    assert outer.Outer(x, torch.randn(5, 60, 6), (), ())._products is None
    check(Net(6, layer=nn.Linear(4, 6)), applied(x), LABELS)


@pytest.mark.parametrize("length", [9, 60])
@pytest.mark.parametrize(
    "options",
    [{}, {"padding": 1}, {"padding": 2, "stride": 2}, {"dilation": 2, "padding": 2}, {"bias": False}],
)
def test_convolutions(check, options, length):
    class Net(Network):
        def forward(self, x):
            return self.head(self.layer(x).tanh().amax(2))

    check(Net(6, layer=nn.Conv1d(4, 6, kernel_size=3, **options)), applied(torch.randn(5, 4, length)), LABELS)


@pytest.mark.parametrize("shape", [(4,), (7, 4)])
def test_normalisation_over_one_or_two_dimensions(check, shape):
    class Net(Network):
        def forward(self, x):
            return self.head(self.layer(x).square().mean(1))

    norm = nn.LayerNorm(shape)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    check(Net(4, layer=norm), applied(torch.randn(5, 7, 4)), LABELS)
    check(Net(4, layer=nn.LayerNorm(shape, bias=False)), applied(torch.randn(5, 7, 4)), LABELS)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("read", ["states", "last state", "last cell", "all"])
def test_an_lstm_whatever_is_read_of_it(check, read, bias):
    class Net(Network):
        def forward(self, x):
            states, (state, cell) = self.layer(x)
            taken = {"states": states.mean(1), "last state": state[0], "last cell": cell[0]}
            taken["all"] = states.amax(1) + state[0] * cell[0]
            return self.head(taken[read])

    check(Net(6, layer=nn.LSTM(4, 6, batch_first=True, bias=bias)), applied(torch.randn(5, 7, 4)), LABELS)


def test_an_lstm_that_reads_each_word_of_a_text_by_itself(check):
    class Net(Network):
        def forward(self, x):
            words, _ = self.layer(x.flatten(0, 1))
            return self.head(words[:, -1].view(len(x), x.shape[1], -1).mean(1))

    check(Net(6, layer=nn.LSTM(4, 6, batch_first=True)), applied(torch.randn(5, 3, 7, 4)), LABELS)


@pytest.mark.parametrize("padding", [None, 0, 3])
@pytest.mark.parametrize("size", [50, 5000])
def test_tables_with_repeated_tokens_and_padding(check, size, padding):
    class Net(Network):
        def forward(self, x):
            return self.head(self.table(x).tanh().flatten(1, -2).sum(1))

    tokens = torch.randint(0, 5, (5, 8))
    net = Net(6, table=nn.Embedding(size, 6, padding_idx=padding))
    for shape in ((5, 8), (5, 2, 4)):
        got = check(net, lambda module, part: module(tokens.view(shape)[part]), LABELS)  # noqa: B023
        table = got.gradients["table.weight"]
        assert isinstance(table, RowGradient) == (size > 1024)
        if size > 1024:
            assert table.rows.tolist() == [row for row in range(5) if row != padding]


def test_positions_that_all_examples_share(check):
    class Net(Network):
        def forward(self, x):
            places = self.positions(torch.arange(x.shape[1])[None])
            return self.head((self.layer(x) + self.norm(places)).tanh().mean(1))

    parts = {"positions": nn.Embedding(9, 6), "norm": nn.LayerNorm(6), "layer": nn.Linear(4, 6)}
    net, x = Net(6, **parts), torch.randn(5, 7, 4)
    check(net, applied(x), LABELS)
    # NOTE: not called as a whole, so that how many examples there are is only known afterwards.
    check(net, lambda module, part: module.forward(x[part].to(next(module.parameters()).dtype)), LABELS)


def test_a_module_that_is_called_several_times(check):
    class Net(Network):
        def forward(self, x):
            long, short = x[:, :5], x[:, 5:]
            words = self.layer(self.layer(long).tanh()).mean(1) + self.layer(short).mean(1)
            windows = self.windows(x.mT).tanh().amax(2) * self.windows(long.mT).sum(2)
            return self.head(self.norm(words) + self.norm(windows))

    parts = {"layer": nn.Linear(6, 6), "windows": nn.Conv1d(6, 6, 2), "norm": nn.LayerNorm(6)}
    check(Net(6, **parts), applied(torch.randn(5, 8, 6)), LABELS)


def test_an_lstm_and_a_table_that_are_used_twice(check):
    class Net(Network):
        def forward(self, x):
            first = self.table(x)
            again = self.table(x.flip(1)[:, :3])
            return self.head(self.layer(first)[0].mean(1) + self.layer(again)[0].amax(1))

    tokens = torch.randint(0, 9, (5, 6))
    for size in (20, 2000):
        net = Net(6, table=nn.Embedding(size, 4), layer=nn.LSTM(4, 6, batch_first=True))
        check(net, lambda module, part: module(tokens[part]), LABELS)


def test_a_table_tied_to_a_linear_layer(check):
    class Net(Network):
        def forward(self, x):
            return self.head(self.out(self.table(x).tanh()).tanh()[:, :, :6].mean(1))

    for size in (12, 1500):
        net = Net(6, table=nn.Embedding(size, 4), out=nn.Linear(4, size))
        net.out.weight = net.table.weight
        tokens = torch.randint(0, 9, (5, 6))
        check(net, lambda module, part: module(tokens[part]), LABELS)  # noqa: B023


def test_two_linear_layers_that_share_a_matrix_but_no_bias(check):
    class Net(Network):
        def forward(self, x):
            return self.head((self.first(x) * self.second(x).tanh()).mean(1))

    net = Net(6, first=nn.Linear(4, 6), second=nn.Linear(4, 6))
    net.second.weight = net.first.weight
    check(net, applied(torch.randn(5, 7, 4)), LABELS)


def test_layers_that_are_not_used_have_a_gradient_of_zeros(check):
    class Net(Network):
        def forward(self, x):
            self.unused(x)
            return self.head(x.mean(1))

    net = Net(4, unused=nn.Linear(4, 6), never=nn.LSTM(4, 6, batch_first=True))
    got = check(net, applied(torch.randn(5, 7, 4)), LABELS)
    assert not got.gradients["unused.weight"].any()
    assert not got.gradients["never.weight_hh_l0"].any()


@pytest.mark.parametrize("shape", [(5, 4), (5, 7, 4)])
def test_outputs_that_are_changed_in_place(check, shape):
    class Net(Network):
        def forward(self, x):
            hidden = self.layer(x)
            hidden += 1
            hidden.relu_()
            return self.head(hidden.flatten(1, -2).sum(1) if x.dim() > 2 else hidden)

    check(Net(6, layer=nn.Linear(4, 6)), applied(torch.randn(shape)), LABELS)


def test_windows_that_are_changed_in_place(check):
    class Net(Network):
        def forward(self, x):
            return self.head(self.layer(x).mul_(2).relu_().amax(2))

    check(Net(6, layer=nn.Conv1d(4, 6, 3)), applied(torch.randn(5, 4, 9)), LABELS)
