from napari_latent_explain._qt.edit_history import EditHistory
from napari_latent_explain.domain import Edit


def _edit(value):
    return Edit(strengths={"a": value})


def test_a_drag_is_one_step():
    history = EditHistory()
    for value in (0.1, 0.2, 0.3):
        history.push(_edit(value), drag="a")
    history.end_drag()
    history.push(_edit(0.5), drag="a")
    assert history.undo() == _edit(0.3)
    assert history.undo() == Edit()
    assert not history.can_undo


def test_a_new_edit_forgets_what_was_undone():
    history = EditHistory()
    history.push(_edit(1.0))
    history.push(_edit(2.0))
    history.undo()
    assert history.redo() == _edit(2.0)
    history.undo()
    history.push(_edit(3.0))
    assert not history.can_redo
    assert history.undo() == _edit(1.0)


def test_an_edit_that_changes_nothing_is_no_step():
    history = EditHistory()
    history.push(Edit())
    assert not history.can_undo
