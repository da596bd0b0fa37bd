//! C++ programs over include/vecsink.hpp: the rows that they push are read back, and wrong programs don't compile.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::library::{check, finish, folder, programs, run, url};
use crate::support::broker::kafka;
use crate::support::postgresql::{Schema, postgres18};
use crate::support::servers::project;

const WARNINGS: [&str; 15] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wold-style-cast",
    "-Wzero-as-null-pointer-constant",
    "-Wcast-qual",
    "-Wextra-semi",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    "-Wdouble-promotion",
    "-Wundef",
    "-Werror",
];
const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// The C++ compiler, its messages in English.
fn compiler(standard: &str) -> Command {
    let mut compiler = Command::new(std::env::var_os("CXX").unwrap_or_else(|| "c++".into()));
    compiler.env("LC_ALL", "C").arg(standard).args(WARNINGS);
    compiler.arg("-I").arg(project().join("include"));
    compiler
}

fn source(file: &str) -> PathBuf {
    project().join("tests/hosts/cpp").join(file)
}

/// Compiles a program with sanitizers, against the shared library.
#[track_caller]
pub fn program(name: &str, standard: &str) -> PathBuf {
    compiled(&source(&format!("{name}.cpp")), &format!("{name}-{}", &standard[5..]), standard, &SANITIZERS)
}

#[track_caller]
fn compiled(source: &Path, to: &str, standard: &str, flags: &[&str]) -> PathBuf {
    let program = programs().join(to);
    let mut command = compiler(standard);
    command.args(["-O1", "-g", "-pthread"]).args(flags).arg(source).arg("-o").arg(&program);
    command.arg("-L").arg(folder()).arg("-lvecsink").arg(format!("-Wl,-rpath,{}", folder().display()));
    finish(&mut command);
    program
}

/// A schema with a table t of these columns, and how programs name the two.
fn table(columns: &str) -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute(&format!("CREATE TABLE t ({columns}); SET timezone = 'UTC'"));
    let arguments = [url(&server), format!("{}.t", schema.name)];
    Some((schema, arguments))
}

