//! The command line, as far as it needs no server.

use std::net::TcpListener;
use std::process::Output;

use super::support::Job;
use super::support::command::vecsink;

fn output(arguments: &[&str]) -> Output {
    vecsink().args(arguments).output().expect("the vecsink command is built")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A job with three mistakes: a misspelt option, a syntax error, an unknown connector.
fn wrong_job(address: &str) -> String {
    format!(
        "CREATE TABLE cars (id INT) WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://{address}/d',\n\
         \x20 'tablename' = 't', 'username' = 'u', 'password' = 'secret7', 'batchsise' = '10');\n\
         CREATE TABLE broken (id INT WITH ('connector' = 'kafka');\n\
         CREATE TABLE messages (id INT) WITH ('connector' = 'kafak', 'properties.bootstrap.servers' = '{address}',\n\
         \x20 'topic' = 't', 'format' = 'csv');\n\
         INSERT INTO cars SELECT * FROM messages;\n"
    )
}

#[test]
fn a_wrong_job_file_lists_every_error_with_line_and_column_and_opens_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket option");
    let job = wrong_job(&listener.local_addr().expect("bound").to_string());
    for job in [Job::run(&job), Job::check(&job)] {
        let finished = job.finish().exited(2);
        let places: Vec<&str> = finished
            .stderr
            .lines()
            .filter_map(|line| Some(line.split_once("job.sql:")?.1.split(':').next().unwrap_or_default()))
            .collect();
        assert_eq!(places, ["2", "3", "6"], "{}", finished.stderr);
        assert!(finished.stderr.contains("'batchsize'"), "the nearest name: {}", finished.stderr);
        assert!(finished.stderr.contains("3 errors in"), "{}", finished.stderr);
        assert!(!finished.stderr.contains("secret7"), "{}", finished.stderr);
        assert_eq!(finished.stdout, "");
    }
    let connected = listener.accept().map(|(_, peer)| peer);
    assert_eq!(connected.map_err(|error| error.kind()), Err(std::io::ErrorKind::WouldBlock));
}

#[test]
fn a_missing_variable_of_the_environment_is_an_error_of_the_job_file() {
    let job = "CREATE TABLE cars (id INT) WITH ('connector' = 'kafka', 'topic' = '${VECSINK_NO_SUCH_VARIABLE}',\n\
               'properties.bootstrap.servers' = 'h:1', 'format' = 'csv');";
    let finished = Job::check(job).finish().exited(2);
    assert!(finished.stderr.contains("VECSINK_NO_SUCH_VARIABLE"), "{}", finished.stderr);
}

#[test]
fn an_option_for_an_unknown_table_is_an_error() {
    let job = "CREATE TABLE cars (id INT) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h:1/d', \
               'tablename' = 't', 'username' = 'u', 'password' = 'p'); \
               CREATE TABLE messages (id INT) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'h:1', \
               'topic' = 't', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset'); \
               INSERT INTO cars SELECT * FROM messages;";
    let finished = Job::run(job).argument("-D").argument("no_such_table.topic=t").finish().exited(2);
    assert!(finished.stderr.contains("no_such_table"), "{}", finished.stderr);
}

#[test]
fn wrong_arguments_and_missing_files_exit_with_2() {
    for arguments in [
        &["run"][..],
        &["run", "no/such/job.sql"],
        &["check", "no/such/job.sql"],
        &["run", "job.sql", "-D", "no-equals-sign"],
        &["run", "job.sql", "--drain-timeout", "25"],
        &["run", "job.sql", "--summary", "xml"],
        &["run", "job.sql", "--buffer-memory", "0"],
        &["run", "job.sql", "--buffer-memory", "1"],
        &["run", "job.sql", "--pipeline-name", ""],
        &["run", "job.sql", "--pipeline-name", "a\tb"],
        &["run", "job.sql", "--log", "a=b=c"],
        &["topic", "create", "t", "-X", "security.protocol=foo"],
        &["topic", "create", "t", "--config", "no-equals-sign"],
        &["produce", "--topic", "t", "-X", "security.protocol=foo", "-"],
        &["produce", "--topic", "t", "no/such/file"],
        &["no-such-command"],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_has_examples() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["options", "--help"],
        &["topic", "create", "--help"],
        &["produce", "--help"],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Examples:\n  vecsink "), "{arguments:?}");
    }
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    let outputs = [output(&["--help"]), output(&["run", "no/such/job.sql", "-vv"]), output(&["no-such-command"])];
    for output in outputs {
        assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{output:?}");
    }
    let finished = Job::check(&wrong_job("h:1")).finish();
    assert!(!finished.stderr.contains('\x1b'), "{}", finished.stderr);
}

#[test]
fn a_value_that_may_be_a_secret_is_not_repeated() {
    for arguments in [
        &["run", "job.sql", "-D", "password=hunter2"][..],
        &["run", "job.sql", "-D", "sink.password:hunter2"],
        &["check", "job.sql", "-D", "hunter2"],
        &["topic", "create", "t", "-X", "sasl.jaas.config:hunter2"],
        &["topic", "create", "t", "-X", "hunter2"],
        &["produce", "--topic", "t", "-X", "ssl.key.password:hunter2", "-"],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(!said.contains("hunter2") && said.contains("must be"), "{said}");
    }
}

#[test]
fn a_property_that_the_kafka_client_refuses_is_an_error_at_its_place_among_all_others() {
    let job = "CREATE TABLE cars (id INT) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h:1/d',\n\
               'tablename' = 't', 'username' = 'u', 'password' = 'p', 'batchsize' = 'many');\n\
               CREATE TABLE messages (id INT) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'h:1',\n\
               'properties.security.protocol' = 'x', 'topic' = 't', 'format' = 'csv',\n\
               'scan.startup.mode' = 'earliest-offset');\n\
               INSERT INTO cars SELECT * FROM messages;";
    let finished = Job::check(job).finish().exited(2);
    assert!(finished.stderr.contains("job.sql:2:70: option 'batchsize'"), "{}", finished.stderr);
    assert!(finished.stderr.contains("job.sql:4:34: properties.security.protocol"), "{}", finished.stderr);
}
