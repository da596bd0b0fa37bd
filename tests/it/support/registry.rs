//! A schema registry for tests.

use super::servers::address;

/// The registry that all tests share. Each test must use subjects of its own.
pub fn registry() -> Option<Registry> {
    address("VECSINK_TEST_REGISTRY").map(|url| Registry { url })
}

#[derive(Clone, Debug)]
pub struct Registry {
    pub url: String,
}

impl Registry {
    /// Adds a schema and returns its id.
    pub fn register(&self, subject: &str, schema: &str) -> u32 {
        self.register_with(subject, serde_json::json!({ "schema": schema }))
    }

    /// The same for a schema with further properties.
    pub fn register_with(&self, subject: &str, body: serde_json::Value) -> u32 {
        let mut easy = curl::easy::Easy::new();
        let mut headers = curl::easy::List::new();
        headers.append("Content-Type: application/vnd.schemaregistry.v1+json").unwrap();
        easy.http_headers(headers).unwrap();
        easy.proxy("").unwrap();
        easy.url(&format!("{}/subjects/{subject}/versions", self.url)).unwrap();
        easy.post_fields_copy(body.to_string().as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut transfer = easy.transfer();
        transfer
            .write_function(|bytes| {
                answer.extend_from_slice(bytes);
                Ok(bytes.len())
            })
            .unwrap();
        transfer.perform().expect("the registry answers");
        drop(transfer);
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("it answers in JSON");
        answer["id"].as_u64().unwrap_or_else(|| panic!("{answer}: {body}")) as u32
    }
}
