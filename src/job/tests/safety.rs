//! Job files that would exhaust the stack, and values that must not be shown.

use super::*;
use crate::sql::parse;

/// The size of the smallest stack that one of our threads has. Code that is not optimized needs more.
pub(in crate::job) const STACK: usize = if cfg!(debug_assertions) { 64 << 20 } else { 2 << 20 };

/// The errors of a job, found on a small stack.
fn errors_on_a_small_stack(text: String) -> Vec<String> {
    let found = std::thread::Builder::new().stack_size(STACK).spawn(move || match parse(&text) {
        Ok(job) => {
            drop(job.clone());
            Vec::new()
        }
        Err(error) => vec![error.to_string()],
    });
    found.unwrap().join().unwrap()
}

fn where_of(condition: &str) -> String {
    job_of("a INT, b BOOLEAN", "c INT", &format!("INSERT INTO s SELECT a FROM k WHERE {condition}"))
}

#[test]
fn a_thousand_alternatives_are_taken_and_more_are_refused_with_their_place() {
    let chain = |terms: usize| where_of(&vec!["a = 1"; terms].join(" OR "));
    assert_eq!(errors_on_a_small_stack(chain(1000)), Vec::<String>::new());
    for terms in [1002, 8000, 200_000] {
        let errors = errors_on_a_small_stack(chain(terms));
        assert!(errors[0].starts_with("line 3, column ") && errors[0].contains("more than 1000 AND, OR"), "{errors:?}");
    }
}

#[test]
fn no_chain_of_any_kind_exhausts_the_stack() {
    for (first, link) in [
        ("a", " IS NULL"),
        ("a", " + 1"),
        ("a", " = 1"),
        ("a", "[1]"),
        ("a", "::DECIMAL(1, 2)"),
        ("", "NOT "),
        ("", "- "),
        ("", "("),
        ("", "CAST("),
        ("CAST(a AS INT", " ARRAY"),
        ("CAST(a AS ", "ARRAY<"),
        ("a", " LIKE 'x'"),
        ("a", " UNION SELECT a FROM k"),
        ("a", " UNION ALL SELECT a FROM k WHERE a = 1"),
        ("a IN ", "(SELECT a FROM k WHERE a IN "),
        ("a = 1 UNION ALL SELECT a FROM ", "(SELECT a FROM "),
        ("a = 1 UNION ALL ", "WITH q AS ("),
    ] {
        for links in [240, 450, 20_000] {
            let errors = errors_on_a_small_stack(where_of(&format!("{first}{}", link.repeat(links))));
            assert!(links < 1000 || !errors.is_empty(), "{first}{link} …");
        }
    }
}

#[test]
fn no_chain_of_views_and_computed_columns_exhausts_the_stack() {
    let chain = |links: usize, link: &dyn Fn(usize) -> String| (1..=links).map(link).collect::<String>();
    for links in [100, 3000] {
        let views = chain(links, &|n| format!("CREATE VIEW v{n} AS SELECT NOT x AS x FROM v{};\n", n - 1));
        let text =
            format!("CREATE VIEW v0 AS SELECT b AS x FROM k;\n{views}INSERT INTO s SELECT 1 FROM v{links} WHERE x");
        let of_views = errors_on_a_small_stack(job_of("a INT, b BOOLEAN", "c INT", &text));
        let columns = chain(links, &|n| format!(", c{n} AS NOT c{}", n - 1));
        let text = format!("INSERT INTO s SELECT 1 FROM k WHERE c{links}");
        let of_columns = errors_on_a_small_stack(job_of(&format!("a INT, c0 BOOLEAN{columns}"), "c INT", &text));
        for errors in [of_views, of_columns] {
            assert_eq!(errors.is_empty(), links < 1000, "{errors:?}");
            assert!(errors.iter().all(|error| error.contains("too large with its views")), "{errors:?}");
        }
    }
}

#[test]
fn a_type_of_too_deeply_nested_arrays_is_refused() {
    for data_type in [format!("INT{}", " ARRAY".repeat(200_000)), "ARRAY<".repeat(200_000)] {
        let errors =
            errors_on_a_small_stack(job_of(&format!("a {data_type}"), "c INT", "INSERT INTO s SELECT 1 FROM k"));
        assert!(
            errors[0].starts_with("line 1, column ") && errors[0].contains("nested more than 16 levels deep"),
            "{errors:?}"
        );
    }
}

#[test]
fn the_length_of_char_and_binary_is_limited() {
    for data_type in ["CHAR(10485761)", "BINARY(2147483647)"] {
        let text = job_of(&format!("c {data_type}"), "c STRING", "INSERT INTO s SELECT 1 FROM k");
        assert!(errors(&text)[0].contains("a length is from 1 to 10485760"), "{data_type}");
    }
}

#[test]
fn the_debug_text_of_a_statement_has_no_values() {
    let script = parse::parse(&GUIDE.replace("INSERT", "SET 'x' = 'S3cret!'; INSERT"));
    let statements = format!("{:?}", &script.statements[..3]);
    assert!(statements.contains("'password'") || statements.contains("\"password\""), "{statements}");
    let replacement = Override { table: "t".into(), option: "password".into(), value: "S3cret!".into() };
    let text = with_source_options("'properties.ssl.key.password' = 'S3cret!'");
    let job = format!("{:?}", (job(GUIDE), job(&text)));
    assert!(job.contains("ssl.key.password"), "{job}");
    for shown in [statements, format!("{replacement:?}"), job] {
        assert!(!shown.contains("S3cret!"), "{shown}");
    }
}

#[test]
fn a_word_of_a_query_that_may_be_a_part_of_a_password_is_not_shown() {
    for (query, error) in [
        ("SELECT TO_DATE(a, 'yy = 'zq7;xj', b) FROM k", "expected ), found a name"),
        ("SELECT (a 'zq7') FROM k", "expected ), found a string"),
        ("SELECT (a FROM k", "expected ), found FROM"),
    ] {
        let found = errors(&job_of("a INT", "c INT", &format!("INSERT INTO s {query}"))).join("\n");
        assert!(found.contains(error), "{query}: {found}");
        assert!(!found.contains("zq7"), "{query}: {found}");
    }
}
