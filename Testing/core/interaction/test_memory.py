"""What was computed last is computed once, also where each depends on the one before it."""

from samca.interaction.memory import Memory


def words(memory, made, word):
    def make(each, before):
        made.append(each)
        return (before or "-") + each[-1]

    return memory.following(word, lambda each: each[:-1], make)


def test_each_is_made_of_what_came_before_it_and_once():
    memory, made = Memory(8), []
    assert words(memory, made, "abc") == "-abc"
    assert made == ["a", "ab", "abc"]
    assert words(memory, made, "abd") == "-abd"
    assert made[3:] == ["abd"]


def test_a_chain_longer_than_what_is_kept_is_made_whole():
    memory, made = Memory(2), []
    assert words(memory, made, "abcdef") == "-abcdef"
    assert list(memory) == ["abcde", "abcdef"]


def test_the_least_recently_used_goes_first():
    memory, made = Memory(2), []
    for word in ("a", "b", "a", "c"):
        words(memory, made, word)
    assert list(memory) == ["a", "c"]
    assert made == ["a", "b", "c"]
