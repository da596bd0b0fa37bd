//! Options of a table, one `key=value` on each line: errors have the option's place and show no password.

use vecsink::internals::settings::kafka::KafkaSource;

use super::job::{check_errors, parse};
use super::pick;

pub const PIECES: &[&str] = &[
    "=",
    "\n",
    "csv.field-delimiter=",
    "format=",
    "password=",
    "scan.startup.mode=",
    "'",
    "\\t",
    "U&'\\0009'",
    "-1",
    "1e9",
    "9223372036854775808",
    "10 min",
    "partition:0,offset:1;",
    "jdbc:postgresql://",
    "true",
    "TRUE",
    "${",
    "é",
    " ",
    "properties.sasl.jaas.config=",
    "canal-json.table.include=",
    "topic-pattern=",
    "(",
    "[",
    "*",
    "file:",
    "table:",
];

/// `0`: options of a source; `1`: options of a sink.
pub fn check(input: &[u8]) {
    let Some((is_sink, text)) = pick(input, &[false, true]) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let options: Vec<(&str, &str)> = text.split('\n').filter_map(|line| line.split_once('=')).take(50).collect();
    check_options(&options, *is_sink, &|_| Vec::new());
}

pub fn check_options(options: &[(&str, &str)], is_sink: bool, properties: &dyn Fn(&KafkaSource) -> Vec<String>) {
    let text = job(options, is_sink);
    let shown = match parse(&text, properties) {
        Ok(job) => format!("{job:?}"),
        Err(error) => {
            check_errors(&error, &text);
            error.to_string()
        }
    };
    for (index, (key, value)) in options.iter().enumerate().filter(|(_, (key, _))| is_secret(key)) {
        // Of a login only the values are secret. Short words are left out, because any text may contain them, and so are
        // variables, because an error names a variable that isn't set.
        let words: Vec<&str> =
            if key.contains("jaas") { value.split(['=', '"', '\'']).skip(1).collect() } else { vec![value] };
        for secret in words.into_iter().filter(|word| word.len() >= 8 && !value.contains("${") && shown.contains(word))
        {
            // The text may contain the same word by chance. Then it doesn't contain another secret in its place.
            let (other, mut changed) = (turned(secret), options.to_vec());
            let value = value.replace(secret, &other);
            changed[index].1 = &value;
            let parsed = parse(&job(&changed, is_sink), properties);
            let again = parsed.map_or_else(|error| error.to_string(), |job| format!("{job:?}"));
            assert!(!again.contains(&other), "{again}");
        }
    }
}

/// Another secret of the same form.
fn turned(secret: &str) -> String {
    let turn = |c: char| match c {
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from(c as u8 + 1),
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        other => other,
    };
    secret.chars().map(turn).collect()
}

fn job(options: &[(&str, &str)], is_sink: bool) -> String {
    let (of_source, of_sink) = if is_sink { (&[][..], options) } else { (options, &[][..]) };
    format!(
        "CREATE TABLE k (id INT, v STRING) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'b:9092',\n\
         'topic' = 't', 'format' = 'csv', 'scan.startup.mode' = 'earliest-offset'{});\n\
         CREATE TABLE s (id INT, v STRING) WITH ('connector' = 'adbpg', 'url' = 'jdbc:postgresql://h/d',\n\
         'tablename' = 'out', 'username' = 'u', 'password' = 'p', 'conflictmode' = 'ignore'{});\n\
         INSERT INTO s SELECT * FROM k;",
        written(of_source),
        written(of_sink)
    )
}

fn written(options: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    options.iter().map(|(key, value)| format!(",\n{} = {}", quoted(key), quoted(value))).collect()
}

fn is_secret(key: &str) -> bool {
    ["password", "jaas", "secret", "ssl.key.pem", "keystore.key"].iter().any(|word| key.to_lowercase().contains(word))
}
