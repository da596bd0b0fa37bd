//! A Java program over JNA.

use std::process::Command;

use crate::items::{holds_what_was_pushed, items, quiet};
use crate::library::{finish, folder, has, has_since, programs};
use crate::support::servers::{address, project};

/// The program's class path.
fn compile(jna: &str) -> String {
    let mut files = std::fs::read_dir(jna).unwrap().map(|entry| entry.unwrap().path());
    let jar = files.find(|path| path.extension().is_some_and(|end| end == "jar")).expect("JNA's jar");
    let classes = programs().join("java");
    let mut javac = Command::new("javac");
    javac.args(["-Xlint:all", "-Werror", "--release", "17", "-cp"]).arg(&jar).arg("-d").arg(&classes);
    javac.args(["Vecsink", "Sink", "Host"].map(|name| project().join(format!("tests/hosts/java/{name}.java"))));
    finish(&mut javac);
    format!("{}:{}", jar.display(), classes.display())
}

#[test]
fn a_java_host_pushes_from_a_pool_and_its_sinks_are_freed_by_the_collector_and_at_the_exit() {
    let Some(jna) = address("VECSINK_TEST_JNA") else { return };
    if !has_since("javac", "-version", [17, 0]) || !has("java", "-version") {
        return;
    }
    let Some((mut schema, arguments)) = items() else { return };
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED", "-cp"]).arg(compile(&jna));
    java.arg(format!("-Dvecsink.library={}", folder().join("libvecsink.so").display()));
    // A virtual machine that takes options from the environment prints them on its standard error.
    java.env_remove("JAVA_TOOL_OPTIONS").env_remove("_JAVA_OPTIONS").env_remove("JDK_JAVA_OPTIONS");
    let said = quiet(java.arg("Host").args(&arguments));
    println!("{said}");
    holds_what_was_pushed(&mut schema, &said, 4000, 100_000..100_101);
}
