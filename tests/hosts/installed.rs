//! The installed library: where its files are, which symbols are visible, and programs that are built with it by pkg-config and
//! CMake, shared and static.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::library::{finish, folder, has, run, url};
use crate::support::broker::{Topic, kafka};
use crate::support::postgresql::{Schema, postgres18};
use crate::support::servers::project;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const PRODUCERS: u64 = 4;

/// The place of one installation, which all tests of a process share.
fn prefix() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let prefix = project().join("target/hosts/installed");
        let _ = fs::remove_dir_all(&prefix);
        install(&prefix, None);
        prefix
    })
}

/// What `make install` does once cargo has built everything.
fn install(prefix: &Path, stage: Option<&Path>) {
    let packaging = project().join("bindings/c");
    let libraries = project().join("target/library");
    finish(Command::new(packaging.join("link.sh")).arg(folder().join("libvecsink.a")).arg(&libraries).arg(VERSION));
    let mut script = Command::new(packaging.join("install.sh"));
    script.arg(&libraries).args([env!("CARGO_BIN_EXE_vecsink"), VERSION]).arg(prefix).args(stage);
    finish(&mut script);
}

/// The flags that pkg-config gives.
fn flags(arguments: &[&str]) -> Vec<String> {
    let mut tool = Command::new("pkg-config");
    tool.env("PKG_CONFIG_LIBDIR", prefix().join("lib/pkgconfig")).args(arguments);
    finish(&mut tool).split_whitespace().map(str::to_owned).collect()
}

/// Compiles a program with only the flags that pkg-config gives for this package.
fn compile(source: &str, package: &str) -> PathBuf {
    let cpp = source.ends_with(".cpp");
    let name = Path::new(source).file_stem().and_then(|stem| stem.to_str()).expect("a file name");
    let program = prefix().join(format!("{name}-{package}"));
    let mut compiler = Command::new(if cpp { "c++" } else { "cc" });
    compiler.arg(if cpp { "-std=c++17" } else { "-std=c11" }).args(WARNINGS).arg("-pthread");
    compiler.arg(project().join(source)).args(flags(&["--cflags", "--libs", package]));
    compiler.args(["-lm", "-o"]).arg(&program);
    finish(&mut compiler);
    program
}

/// Runs a program that may need the shared library.
fn installed(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", prefix().join("lib"));
    command
}