/// All rows of a table, one in each line, in the order of their ids.
#[track_caller]
fn rows(schema: &mut Schema, of: &str) -> Vec<String> {
    let all = schema.text(&format!("SELECT string_agg(r::text, E'\\n' ORDER BY id) FROM ({of}) AS r"));
    all.unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn the_tours_rows_are_read_back() {
    for standard in ["-std=c++17", "-std=c++20"] {
        let Some((mut schema, arguments)) = table(
            "id bigint PRIMARY KEY, small smallint, ok boolean, ratio real, score float8, price numeric(30,2), name text, raw bytea,
             seen timestamptz, made timestamp, day date, at time, tags text[], v vector(3)",
        ) else {
            return;
        };
        check(&program("tour", standard), &arguments);
        let first = rows(&mut schema, "SELECT * FROM t WHERE id < 1000");
        assert_eq!(
            first,
            [
                r#"(1,-5,t,0.25,1e-300,19.99,"lamp €","\\x00ff","1970-01-01 12:00:00.001+00","1969-12-31 23:59:59.999999",1970-01-02,01:30:00,"{new,NULL,red}","[0.5,-1,2]")"#,
                r#"(2,,,,2,18446744073709551615.00,second,"\\x0102",,,,,"{a,b}","[1,-2,0.33325195]")"#,
                r#"(3,,,,,,dritte,,"1970-01-01 00:00:01+00","1970-01-01 00:00:01",2000-02-29,00:00:01,,"[1,2,3]")"#,
                r#"(4,,,,,,fourth,,,,,,,"[0.5,-1,2]")"#,
            ]
        );
        assert_eq!(schema.text("SELECT sum(id) FROM t WHERE name = 'many'").as_deref(), Some("1499500"));
        assert_eq!(schema.count("t"), 4 + 1000 + 1);
    }
}

#[test]
fn every_kind_of_column_of_a_batch_is_read_back() {
    let Some((mut schema, arguments)) = table(
        "id bigint PRIMARY KEY, flag boolean, a int, b text, c numeric, at timestamptz, made timestamp, day date, clock time, raw bytea,
         v vector(2), w float8[]",
    ) else {
        return;
    };
    check(&program("batches", "-std=c++17"), &arguments);
    let expected = "SELECT g AS id, g % 3 = 0 AS flag, CASE WHEN g % 2 = 0 THEN g * 10 END AS a, 'text ' || g AS b,
        CASE WHEN g % 5 > 0 THEN g / 4.0::numeric END AS c, to_timestamp(g) AS at, '1970-01-01'::timestamp + g * interval '1s' AS made,
        '1970-01-01'::date + g AS day, '00:00'::time + g * interval '1s' AS clock, decode(repeat('07', g % 3), 'hex') AS raw,
        format('[%s,0.5]', g)::vector(2) AS v, array_fill(g::float8, ARRAY[g % 4]) AS w FROM generate_series(0, 99) AS g";
    let same = |of: &str| {
        format!("SELECT id, flag, a, b, trim_scale(c) AS c, at, made, day, clock, raw, v, w FROM ({of}) AS o")
    };
    let expected = rows(&mut schema, &same(expected));
    assert_eq!(rows(&mut schema, &same("SELECT * FROM t WHERE id < 1000")), expected);
    let rest = rows(
        &mut schema,
        &same(
            "SELECT id - 1000 AS id, flag, a, b, c, at, made, day, clock, raw, v, w FROM t WHERE id BETWEEN 1000 AND 1999",
        ),
    );
    assert_eq!(rest, expected[37..]);
    assert_eq!(
        rows(&mut schema, "SELECT * FROM t WHERE id >= 2000"),
        [
            r#"(2000,f,1,one,,,,,,,"[1,2]",)"#,
            r#"(2001,t,,two,,,,,,"\\x6263","[3,4]",)"#,
            r#"(3000,,,there,12.34,"1970-01-01 00:00:01.5+00",,,,"\\x78","[1,2]",{1})"#,
            r#"(3001,,,,-0.01,"1969-12-31 23:59:59.999999+00",,,,"\\x797a","[3,4]","{-2,0.333251953125}")"#,
        ]
    );
}

#[test]
fn an_arrow_batch_is_pushed_and_released_also_when_it_is_refused() {
    let Some((mut schema, arguments)) = table("id bigint PRIMARY KEY, v vector(2)") else { return };
    check(&program("arrow", "-std=c++17"), &arguments);
    assert_eq!(rows(&mut schema, "SELECT * FROM t"), [r#"(1,"[1,2]")"#, r#"(2,"[3,4]")"#, r#"(3,"[5,6]")"#]);
}

#[test]
fn handles_move_and_are_freed_once() {
    let Some((mut schema, arguments)) = table("id bigint PRIMARY KEY") else { return };
    check(&program("handles", "-std=c++17"), &arguments);
    assert_eq!(rows(&mut schema, "SELECT * FROM t"), ["(1)", "(2)", "(5)"]);
}

#[test]
fn errors_say_what_where_and_how_far() {
    let Some((mut schema, arguments)) = table("id smallint PRIMARY KEY, name varchar(5), v vector(2)") else { return };
    check(&program("errors", "-std=c++17"), &arguments);
    assert_eq!(rows(&mut schema, "SELECT id, name FROM t WHERE id < 6"), ["(1,a)", "(2,b)", "(3,c)"]);
}

#[test]
fn callbacks_are_called_and_their_exceptions_do_not_reach_the_library() {
    let Some((mut schema, arguments)) = table("id bigint PRIMARY KEY, part int CHECK (part < 100)") else { return };
    check(&program("callbacks", "-std=c++17"), &arguments);
    assert_eq!(schema.text("SELECT count(*) FROM t WHERE id < 100").as_deref(), Some("99"));
    assert_eq!(schema.text("SELECT count(*) FROM t WHERE id >= 1000").as_deref(), Some("4"));
}

#[test]
fn a_push_that_finds_no_room_leaves_the_rows_to_their_owner() {
    let Some((mut schema, arguments)) = table("id bigint PRIMARY KEY, v vector(1000)") else { return };
    let program = program("room", "-std=c++17");
    let mut command = Command::new(program);
    command.args(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    // Nothing can be written while this transaction is open.
    schema.execute("BEGIN; LOCK TABLE t IN SHARE MODE");
    drop(child.stdin.take());
    lines.read_line(&mut line).unwrap();
    schema.execute("COMMIT");
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success() && line == "open\nfull\n", "{line}{said}");
    assert_eq!(schema.text("SELECT count(*) = max(id) + 1 FROM t").as_deref(), Some("true"));
}

#[test]
fn a_job_runs_in_the_background_until_its_end_or_a_stop() {
    let (Some((mut schema, arguments)), Some(kafka)) = (table("id bigint PRIMARY KEY, embedding vector(3)"), kafka())
    else {
        return;
    };
    let topic = kafka.topic(2);
    topic.produce_spread((0..500).map(|id| format!("{id}\t[{id},0.5,1]")));
    let [url, table] = arguments;
    // The crate rdkafka never frees the queue for a client's log lines (216 bytes for each client). All other memory is checked.
    let known = programs().join("known_leaks");
    fs::write(&known, "leak:rd_kafka_queue_new0\nleak:rd_kafka_q_new0\n").unwrap();
    let mut job = Command::new(program("job", "-std=c++17"));
    job.env("LSAN_OPTIONS", format!("suppressions={}:print_suppressions=0", known.display()));
    finish(job.args([&url, &table, &kafka.brokers, &topic.name]));
    assert_eq!(schema.text("SELECT count(*) FROM t WHERE (embedding::real[])[1] = id").as_deref(), Some("500"));
}

#[test]
fn the_image_pipeline_stores_an_embedding_of_each_image() {
    let columns = "id bigint PRIMARY KEY, file text, taken timestamptz, embedding vector(128)";
    let Some((mut schema, arguments)) = table(columns) else { return };
    let example = project().join("examples/cpp/image_pipeline.cpp");
    let said = check(&compiled(&example, "image_pipeline", "-std=c++17", &SANITIZERS), &arguments);
    assert!(said.starts_with("2000 images are durable\n2000 rows written in "), "{said}");
    let distances = "SELECT file FROM t ORDER BY embedding <-> (SELECT embedding FROM t WHERE id = 1234), id LIMIT 1";
    assert_eq!(schema.text(distances).as_deref(), Some("image-1234.png"));
    assert_eq!(
        schema.text("SELECT count(*) FROM t WHERE abs(vector_norm(embedding) - 1) < 1e-5").as_deref(),
        Some("2000")
    );
}

#[test]
fn types_become_values_without_a_server() {
    for standard in ["-std=c++17", "-std=c++20", "-std=c++23"] {
        check(&program("values", standard), &[""; 0]);
    }
}

#[test]
fn the_sanitizers_are_on() {
    let overflow = program("overflow", "-std=c++17");
    for (kind, report) in
        [("heap", "heap-buffer-overflow"), ("integer", "signed integer overflow"), ("leak", "LeakSanitizer")]
    {
        let output = run(Command::new(&overflow).arg(kind));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(report), "{kind}: {said}");
    }
}

#[test]
fn each_header_compiles_alone() {
    let headers = fs::read_dir(project().join("include/vecsink")).unwrap();
    for header in headers.map(|entry| entry.unwrap().path()) {
        finish(compiler("-std=c++17").args(["-fsyntax-only", "-x", "c++"]).arg(header));
    }
}

#[test]
fn without_exceptions_the_compiler_says_what_to_do() {
    let headers = fs::read_dir(project().join("include/vecsink")).unwrap().map(|entry| entry.unwrap().path());
    let whole = project().join("include/vecsink.hpp");
    let mut refused = 0;
    for header in headers.chain([whole.clone()]) {
        let output = run(compiler("-std=c++17").args(["-fno-exceptions", "-fsyntax-only", "-x", "c++"]).arg(&header));
        let said = String::from_utf8_lossy(&output.stderr);
        let told = said.contains("compile without -fno-exceptions, or use the C interface, vecsink.h");
        assert!(output.status.success() || told, "{}: {said}", header.display());
        if header == whole {
            assert_eq!(said.matches("error: ").count(), 1, "nothing else is said: {said}");
        }
        refused += u32::from(told);
    }
    assert!(refused > 5, "{refused}");
    // The C interface is usable there.
    let c = project().join("include/vecsink.h");
    finish(compiler("-std=c++17").args(["-fno-exceptions", "-fno-rtti", "-fsyntax-only", "-x", "c++"]).arg(c));
}

#[test]
fn the_headers_need_no_type_information() {
    finish(
        compiler("-std=c++17")
            .args(["-fno-rtti", "-fsyntax-only", "-x", "c++"])
            .arg(project().join("include/vecsink.hpp")),
    );
}

/// The first line of each file of must_not_compile/ has the compiler's error. With the macro RIGHT the file's only wrong line is
/// replaced, and it compiles.
#[test]
fn wrong_programs_do_not_compile() {
    let precompiled = programs().join("precompiled");
    fs::create_dir_all(&precompiled).unwrap();
    let header = project().join("include/vecsink.hpp");
    finish(
        compiler("-std=c++17")
            .args(["-x", "c++-header"])
            .arg(header)
            .arg("-o")
            .arg(precompiled.join("vecsink.hpp.gch")),
    );
    let files = fs::read_dir(source("must_not_compile")).unwrap().map(|entry| entry.unwrap().path());
    let files = Mutex::new(files.collect::<Vec<_>>());
    assert!(files.lock().unwrap().len() > 20, "the scan finds the files");
    let check_files = || {
        while let Some(file) = { files.lock().unwrap().pop() } {
            let command = |flags: &[&str]| {
                let mut compiler = compiler("-std=c++17");
                compiler.arg("-I").arg(&precompiled).args(flags).arg("-fsyntax-only").arg(&file);
                compiler
            };
            finish(&mut command(&["-DRIGHT"]));
            let text = fs::read_to_string(&file).unwrap();
            let expected = text.lines().next().and_then(|line| line.strip_prefix("// expect: "));
            let expected = expected.unwrap_or_else(|| panic!("{} says what it expects", file.display()));
            let output = run(&mut command(&[]));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{} compiles", file.display());
            assert!(expected.split(" or ").any(|part| said.contains(part)), "{}: {said}", file.display());
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(check_files);
        scope.spawn(check_files);
    });
}

#[test]
fn a_sink_may_be_freed_at_the_exit_of_the_process() {
    let Some((mut schema, arguments)) = table("id bigint PRIMARY KEY") else { return };
    let program = compiled(&source("late.cpp"), "late", "-std=c++17", &[]);
    for how in ["static", "thread_local", "atexit", "open"] {
        schema.execute("TRUNCATE t");
        let output = run(Command::new(&program).args(&arguments).arg(how));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{how}: {}: {said}", output.status);
        assert_eq!(schema.count("t"), 300_000, "{how}");
    }
}
