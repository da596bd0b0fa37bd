"""Compares the ctypes declarations with include/vecsink.h, by a C compiler and by the header's text."""

import ctypes
import re
import shutil
import subprocess

import pytest
from conftest import PROJECT, skip

from vecsink import _abi

HEADER = PROJECT / "include" / "vecsink.h"

STRUCTS = {
    "vecsink_value": _abi.Value,
    "vecsink_value_as": _abi.ValueUnion,
    "vecsink_span": _abi.Span,
    "vecsink_decimal": _abi.Decimal128,
    "vecsink_rejected": _abi.Rejection,
    "vecsink_column": _abi.Column,
    "vecsink_pushed": _abi.PushedRows,
    "vecsink_stats": _abi.StatsStruct,
}
ENUMERATIONS = {
    "VECSINK_": [_abi.Code, _abi.Type, _abi.Unit, _abi.DeliveryGuarantee],
    "VECSINK_COLUMN_": [_abi.ColumnType],
    "VECSINK_CONFLICT_": [_abi.ConflictMode],
    "VECSINK_EXCEPTION_": [_abi.ExceptionMode],
    "VECSINK_VECTOR_INDEX_": [_abi.VectorIndexMode],
    "VECSINK_LOG_": [_abi.LogLevel],
}


@pytest.fixture(scope="module")
def header() -> str:
    if not HEADER.exists():
        skip(f"no {HEADER}")
    text = re.sub(r"(?s)/\*.*?\*/", " ", HEADER.read_text())
    return re.sub(r"//.*", " ", text)


def constants() -> dict[str, int]:
    found = {"VECSINK_NEXT": _abi.NEXT}
    for prefix, enumerations in ENUMERATIONS.items():
        for enumeration in enumerations:
            found.update({prefix + member.name: member.value for member in enumeration})
    return found


def test_sizes_offsets_and_numbers_are_what_the_c_compiler_says(header, tmp_path):
    compiler = shutil.which("cc") or skip("no C compiler")
    expected, lines = [], []
    for name, struct in STRUCTS.items():
        expected.append(ctypes.sizeof(struct))
        lines.append(f"sizeof({name})")
        for field, *_ in struct._fields_:
            expected.append(getattr(struct, field).offset)
            lines.append(f"offsetof({name}, {field.rstrip('_')})")
            expected.append(getattr(struct, field).size)
            lines.append(f"sizeof((({name} *)0)->{field.rstrip('_')})")
    for name, value in constants().items():
        expected.append(value)
        lines.append(name)
    prints = "".join(f'    printf("%llu\\n", (unsigned long long)({line}));\n' for line in lines)
    source = tmp_path / "layout.c"
    source.write_text(f'#include <stdio.h>\n#include "vecsink.h"\nint main(void) {{\n{prints}    return 0;\n}}\n')
    subprocess.run([compiler, "-I", HEADER.parent, source, "-o", tmp_path / "layout"], check=True)
    said = subprocess.run([tmp_path / "layout"], check=True, capture_output=True, text=True).stdout.split()
    differ = [(line, int(c), python) for line, c, python in zip(lines, said, expected) if int(c) != python]
    assert differ == []


def test_every_number_of_the_header_is_known(header):
    known = constants().keys()
    version = {f"VECSINK_VERSION_{part}" for part in ["MAJOR", "MINOR", "PATCH", "NUMBER"]}
    defined = set(re.findall(r"#define (VECSINK_\w+) \S", header)) | set(re.findall(r"(VECSINK_\w+)\s*=\s*\d", header))
    assert len(defined) > 60
    assert defined - version == set(known)


def prototypes(header: str) -> dict[str, tuple[str, list[str]]]:
    """For each function that the library exports: the type of its result, and those of its arguments."""
    found = {}
    for gives, name, takes in re.findall(r"(?m)^(?!static|\s+return)([\w* ]+?)\s*\b(vecsink_\w+)\(([^)]*)\);", header):
        arguments = [] if takes.strip() == "void" else takes.split(",")
        found[name] = (gives.strip(), [" ".join(argument.split()) for argument in arguments])
    return found


def kind(c: str) -> str:
    """How a C type is passed in a call: as a pointer, or as a number of some size."""
    if "*" in c or "_callback" in c:
        return "pointer"
    words = {"void": "nothing", "bool": "c_bool", "size_t": "c_ulong", "ptrdiff_t": "c_long", "vecsink_code": "c_int"}
    words |= {"vecsink_conflict_mode": "c_int", "vecsink_exception_mode": "c_int", "vecsink_vector_index": "c_int"}
    words |= {"vecsink_delivery_guarantee": "c_int"}
    words |= {"int32_t": "c_int", "uint32_t": "c_uint", "int64_t": "c_long", "uint64_t": "c_ulong"}
    return next(words[word] for word in c.split() if word in words)


def declared(of) -> str:
    if of is None:
        return "nothing"
    pointer = issubclass(of, (ctypes._Pointer, ctypes._CFuncPtr, ctypes.c_void_p, ctypes.c_char_p))
    return "pointer" if pointer else of.__name__


def test_every_function_of_the_header_is_declared_with_its_types(header):
    found = prototypes(header)
    assert len(found) > 50
    assert found.keys() == _abi.PROTOTYPES.keys()
    for name, (gives, takes) in found.items():
        of, *arguments = _abi.PROTOTYPES[name]
        assert [declared(of), *map(declared, arguments)] == [kind(gives), *map(kind, takes)], name
