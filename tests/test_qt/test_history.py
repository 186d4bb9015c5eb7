from napari_latent_explain._qt.history import History, Stand
from napari_latent_explain.domain import Edit, Mix


def _stand(value):
    return Stand(mix=Mix(edit=Edit(strengths={"a": value})))


def test_a_drag_is_one_step():
    history = History()
    for value in (0.1, 0.2, 0.3):
        history.push(_stand(value), drag="a")
    history.end_drag()
    history.push(_stand(0.5), drag="a")
    assert history.undo() == _stand(0.3)
    assert history.undo() == Stand()
    assert not history.can_undo


def test_a_new_stand_forgets_what_was_undone():
    history = History()
    history.push(_stand(1.0))
    history.push(_stand(2.0))
    history.undo()
    assert history.redo() == _stand(2.0)
    history.undo()
    history.push(_stand(3.0))
    assert not history.can_redo
    assert history.undo() == _stand(1.0)


def test_what_changes_nothing_is_no_step():
    history = History()
    history.push(Stand())
    assert not history.can_undo


def test_what_did_not_come_about_is_amended():
    history = History()
    history.push(_stand(1.0))
    history.amend(_stand(0.5))
    assert history.current == _stand(0.5)
    assert history.undo() == Stand()


def test_an_edit_that_is_heard_keeps_what_is_muted():
    muted = Stand(mix=Mix(edit=Edit(strengths={"a": 1.0}), muted=frozenset({"b"})))
    assert muted.edited(Edit(strengths={"a": 2.0})).mix.muted == {"b"}
    assert muted.edited(Edit(strengths={"b": 2.0})).mix == Mix(
        edit=Edit(strengths={"b": 2.0})
    )  # else it were not heard


def test_a_step_that_leaves_nothing_is_taken_back():
    history = History()
    history.push(Stand(target=1))
    history.push(Stand(target=2))
    history.take_back(Stand(target=1))
    assert (len(history.stands), history.at, history.current) == (2, 1, Stand(target=1))
    history.push(Stand(target=2))
    history.take_back(Stand(target=3))
    assert (len(history.stands), history.current) == (3, Stand(target=3))
