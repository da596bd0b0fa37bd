"""Results as Markdown tables and as plots."""

from pathlib import Path


def header(columns):
    columns = list(columns)
    return f"| {' | '.join(column.replace('_', ' ') for column in columns)} |\n|{'---|' * len(columns)}"


def line(result):
    return f"| {' | '.join(shown(value) for value in result.values())} |"


def shown(value):
    if isinstance(value, int):
        return f"{value:,}"
    return f"`{value}`" if str(value).startswith("\\") else str(value)


def replace(page, name, results):
    """Puts a table between `<!-- name -->` and `<!-- /name -->` of the page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, _, rest = page.read_text().partition(begin)
    if not rest:
        raise SystemExit(f"{page} has no {begin.strip()}")
    after = rest.partition(end)[2]
    table = "\n".join([header(results[0]), *map(line, results)])
    page.write_text(f"{before}{begin}{table}\n{end}{after}")


def horizontal(pyplot, bars, label):
    """Two bars, p50 and p99, for each (name, p50, p99)."""
    figure, axes = pyplot.subplots(figsize=(8, 0.5 + 0.5 * len(bars)))
    places = range(len(bars))
    axes.barh([place - 0.2 for place in places], [bar[1] for bar in bars], 0.4, label="p50")
    axes.barh([place + 0.2 for place in places], [bar[2] for bar in bars], 0.4, label="p99")
    axes.set_yticks(places, [bar[0] for bar in bars])
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.legend()
    return figure, axes


def plot(path: Path, name, results):
    import matplotlib
    matplotlib.use("svg")
    # So the same figures always give the same file, and git shows only real changes.
    matplotlib.rcParams["svg.hashsalt"] = name
    from matplotlib import pyplot
    if name == "searchable":
        bars = [(f"{r['load']}, {r['vector_index']}", r["searchable_p50_ms"] or 1000 * r["all_searchable_s"],
                 r["searchable_p99_ms"] or 1000 * r["all_searchable_s"]) for r in results]
        figure, axes = horizontal(pyplot, bars, "milliseconds from pushed to returned by a vector query (bursts: all rows)")
    elif name == "freshness":
        bars = [(f"{r['rows_per_second']:,} rows/s, index: {r['vector_index']}, {who}", r[f"{way}p50_ms"], r[f"{way}p99_ms"])
                for r in results for who, way in (("vecsink", ""), ("bare loop", "bare_"))]
        figure, axes = horizontal(pyplot, bars, "milliseconds from produced to committed")
    else:
        dims = sorted({r["dims"] for r in results})
        figure, all_axes = pyplot.subplots(len(dims), 1, figsize=(8, 3 * len(dims)), squeeze=False)
        for axes, size in zip(all_axes[:, 0], dims):
            part = [r for r in results if r["dims"] == size and not r["case"].startswith("consume")]
            colours = ["tab:blue" if r["case"].startswith("vecsink") else "tab:grey" for r in part]
            axes.barh([r["case"].replace("\\", "\\\\") for r in part], [r["rows_per_second"] for r in part], color=colours)
            axes.set_title(f"{size} dimensions, rows/s")
    for axes in figure.axes:
        axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
