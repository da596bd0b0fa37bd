use super::{check, evaluate};

#[test]
fn texts_are_put_together() {
    check(&[
        ("s || '!'", "STRING", "Grüße!"),
        ("v || 'de'", "VARCHAR(7)", "abcde"),
        ("'a' || 'b' || 'c'", "CHAR(3)", "abc"),
        ("v || ns", "STRING", "NULL"),
        ("CONCAT(v, '-', s)", "STRING", "abc-Grüße"),
        ("CONCAT(v, ns)", "STRING", "NULL"),
        ("CONCAT_WS('~', 'AA', ns, '', 'BB')", "STRING", "AA~~BB"),
        ("CONCAT_WS(ns, 'AA')", "STRING", "NULL"),
        ("REPEAT('ab', 3)", "STRING", "ababab"),
        ("REPEAT('ab', -1)", "STRING", ""),
        ("LPAD('hi', 5, '??')", "STRING", "???hi"),
        ("LPAD('hi', 1, '??')", "STRING", "h"),
        ("LPAD('hi', -1, '?')", "STRING", "NULL"),
        ("LPAD('hi', 4, '')", "STRING", "NULL"),
        ("RPAD('hü', 5, 'xy')", "STRING", "hüxyx"),
        ("RPAD('hi', 0, 'x')", "STRING", ""),
    ]);
    assert_eq!(evaluate("LPAD('a', 2000000000, 'b')", ""), Err("the text would be longer than 256 MiB".into()));
}

#[test]
fn texts_change_their_letters() {
    check(&[
        ("UPPER(s)", "STRING", "GRÜSSE"),
        ("LOWER(v)", "VARCHAR(5)", "abc"),
        ("LOWER('ÄΑΣ')", "CHAR(3)", "äας"),
        ("INITCAP('heLLo wORLD-x')", "STRING", "Hello World-X"),
        ("REVERSE(s)", "STRING", "eßürG"),
    ]);
}

#[test]
fn texts_are_cut() {
    check(&[
        ("SUBSTRING(s FROM 3 FOR 2)", "STRING", "üß"),
        ("SUBSTRING(s, 3)", "STRING", "üße"),
        ("SUBSTR(s, -2)", "STRING", "ße"),
        ("SUBSTRING(s, -9)", "STRING", ""),
        ("SUBSTRING(s, 0, 2)", "STRING", "Gr"),
        ("SUBSTRING(s, 9)", "STRING", ""),
        ("SUBSTRING(s, 2, -1)", "STRING", "NULL"),
        ("SUBSTRING(s, 4, 2000000000)", "STRING", "ße"),
        ("LEFT(s, 3)", "STRING", "Grü"),
        ("LEFT(s, -3)", "STRING", ""),
        ("RIGHT(s, 3)", "STRING", "üße"),
        ("RIGHT(s, 30)", "STRING", "Grüße"),
        ("TRIM('  a b ')", "STRING", "a b"),
        ("TRIM(BOTH 'x' FROM 'xxaxx')", "STRING", "a"),
        ("TRIM(LEADING FROM ' a ')", "STRING", "a "),
        ("TRIM(LEADING 'xy' FROM 'yxay')", "STRING", "ay"),
        ("TRIM(TRAILING 'y' FROM 'yay')", "STRING", "ya"),
        ("LTRIM(' a ')", "STRING", "a "),
        ("RTRIM(' a ')", "STRING", " a"),
        ("SPLIT_INDEX('a,b,,d', ',', 1)", "STRING", "b"),
        ("SPLIT_INDEX('a,b,,d', ',', 2)", "STRING", ""),
        ("SPLIT_INDEX('a,b,,d', ',', 4)", "STRING", "NULL"),
        ("SPLIT_INDEX('a,b', ',', -1)", "STRING", "NULL"),
        ("SPLIT_INDEX('a--b', '--', 1)", "STRING", "b"),
        ("SPLIT_INDEX('a,b', 44, 1)", "STRING", "b"),
        ("SPLIT_INDEX('', ',', 0)", "STRING", "NULL"),
    ]);
}

#[test]
fn texts_are_searched() {
    check(&[
        ("CHAR_LENGTH(s)", "INT", "5"),
        ("CHARACTER_LENGTH('')", "INT", "0"),
        ("POSITION('ß' IN s)", "INT", "4"),
        ("POSITION('x' IN s)", "INT", "0"),
        ("POSITION('' IN s)", "INT", "1"),
        ("LOCATE('a', 'banana', 3)", "INT", "4"),
        ("INSTR('banana', 'n')", "INT", "3"),
        ("REPLACE('hello world', 'world', 'flink')", "STRING", "hello flink"),
        ("REPLACE('ababab', 'abab', 'z')", "STRING", "zab"),
        ("REPLACE('ab', '', '-')", "STRING", "-a-b-"),
        ("ASCII('abc')", "INT", "97"),
    ]);
}

#[test]
fn regular_expressions_are_javas() {
    check(&[
        ("REGEXP_REPLACE('foobar', 'oo|ar', '')", "STRING", "fb"),
        ("REGEXP_REPLACE('a1b22', '\\d+', '#')", "STRING", "a#b#"),
        ("REGEXP_REPLACE('[0.1, 0.2]', '[\\[\\]\\s]', '')", "STRING", "0.1,0.2"),
        ("REGEXP_REPLACE('abc', '(b)', '$1$1')", "STRING", "a$1$1c"),
        ("REGEXP_REPLACE('aab', 'a*', 'X')", "STRING", "XXbX"),
        ("REGEXP_REPLACE(ns, 'a', 'X')", "STRING", "NULL"),
        ("REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", "STRING", "bar"),
        ("REGEXP_EXTRACT('foothebar', 'x')", "STRING", "NULL"),
        ("REGEXP('a1', '[0-9]')", "BOOLEAN", "TRUE"),
        ("REGEXP('a1', '')", "BOOLEAN", "FALSE"),
    ]);
}

#[test]
fn digests_and_base64() {
    check(&[
        ("MD5('abc')", "CHAR(32)", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA256('abc')", "CHAR(64)", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("TO_BASE64('hello')", "STRING", "aGVsbG8="),
        ("TO_BASE64(x)", "STRING", "Ynl0ZXM="),
        ("FROM_BASE64('aGVsbG8=')", "STRING", "hello"),
        ("FROM_BASE64(ns)", "STRING", "NULL"),
    ]);
    assert_eq!(evaluate("FROM_BASE64('?')", ""), Err("FROM_BASE64: the text is not base64".into()));
}
