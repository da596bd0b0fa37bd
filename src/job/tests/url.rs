//! The JDBC URL.

use std::path::PathBuf;
use std::time::Duration;

use crate::settings::{Connection, Host, SslMode};

#[track_caller]
fn connection(url: &str) -> Connection {
    let (connection, findings) = Connection::from_url(url);
    assert_eq!(findings.errors, Vec::<String>::new());
    assert_eq!(findings.notices, Vec::<String>::new());
    connection
}

#[track_caller]
fn only_error(url: &str) -> String {
    let mut findings = Connection::from_url(url).1;
    assert_eq!(findings.errors.len(), 1, "{findings:?}");
    findings.errors.remove(0)
}

#[test]
fn hosts_ports_and_the_database_are_read() {
    let read = connection("jdbc:postgresql://a,b:6000,[::1]:6001,[fe80::2]/my%20db");
    let hosts = [("a", 5432), ("b", 6000), ("::1", 6001), ("fe80::2", 5432)];
    assert_eq!(read.hosts, hosts.map(|(host, port)| Host::tcp(host, port)));
    assert_eq!(read.database, "my db");
    assert_eq!(connection("jdbc:postgresql:///d").hosts, [Host::tcp("localhost", 5432)]);
}

#[test]
fn parameters_that_are_not_in_the_url_have_the_defaults_of_the_jdbc_driver() {
    let read = connection("jdbc:postgresql://h/d");
    assert_eq!(read.ssl_mode, SslMode::Prefer);
    assert_eq!((read.connect_timeout, read.socket_timeout), (Duration::from_secs(10), None));
    assert!(!read.primary_only && !read.load_balance_hosts);
}

#[test]
fn every_parameter_with_a_meaning_is_kept() {
    let read = connection(
        "jdbc:postgresql://h/d?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&sslpassword=s%20s\
         &connectTimeout=20&socketTimeout=30&loginTimeout=15&ApplicationName=my+app&currentSchema=a,b\
         &options=-c%20statement_timeout=5s&tcpKeepAlive=true&targetServerType=primary&loadBalanceHosts=true\
         &stringtype=unspecified&reWriteBatchedInserts=true",
    );
    assert_eq!(read.ssl_mode, SslMode::VerifyCa);
    assert_eq!(read.ssl_root_cert, Some(PathBuf::from("/ca.pem")));
    assert_eq!((read.ssl_cert, read.ssl_key), (Some(PathBuf::from("/c.pem")), Some(PathBuf::from("/k.pem"))));
    assert_eq!(read.ssl_password.as_ref().map(|password| password.reveal()), Some("s s"));
    assert_eq!((read.connect_timeout, read.socket_timeout), (Duration::from_secs(15), Some(Duration::from_secs(30))));
    assert_eq!((read.application_name.as_deref(), read.current_schema.as_deref()), (Some("my app"), Some("a,b")));
    assert_eq!(read.options.as_deref(), Some("-c statement_timeout=5s"));
    assert!(read.primary_only && read.load_balance_hosts);
}

#[test]
fn keepalive_can_not_be_turned_off_and_a_notice_says_so() {
    for (url, name) in
        [("jdbc:postgresql://h/d?tcpKeepAlive=false", "tcpKeepAlive"), ("postgresql://h/d?keepalives=0", "keepalives")]
    {
        let notices = Connection::from_url(url).1.notices;
        assert_eq!(notices, [format!("the url's {name} has no effect: TCP keepalive is always on")]);
    }
    connection("postgresql://h/d?keepalives=1");
}

#[test]
fn a_host_that_is_a_path_is_the_directory_of_a_unix_socket() {
    let socket = |port| vec![Host::unix("/var/run/postgresql", port)];
    for (url, expected) in [
        ("postgresql://me@%2Fvar%2Frun%2Fpostgresql/d", socket(5432)),
        ("postgresql://me@%2fvar%2frun%2fpostgresql:6000/d", socket(6000)),
        ("postgresql:///d?host=/var/run/postgresql", socket(5432)),
        ("postgresql:///d?host=%2Fvar%2Frun%2Fpostgresql&port=6000", socket(6000)),
        ("postgresql://:6000/d?host=/var/run/postgresql", socket(6000)),
        ("postgresql://h/d?host=/var/run/postgresql", socket(5432)),
        ("postgres://h,%2Ftmp:6000/d", vec![Host::tcp("h", 5432), Host::unix("/tmp", 6000)]),
        (
            "postgres:///d?host=/tmp,h,::1&port=6000",
            vec![Host::unix("/tmp", 6000), Host::tcp("h", 6000), Host::tcp("::1", 6000)],
        ),
        ("postgres:///d?host=/tmp,h&port=,6000", vec![Host::unix("/tmp", 5432), Host::tcp("h", 6000)]),
    ] {
        assert_eq!(connection(url).hosts, expected, "{url}");
    }
    let shown = |url: &str| connection(url).hosts[0].to_string();
    assert_eq!(shown("postgresql://%2Fvar%2Frun%2Fpostgresql/d"), "/var/run/postgresql/.s.PGSQL.5432");
    assert_eq!(shown("postgresql://[::1]:6000/d"), "[::1]:6000");
}