/// The visible symbols of a file: the dynamic ones of a shared library, or all global ones of an archive.
fn names(tool: &str, file: &str) -> BTreeSet<String> {
    let said = finish(Command::new("readelf").args(["--wide", tool]).arg(prefix().join("lib").join(file)));
    // Num: Value Size Type Bind Vis Ndx Name
    let symbols = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let number = |word: &str| word.strip_suffix(':').is_some_and(|digits| digits.parse::<u32>().is_ok());
    let shown = symbols.filter(|s| s.len() >= 8 && number(s[0]) && s[4] != "LOCAL" && s[6] != "UND" && s[6] != "ABS");
    shown.map(|symbol| symbol[7].split('@').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn only_the_names_of_the_interface_are_visible() {
    if !has("readelf", "--version") {
        return;
    }
    let header = fs::read_to_string(project().join("include/vecsink.h")).expect("the header is there");
    let shared = names("--dyn-syms", &format!("libvecsink.so.{VERSION}"));
    assert!(shared.len() > 50, "{shared:?}");
    for name in &shared {
        assert!(name.starts_with("vecsink_") && header.contains(&format!("{name}(")), "{name} is visible");
    }
    assert_eq!(names("--syms", "libvecsink.a"), shared);
}

#[test]
fn the_shared_library_has_a_name_with_its_major_version() {
    let lib = prefix().join("lib");
    let said = finish(Command::new("readelf").args(["--wide", "--dynamic"]).arg(lib.join("libvecsink.so")));
    assert!(said.contains("soname: [libvecsink.so.0]"), "{said}");
    for system in said.lines().filter(|line| line.contains("(NEEDED)")) {
        let known = ["libgcc_s.", "libm.", "libc.", "libpthread.", "libdl.", "ld-linux"];
        assert!(known.iter().any(|name| system.contains(name)), "{system}");
    }
    assert_eq!(fs::read_link(lib.join("libvecsink.so")).unwrap(), Path::new("libvecsink.so.0"));
    assert_eq!(fs::read_link(lib.join("libvecsink.so.0")).unwrap(), PathBuf::from(format!("libvecsink.so.{VERSION}")));
    let version = finish(Command::new(prefix().join("bin/vecsink")).arg("--version"));
    assert!(version.contains(VERSION), "{version}");
}

#[test]
fn the_files_of_a_staged_installation_name_its_final_prefix() {
    prefix();
    let stage = TempDir::new().unwrap();
    install(Path::new("/opt/vecsink"), Some(stage.path()));
    let file = stage.path().join("opt/vecsink/lib/pkgconfig/vecsink.pc");
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("prefix=/opt/vecsink\n") && text.contains(&format!("Version: {VERSION}\n")), "{text}");
    assert!(!text.contains('@'), "{text}");
}

/// A table for the producers.
fn items() -> Option<(Schema, [String; 2])> {
    let server = postgres18()?;
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE items (id bigint PRIMARY KEY, name text, embedding vector(128))");
    let arguments = [url(&server), format!("{}.items", schema.name)];
    Some((schema, arguments))
}

/// Two runs of a producers program: the second goes on where the first was durable.
#[track_caller]
fn produces(mut program: impl FnMut() -> Command) {
    let Some((mut schema, arguments)) = items() else { return };
    let first = finish(program().args(&arguments).arg("300"));
    assert!(first.contains("producer 2: from row 0, 300 written, durable below 300"), "{first}");
    let second = finish(program().args(&arguments).arg("500"));
    assert!(second.contains("producer 2: from row 300, 200 written, durable below 500"), "{second}");
    assert_eq!(schema.count("items"), (500 * PRODUCERS) as i64);
    let nearest =
        "SELECT name FROM items ORDER BY embedding <-> (SELECT embedding FROM items WHERE id = 1471), id LIMIT 1";
    assert_eq!(schema.text(nearest).as_deref(), Some("item 1471"));
}

#[test]
fn the_c_producers_go_on_where_their_rows_are_durable() {
    if has("pkg-config", "--version") {
        let program = compile("examples/c/producers.c", "vecsink");
        produces(|| installed(&program));
    }
}

#[test]
fn the_static_library_needs_nothing_but_the_system() {
    if has("pkg-config", "--version") {
        let program = compile("examples/c/producers.c", "vecsink-static");
        produces(|| Command::new(&program));
        // For programs that link everything statically and name only the package vecsink.
        let libraries = flags(&["--static", "--libs", "vecsink"]).join(" ");
        assert!(libraries.ends_with("-lvecsink -lgcc_s -lpthread -lm -ldl -lc"), "{libraries}");
    }
}

/// A job file, its topic and its table.
struct Cars {
    folder: TempDir,
    schema: Schema,
    topic: Topic,
}

/// examples/sql/car_info.sql with a table and a topic of the test's own. It ends with the topic.
fn cars() -> Option<Cars> {
    let (server, kafka) = (postgres18()?, kafka()?);
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE car_info (id bigint PRIMARY KEY, market_time timestamp, color varchar(10), price int, feature vector(3))");
    let topic = kafka.topic(2);
    topic.produce_spread((0..400).map(|id| format!("{id}\t2024-05-01 10:00:00\tred\t{id}\t[{id},0.5,1]")));
    let sql = fs::read_to_string(project().join("examples/sql/car_info.sql")).expect("the example is there");
    let sql = sql
        .replace("adbpg_test", &server.database)
        .replace("'vector_test'", &format!("'{}'", schema.name))
        .replace("'topic' = 'vector_ingest'", &format!("'topic' = '{}'", topic.name))
        .replace("'earliest-offset'", "'earliest-offset', 'scan.bounded.mode' = 'latest-offset'");
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("cars.sql"), sql).unwrap();
    Some(Cars { folder, schema, topic })
}

