import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections import Counter, OrderedDict

import joblib
import numpy as np
import pytest

from privaudit.targets.pickle_scan import file_globals, pickle_globals


@pytest.mark.parametrize("protocol", range(6))
def test_names_are_found_in_every_protocol(protocol):
    data = pickle.dumps([OrderedDict(a=1), Counter("ab"), "text", OrderedDict(b=2)], protocol=protocol)
    found = pickle_globals(io.BytesIO(data))
    assert {"collections.OrderedDict", "collections.Counter"} <= set(found)


def test_nothing_is_executed(bomb):
    assert pickle_globals(io.BytesIO(pickle.dumps([bomb, bomb]))) == ["posix.mkdir"]
    assert not bomb.path.exists()


def test_memoized_names_are_followed():
    class_a, class_b = ("json.decoder", "JSONDecoder"), ("json.encoder", "JSONEncoder")
    ops = b"\x80\x04"
    for text in (*class_a, *class_b):
        ops += b"\x8c" + bytes([len(text)]) + text.encode() + b"\x94"
    ops += b"h\x00h\x01\x93h\x02h\x03\x93."
    assert pickle_globals(io.BytesIO(ops)) == ["json.decoder.JSONDecoder", "json.encoder.JSONEncoder"]


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\x80\x04\x95", b"cposix\n"])
def test_broken_streams_end_the_list(data):
    assert pickle_globals(io.BytesIO(data)) == []


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zlib.compress])
def test_compressed_files_are_looked_into(tmp_path, bomb, pack):
    path = tmp_path / "x.joblib"
    path.write_bytes(pack(pickle.dumps(bomb)))
    assert file_globals(path) == ["posix.mkdir"]


def test_joblib_files_name_what_comes_before_the_arrays(tmp_path, bomb):
    path = tmp_path / "x.joblib"
    joblib.dump([bomb, np.arange(1000)], path)
    assert "posix.mkdir" in file_globals(path)
