use std::io::Read;
use std::net::TcpListener;

use super::*;
use crate::settings::Password;
use crate::stop::Stop;

fn connection(hosts: &[u16]) -> Connection {
    Connection {
        hosts: hosts.iter().map(|port| settings::Host::tcp("127.0.0.1", *port)).collect(),
        database: "d".to_owned(),
        user: "u".to_owned(),
        password: Password::new("p"),
        ssl_mode: SslMode::Disable,
        ssl_root_cert: None,
        ssl_cert: None,
        ssl_key: None,
        ssl_password: None,
        connect_timeout: Duration::from_millis(200),
        socket_timeout: None,
        application_name: None,
        current_schema: None,
        options: None,
        primary_only: false,
        load_balance_hosts: false,
    }
}

fn connector(connection: &Connection) -> Connector {
    Connector::new(connection, "test", None).unwrap()
}

#[test]
fn an_attempt_at_a_silent_server_ends_in_time_and_leaves_nothing_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connector = connector(&connection(&[listener.local_addr().unwrap().port()]));
    for _ in 0..3 {
        let failure = connector.connect(&WaitLimit::default()).err().expect("nobody answers");
        assert!(failure.text.contains("no answer within"), "{}", failure.text);
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut said = Vec::new();
        assert!(accepted.read_to_end(&mut said).is_ok(), "the connection was closed");
        assert!(!said.is_empty(), "it asked to log in");
    }
}

#[test]
fn an_attempt_ends_when_it_is_told_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let patient = Connection {
        connect_timeout: Duration::from_secs(3600),
        ..connection(&[listener.local_addr().unwrap().port()])
    };
    let connector = connector(&patient);
    let stop = Stop::default();
    let failure = std::thread::scope(|scope| {
        let attempt = scope.spawn(|| connector.connect(&WaitLimit::of(&stop)).err().map(|failure| failure.text));
        let _held = listener.accept().unwrap();
        stop.abandon();
        attempt.join().unwrap()
    });
    let text = failure.expect("nobody answers");
    assert!(text.contains("told to stop"), "{text}");
}

#[test]
fn a_dead_peer_is_noticed_whatever_the_url_says() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Address::Tcp(listener.local_addr().unwrap());
    let timeout_of = |connection: &Connection| {
        let timeout = connector(connection).dialer.user_timeout;
        let socket = connect(&address, timeout, &WaitLimit::default()).unwrap();
        assert!(socket.options().keepalive().unwrap());
        assert_eq!(socket.options().tcp_keepalive_time().unwrap(), Duration::from_secs(30));
        assert_eq!(socket.options().tcp_keepalive_interval().unwrap(), Duration::from_secs(10));
        socket.options().tcp_user_timeout().unwrap()
    };
    assert_eq!(timeout_of(&connection(&[1])), Some(USER_TIMEOUT));
    let impatient = Connection { socket_timeout: Some(Duration::from_secs(5)), ..connection(&[1]) };
    assert_eq!(timeout_of(&impatient), Some(Duration::from_secs(5)));
}

#[test]
fn a_host_must_be_writable_if_there_are_several_or_the_url_says_so() {
    let looks_for_one = |connection: &Connection| connector(connection).dialer.writable_only;
    assert!(!looks_for_one(&connection(&[1])));
    assert!(looks_for_one(&connection(&[1, 2])));
    assert!(looks_for_one(&Connection { primary_only: true, ..connection(&[1]) }));
}

#[test]
fn a_host_is_a_name_an_address_or_the_directory_of_a_socket() {
    let of = |host: settings::Host| ResolvedHost::new(host).addresses(&WaitLimit::default()).unwrap();
    let addresses = |name: &str| of(settings::Host::tcp(name, 5432));
    let sockets = of(settings::Host::unix("/var/run", 5432));
    assert_eq!(sockets, [Address::Unix("/var/run/.s.PGSQL.5432".into())]);
    assert_eq!(addresses("10.0.0.1"), [Address::Tcp("10.0.0.1:5432".parse().unwrap())]);
    assert_eq!(addresses("::1"), [Address::Tcp("[::1]:5432".parse().unwrap())]);
    assert!(addresses("localhost").contains(&Address::Tcp("127.0.0.1:5432".parse().unwrap())));
}