#[track_caller]
fn runs_the_job(mut program: Command) -> String {
    let Some(mut cars) = cars() else { return "400 rows written".into() };
    let server = &cars.schema.server;
    program.arg(cars.folder.path().join("cars.sql")).env("KAFKA_BROKERS", &cars.topic.kafka.brokers);
    program.env("PGHOST", &server.host).env("PGPORT", server.port.to_string());
    program.env("PGUSER", &server.user).env("PGPASSWORD", &server.password);
    let said = finish(&mut program);
    assert_eq!(
        cars.schema.text("SELECT count(*) FROM car_info WHERE (feature::real[])[1] = id").as_deref(),
        Some("400")
    );
    said
}

#[test]
fn a_c_program_runs_a_flink_sql_job() {
    if has("pkg-config", "--version") {
        let said = runs_the_job(installed(&compile("examples/c/run_job.c", "vecsink")));
        assert_eq!(said, "400 rows written\n");
    }
}

#[test]
fn a_host_may_define_functions_with_the_names_of_the_bundled_libraries() {
    if has("pkg-config", "--version") {
        let said = runs_the_job(Command::new(compile("tests/hosts/installed/clashing.c", "vecsink-static")));
        assert!(said.starts_with("400 rows written"), "{said}");
    }
}

#[track_caller]
fn embeds(mut image_pipeline: Command) {
    let Some(server) = postgres18() else { return };
    let mut schema = Schema::new(&server);
    schema.execute("CREATE TABLE images (id bigint PRIMARY KEY, file text, taken timestamptz, embedding vector(128))");
    finish(image_pipeline.args([url(&server), format!("{}.images", schema.name)]));
    assert_eq!(schema.text("SELECT count(*) FROM images WHERE embedding IS NOT NULL").as_deref(), Some("2000"));
}

#[test]
fn cmake_finds_the_package_and_builds_both_ways() {
    if !has("cmake", "--version") {
        return;
    }
    let build = TempDir::new().unwrap();
    let sources = ["examples/c/producers.c", "examples/c/run_job.c", "examples/cpp/image_pipeline.cpp"];
    let sources = sources.map(|source| project().join(source).display().to_string()).join(";");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(project().join("tests/hosts/installed")).arg("-B").arg(build.path());
    configure.arg(format!("-DPROGRAMS={sources}")).arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
    finish(&mut configure);
    finish(Command::new("cmake").arg("--build").arg(build.path()));
    for kind in ["vecsink", "static"] {
        let built = |name: &str| build.path().join(format!("{name}-{kind}"));
        embeds(Command::new(built("image_pipeline")));
        produces(|| Command::new(built("producers")));
        runs_the_job(Command::new(built("run_job")));
    }
}

#[test]
fn the_image_pipeline_builds_with_pkg_config() {
    if !has("pkg-config", "--version") {
        return;
    }
    for package in ["vecsink", "vecsink-static"] {
        embeds(installed(&compile("examples/cpp/image_pipeline.cpp", package)));
    }
}

#[test]
fn cmake_refuses_a_package_of_another_version() {
    if !has("cmake", "--version") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let accepts = |wanted: &str| {
        let text = format!(
            "cmake_minimum_required(VERSION 3.16)\nproject(version C)\nfind_package(vecsink {wanted} REQUIRED CONFIG)\n"
        );
        fs::write(folder.path().join("CMakeLists.txt"), text).unwrap();
        let mut cmake = Command::new("cmake");
        cmake.arg("-S").arg(folder.path()).arg("-B").arg(folder.path().join(wanted));
        cmake.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix().display()));
        run(&mut cmake).status.success()
    };
    assert!(accepts("0.1") && accepts("0.1.0") && accepts("0"));
    assert!(!accepts("0.0.9") && !accepts("0.2") && !accepts("1.0"));
}
