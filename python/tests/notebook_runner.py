"""Executes a notebook from top to bottom: python notebook_runner.py NOTEBOOK RESULT.

Writes into RESULT a JSON list with an entry for each code cell: "text" that it printed, and "shown", the kinds of its result (as
IPython shows them: text/plain, image/png, ...), none where it has no result. The first cell that fails ends it, with its
traceback and status 1. With nbclient and ipykernel Jupyter's own kernel runs the notebook, else plain Python does.
"""
import ast
import contextlib
import importlib.util
import io
import json
import pathlib
import sys
import traceback

#: How a result is shown, as IPython asks for it.
SHOWN = {"_repr_html_": "text/html", "_repr_svg_": "image/svg+xml", "_repr_png_": "image/png"}


def code_cells(path):
    notebook = json.loads(pathlib.Path(path).read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def kinds_of(result):
    if result is None:
        return []
    kinds = [kind for method, kind in SHOWN.items() if getattr(result, method, lambda: None)() is not None]
    return ["text/plain", *kinds] if repr(result) else kinds


def run_cell(code, number, names):
    """Text and result of a cell, whose last line may be an expression."""
    tree = ast.parse(code, f"<cell {number}>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        exec(compile(tree, f"<cell {number}>", "exec"), names)
        result = eval(compile(ast.Expression(last.value), f"<cell {number}>", "eval"), names) if last else None
        shown = kinds_of(result)
    return {"text": text.getvalue(), "shown": shown}


def run_plainly(path):
    names = {"__name__": "__main__"}
    return [run_cell(code, number, names) for number, code in enumerate(code_cells(path), 1)]


def run_in_a_kernel(path):
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    entries = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            text = "".join(one.text for one in cell.outputs if one.output_type == "stream")
            entries.append({"text": text, "shown": [kind for one in cell.outputs for kind in one.get("data", {})]})
    return entries


def main(path, result):
    has_kernel = all(importlib.util.find_spec(name) for name in ("nbclient", "nbformat", "ipykernel"))
    try:
        entries = (run_in_a_kernel if has_kernel else run_plainly)(path)
    except Exception:
        traceback.print_exc()
        return 1
    pathlib.Path(result).write_text(json.dumps(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
