"""The words for training, validation and test that tables and folders use, in any case and some languages."""

from __future__ import annotations

import re
from functools import cache

from .listing import composed

SPLITS = ("train", "val", "test")
WORDS = {
    "train": """train trains tr trn training trainingsdaten entrainement entraînement apprentissage
        entrenamiento treino treinamento addestramento learning trening eğitim обучение обучающая
        训练 訓練 训练集 訓練集 学習 学習用 훈련 학습""",
    "val": """val vali valid validation validate validating dev devel development validierung
        validierungsdaten validación validacion validação validacao convalida validazione validatie
        walidacja doğrulama валидация проверка 验证 驗證 验证集 驗證集 検証 検証用 검증""",
    "test": """test tests te tst testing tested testdaten holdout heldout prueba pruebas teste testes prova
        тест тестирование тестовая 测试 測試 测试集 測試集 テスト 評価用 테스트 시험""",
}
FILLING = re.compile(r"(?<=.)[ _-]*(set|split|data|dataset|cases|images|part|subset)$|[ _-]+")


@cache
def known() -> dict[str, str]:
    """Each word, composed, and the split that it means."""
    return {composed(word): split for split, words in WORDS.items() for word in words.split()}


def split_of(word: str) -> str | None:
    """ "train", "val" or "test" for a word that means it; "" for no word, None for one that is not known."""
    word = composed(word).casefold()
    return known().get(word) or known().get(FILLING.sub("", word)) if word else ""


def hints_at(name: str) -> str:
    """ "val" or "test" for a name that has such a word in it among others, as in test_fold_1; else ""."""
    found = map(split_of, re.split(r"[\W\d_]+", name))
    return next((split for split in found if split in ("val", "test")), "")


def not_known(word: str) -> str:
    """What to say of such a word."""
    return f"split {word!r} is not known: write train, val or test, or leave it empty"
