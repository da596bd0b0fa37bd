//! The meaning of a registry's reply.

use serde_json::Value as Json;

/// The registry's error code for "there is no such schema".
const SCHEMA_NOT_FOUND: i64 = 40403;
const SUBJECT_OR_VERSION_NOT_FOUND: [i64; 2] = [40401, 40402];

#[derive(Debug, PartialEq)]
pub enum RegistryAnswer {
    Schema(Body),
    /// The registry has no such schema.
    Unknown(String),
    /// The registry refuses to answer, or the server isn't a registry.
    Refused(String),
    /// The registry can't answer now.
    NotNow(String),
}

#[derive(Debug, PartialEq)]
pub struct Body {
    pub schema: String,
    /// `None` means Avro.
    pub schema_type: Option<String>,
    /// The subject and version of each schema that this one refers to.
    pub references: Vec<(String, i64)>,
}

pub struct Reply {
    pub status: u32,
    pub body: Vec<u8>,
}

pub fn of(url: &str, reply: &Reply) -> RegistryAnswer {
    let json: Json = serde_json::from_slice(&reply.body).unwrap_or(Json::Null);
    let code = json.get("error_code").and_then(Json::as_i64);
    let said: String = json.get("message").and_then(Json::as_str).unwrap_or_default().chars().take(200).collect();
    match (reply.status, code) {
        (200, _) => body(&json).map_or_else(
            || {
                RegistryAnswer::Refused(format!(
                    "{url} returned no schema; the URL must be that of a schema registry with Confluent's API"
                ))
            },
            RegistryAnswer::Schema,
        ),
        (404, Some(code)) if code == SCHEMA_NOT_FOUND || SUBJECT_OR_VERSION_NOT_FOUND.contains(&code) => {
            RegistryAnswer::Unknown(format!("the registry doesn't know the schema of the message: {url} says {said}"))
        }
        (401 | 403, _) => RegistryAnswer::Refused(format!(
            "the schema registry refuses the login (HTTP {}, {url}): {said}; see basic-auth.* and bearer-auth.*",
            reply.status
        )),
        (408 | 425 | 429 | 500.., _) => RegistryAnswer::NotNow(format!("HTTP {} from {url}: {said}", reply.status)),
        (status, _) => RegistryAnswer::Refused(format!(
            "HTTP {status} from {url}: {said}; the URL must be that of a schema registry with Confluent's API, such as \
             http://host:8081 or http://host:8080/apis/ccompat/v7"
        )),
    }
}

fn body(json: &Json) -> Option<Body> {
    let reference = |json: &Json| Some((json.get("subject")?.as_str()?.to_string(), json.get("version")?.as_i64()?));
    let references = json.get("references").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    Some(Body {
        schema: json.get("schema")?.as_str()?.to_string(),
        schema_type: json.get("schemaType").and_then(Json::as_str).map(str::to_string),
        references: references.iter().map(reference).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u32, body: &str) -> RegistryAnswer {
        of("http://r/schemas/ids/7", &Reply { status, body: body.into() })
    }

    #[test]
    fn a_schema_comes_with_the_names_of_the_schemas_that_it_refers_to() {
        let body = r#"{"schema": "\"int\"", "references": [{"name": "a.B", "subject": "b", "version": 3}]}"#;
        let schema = Body { schema: "\"int\"".into(), schema_type: None, references: vec![("b".into(), 3)] };
        assert_eq!(answer(200, body), RegistryAnswer::Schema(schema));
    }

    #[test]
    fn only_the_registry_itself_can_say_that_there_is_no_such_schema() {
        let unknown = answer(404, r#"{"error_code": 40403, "message": "Schema not found"}"#);
        assert!(
            matches!(&unknown, RegistryAnswer::Unknown(reason) if reason.contains("Schema not found")),
            "{unknown:?}"
        );
        // This reply must not reject the message. Otherwise a wrong path in the URL would reject all messages.
        assert!(matches!(answer(404, "<html>"), RegistryAnswer::Refused(_)));
        assert!(matches!(answer(200, "{}"), RegistryAnswer::Refused(_)));
    }

    #[test]
    fn a_refused_login_differs_from_a_server_that_cannot_answer_now() {
        assert!(matches!(answer(401, ""), RegistryAnswer::Refused(reason) if reason.contains("basic-auth")));
        for status in [429, 500, 502, 503, 504] {
            assert!(matches!(answer(status, "x"), RegistryAnswer::NotNow(_)), "{status}");
        }
    }
}
