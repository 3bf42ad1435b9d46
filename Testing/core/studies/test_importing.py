"""How long an interface stands still while torch is imported is measured where nothing is imported yet."""

from samca.studies.importing import importing


def test_a_fresh_interpreter_loads_the_model_and_the_longest_gap_is_a_part_of_that():
    found = importing()
    assert 0 < found.gap < found.seconds
