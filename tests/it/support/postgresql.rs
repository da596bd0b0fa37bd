//! A PostgreSQL server for tests, and a schema in it that belongs to one test.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::config::Host;
use postgres::{Client, Config, NoTls};

use super::servers::address;

/// PostgreSQL 18 with pgvector, its types in the schema `public`.
pub fn postgres18() -> Option<Postgres> {
    static EXTENSION: Once = Once::new();
    let server = address("VECSINK_TEST_PG18").map(|url| Postgres::at(&url))?;
    EXTENSION.call_once(|| server.add_extension("vector"));
    Some(server)
}

/// PostgreSQL 9.3, older than ADBPG V6.0's catalog and without ON CONFLICT.
pub fn postgres93() -> Option<Postgres> {
    address("VECSINK_TEST_PG93").map(|url| Postgres::at(&url))
}

/// PostgreSQL 9.6, whose catalog is near that of ADBPG.
pub fn postgres96() -> Option<Postgres> {
    address("VECSINK_TEST_PG96").map(|url| Postgres::at(&url))
}

/// PostgreSQL 18 that accepts only TLS connections (and has no pgvector).
pub fn postgres18_tls() -> Option<Postgres> {
    let mut server = address("VECSINK_TEST_PG18_TLS").map(|url| Postgres::at(&url))?;
    server.authority = Some(address("VECSINK_TEST_PG18_TLS_CA")?);
    Some(server)
}

/// The certificate and key, as PEM, with which a role logs in to the TLS server if its name ends with `_certified`. Such a role needs no
/// password.
pub fn client_certificate() -> Option<[PathBuf; 2]> {
    let client = address("VECSINK_TEST_PG18_TLS_CLIENT")?;
    Some([".crt", ".key"].map(|end| PathBuf::from(format!("{client}{end}"))))
}

/// The directory of the Unix socket of [`postgres18`].
pub fn postgres18_sockets() -> Option<PathBuf> {
    address("VECSINK_TEST_PG18_SOCKETS").map(PathBuf::from)
}

/// How to reach a server, as its administrator.
#[derive(Clone, Debug)]
pub struct Postgres {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
    /// The file with the certificate of the authority that signed the server's certificate, if the server uses TLS.
    pub authority: Option<String>,
}

impl Postgres {
    pub fn at(url: &str) -> Postgres {
        let config: Config = url.parse().expect("the script's URL is valid");
        let [Host::Tcp(host)] = config.get_hosts() else { panic!("one TCP host is expected") };
        Postgres {
            host: host.clone(),
            port: config.get_ports()[0],
            user: config.get_user().expect("a user").to_owned(),
            password: String::from_utf8(config.get_password().expect("a password").to_vec()).expect("UTF-8"),
            database: config.get_dbname().expect("a database").to_owned(),
            authority: None,
        }
    }

    /// The driver's settings for a connection.
    pub fn config(&self) -> Config {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).user(&self.user).password(&self.password).dbname(&self.database);
        config
    }

    pub fn connect(&self) -> Client {
        let connected = match &self.authority {
            None => self.config().connect(NoTls),
            Some(file) => {
                use openssl::ssl::{SslConnector, SslMethod};
                let mut builder = SslConnector::builder(SslMethod::tls()).expect("OpenSSL works");
                builder.set_ca_file(file).expect("the authority's certificate is readable");
                self.config().connect(postgres_openssl::MakeTlsConnector::new(builder.build()))
            }
        };
        connected.expect("the test server takes connections")
    }

    /// Makes an extension if it is missing. Two test programs that make it at the same time would disturb each other, so there is a lock,
    /// which ends with the session.
    pub fn add_extension(&self, name: &str) {
        let made =
            format!("SELECT pg_advisory_lock(hashtext('{name}')); CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public");
        self.connect().batch_execute(&made).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// The URL for a job file.
    pub fn jdbc_url(&self) -> String {
        format!("jdbc:postgresql://{}:{}/{}", self.host, self.port, self.database)
    }
}

/// A schema that belongs to one test. It is dropped with everything in it at the test's end.
pub struct Schema {
    pub name: String,
    pub server: Postgres,
    /// A connection whose search path begins with the schema.
    pub client: Client,
}

impl Schema {
    pub fn new(server: &Postgres) -> Schema {
        let name = unique("test");
        let mut client = server.connect();
        client.batch_execute(&format!("CREATE SCHEMA {name}")).expect("the administrator may create schemas");
        let mut schema = Schema { name, server: server.clone(), client };
        schema.client = schema.connect();
        schema
    }

    /// One more connection whose search path begins with the schema.
    pub fn connect(&self) -> Client {
        let mut client = self.server.connect();
        client.batch_execute(&format!("SET search_path TO {}, public", self.name)).expect("a search path can be set");
        client
    }

    /// Runs statements in the schema.
    #[track_caller]
    pub fn execute(&mut self, statements: &str) {
        if let Err(error) = self.client.batch_execute(statements) {
            panic!("{error}: {:?}\n{statements}", error.as_db_error().map(|e| e.message()));
        }
    }

    /// The single value of a query's result, as text. NULL is None.
    #[track_caller]
    pub fn text(&mut self, query: &str) -> Option<String> {
        let one = format!("SELECT (({query}))::text");
        self.client.query_one(one.as_str(), &[]).unwrap_or_else(|error| panic!("{error}: {query}")).get(0)
    }

    /// A new role that may write into the schema's tables and logs in to the TLS server only by the client's certificate.
    pub fn certified_role(&mut self) -> String {
        let role = format!("{}_certified", self.name);
        self.execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {0} TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {0} TO {role}",
            self.name
        ));
        role
    }

    /// The condition for the sessions in `pg_stat_activity` whose application is named after the schema: those of a sink, and those
    /// of a job, whose name has an ending. Names of other schemas may begin in the same way.
    pub fn of_application(&self) -> String {
        format!("(application_name = '{0}' OR application_name LIKE '{0}/%')", self.name)
    }

    #[track_caller]
    pub fn count(&mut self, table: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        self.client.query_one(query.as_str(), &[]).unwrap_or_else(|error| panic!("{error}: {query}")).get(0)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A killed job can leave a session that builds an index, and that waits for the transactions of all other tests.
        let name = &self.name;
        let end = format!(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
             JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_database d ON d.oid = l.database
             WHERE n.nspname = '{name}' AND l.pid <> pg_backend_pid() AND d.datname = current_database()"
        );
        // Some tests stop the server.
        for statement in ["ROLLBACK".to_owned(), end, format!("DROP SCHEMA {name} CASCADE")] {
            let _ = self.client.batch_execute(&statement);
        }
    }
}

/// A name that no other test on this machine has.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
