"""`samca segment --suggest`: a class by name or number, and models that suggest nothing."""

from PIL import Image

import samca
from predicting import BEYOND, IMAGE, presence_of
from samca.__main__ import main


def test_a_class_is_found_by_its_name_or_number(model, tmp_path, monkeypatch, capsys):
    presence_of(model, 9.0)
    Image.fromarray(IMAGE).save(tmp_path / "frame.png")
    monkeypatch.setattr(samca, "load", lambda *_, **_options: model)
    words = ["segment", str(tmp_path / "frame.png"), "--out", str(tmp_path / "mask.png"), "--suggest"]
    masks = {}
    for word in ("bar", "1", "disc"):
        assert main([*words, word]) == 0
        masks[word] = (tmp_path / "mask.png").read_bytes()
    assert masks["bar"] == masks["1"]
    assert main([*words, "cyst"]) == 2
    assert "--suggest 'cyst' is not one of disc, bar" in capsys.readouterr().err
    assert main([*words, "\u00b2"]) == 2  # a digit, but no number
    assert "is not one of disc, bar" in capsys.readouterr().err
    assert main([*words, "2"]) == 2
    assert BEYOND in capsys.readouterr().err


def test_a_model_that_suggests_nothing_says_so_on_the_command_line(tiny_model, tmp_path, monkeypatch, capsys):
    Image.fromarray(IMAGE).save(tmp_path / "frame.png")
    monkeypatch.setattr(samca, "load", lambda *_, **_options: tiny_model())
    out = tmp_path / "mask.png"
    assert main(["segment", str(tmp_path / "frame.png"), "--out", str(out), "--suggest", "lesion"]) == 2
    assert "makes no suggestion" in capsys.readouterr().err
    assert not out.exists()