#[test]
fn a_client_certificate_needs_no_password() {
    let with = |parameters: &str| {
        let text = super::job_of("id INT", "id INT", "INSERT INTO s SELECT * FROM k");
        super::parse(&text.replace("'password' = 'p', ", "").replace("://h/d", &format!("://h/d?{parameters}")))
    };
    assert!(with("sslcert=/c.pem&sslkey=/k.pem").is_ok());
    assert!(with("sslkey=/store.p12").is_ok());
    let error = with("sslrootcert=/ca.pem").unwrap_err().to_string();
    assert!(error.contains("'password' is required"), "{error}");
    let unused = with("sslmode=disable&sslkey=/store.p12").unwrap().notices;
    assert!(unused.iter().any(|notice| notice.contains("sslkey has no effect with sslmode=disable")), "{unused:?}");
}

#[test]
fn a_root_certificate_that_the_ssl_mode_does_not_use_is_a_notice() {
    let notices = |parameters: &str| {
        let text = super::job_of("id INT", "id INT", "INSERT INTO s SELECT * FROM k");
        let job = super::parse(&text.replace("://h/d", &format!("://h/d?sslrootcert=/ca.pem{parameters}"))).unwrap();
        job.notices.into_iter().filter(|notice| notice.contains("sslrootcert")).collect::<Vec<_>>()
    };
    for (mode, parameters) in [("prefer", ""), ("allow", "&sslmode=allow"), ("disable", "&sslmode=disable")] {
        let found = notices(parameters);
        assert!(found.len() == 1 && found[0].contains(&format!("no effect with sslmode={mode};")), "{found:?}");
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(notices(&format!("&sslmode={mode}")), Vec::<String>::new());
    }
}

#[test]
fn ssl_alone_means_full_verification_and_sslmode_overrides_it() {
    assert_eq!(connection("jdbc:postgresql://h/d?ssl=true").ssl_mode, SslMode::VerifyFull);
    assert_eq!(connection("jdbc:postgresql://h/d?ssl").ssl_mode, SslMode::VerifyFull);
    let unchecked = "jdbc:postgresql://h/d?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory";
    assert_eq!(connection(unchecked).ssl_mode, SslMode::Require);
    assert_eq!(connection("jdbc:postgresql://h/d?ssl=false").ssl_mode, SslMode::Prefer);
    assert_eq!(connection("jdbc:postgresql://h/d?sslmode=require&ssl=true").ssl_mode, SslMode::Require);
}

#[test]
fn an_unknown_parameter_is_a_notice_with_a_suggestion() {
    let notices = Connection::from_url("jdbc:postgresql://h/d?sslMode=require").1.notices;
    assert_eq!(notices, ["the url's parameter 'sslMode' is unknown and has no effect; did you mean 'sslmode'?"]);
}

#[test]
fn a_parameter_that_may_be_a_part_of_a_password_is_not_shown() {
    let findings = Connection::from_url("jdbc:postgresql://h/d?user=u&password=half&other%zz&rest").1;
    assert_eq!(findings.errors, Vec::<String>::new());
    assert_eq!(
        findings.notices,
        [
            "the url's parameter number 3 is unknown and has no effect",
            "the url's parameter number 4 is unknown and has no effect"
        ]
    );
}

#[test]
fn a_wrong_url_says_what_is_wrong() {
    for (url, error) in [
        ("jdbc:mysql://h/d", "must start with"),
        ("jdbc:postgresql:d", "must start with"),
        ("jdbc:postgresql://h", "must name the database"),
        ("jdbc:postgresql://h/", "must name the database"),
        ("jdbc:postgresql://h/%zz", "broken %-escape"),
        ("jdbc:postgresql://h:x/d", "port"),
        ("jdbc:postgresql://h:0/d", "port"),
        ("jdbc:postgresql://h:70000/d", "port"),
        ("jdbc:postgresql://%2Ftmp/d", "postgresql://user@%2Fdirectory/database"),
        ("postgresql://h:0/d", "port"),
        ("postgresql:///d?host=/tmp&port=x", "port"),
        ("postgresql:///d?host=a,b,c&port=1,2", "names 3 hosts and 2 ports"),
        ("postgresql:///d?host=@tmp", "abstract namespace"),
        ("postgresql://%2Ftm%zz/d", "broken %-escape"),
        ("postgresql://<host>/d", "fill in"),
        ("postgresql:///d?hostaddr=10.0.0.1", "'hostaddr' that isn't supported: give the address as the host"),
        ("postgresql:///?service=shop", "'service' that isn't supported"),
        ("jdbc:postgresql://::1/d", "brackets"),
        ("jdbc:postgresql://[::1/d", "']'"),
        ("jdbc:postgresql://[::1]x/d", "':port'"),
        ("jdbc:postgresql://<host>:5432/d", "fill in"),
        ("jdbc:postgresql://u:p@h/d", "'username' and 'password'"),
        ("jdbc:postgresql://h/d?sslmode=on", "'sslmode' that must be disable"),
        ("jdbc:postgresql://h/d?connectTimeout=1s", "in seconds"),
        ("jdbc:postgresql://h/d?tcpKeepAlive=1", "true or false"),
        ("jdbc:postgresql://h/d?targetServerType=secondary", "standby"),
    ] {
        let found = only_error(url);
        assert!(found.contains(error), "{url}: {found}");
    }
}
