//! `sasl.jaas.config`: the one string in which a Java client carries its login.

/// A login module with its options.
#[derive(PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) module: Module,
    options: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    Plain,
    Scram,
    OauthBearer,
}

impl Login {
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads `package.Module required key="value" …;`. Errors name what is missing but never quote the text, which holds a
/// password.
pub(crate) fn parse(text: &str) -> Result<Login, String> {
    // In job files that came through JSON or a shell, quotes may be written as \". The first option shows whether they are.
    let escaped = text.split_once('=').is_some_and(|(_, value)| value.trim_start().starts_with("\\\""));
    let text = if escaped { text.replace("\\\"", "\"") } else { text.to_owned() };
    let text = text.trim().trim_end_matches(';');
    let (class, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    // The class may have been moved into another package, so only its simple name counts.
    let module = match class.rsplit('.').next().unwrap_or_default() {
        "PlainLoginModule" => Module::Plain,
        "ScramLoginModule" => Module::Scram,
        "OAuthBearerLoginModule" => Module::OauthBearer,
        "Krb5LoginModule" => return Err("Kerberos logins are not supported; use PLAIN or SCRAM".into()),
        _ => return Err("must begin with PlainLoginModule, ScramLoginModule or OAuthBearerLoginModule".into()),
    };
    let rest = rest.trim_start();
    let (flag, mut rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if !["required", "requisite", "sufficient", "optional"].contains(&flag) {
        return Err("needs the word 'required' after the login module".into());
    }
    let mut options = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (key, after) = rest.split_once('=').ok_or("an option has no '='")?;
        let (value, after) = value(after.trim_start())?;
        options.push((key.trim().to_owned(), value));
        rest = after;
    }
    Ok(Login { module, options })
}

/// One option's value, quoted or bare, and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return Ok((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            _ if c == quote => return Ok((value, &text[at + 1..])),
            _ => value.push(c),
        }
    }
    Err("a quoted value has no end".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(text: &str) -> (Module, String, String) {
        let login = parse(text).unwrap_or_else(|error| panic!("{error}"));
        let get = |name| login.option(name).unwrap_or_default().to_owned();
        (login.module, get("username"), get("password"))
    }

    #[test]
    fn username_and_password_are_taken_from_the_login_module() {
        let text =
            r#"org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="s=; x";"#;
        assert_eq!(credentials(text), (Module::Plain, "me".into(), "s=; x".into()));
    }

    #[test]
    fn a_relocated_class_is_known_by_its_simple_name() {
        let text = "org.apache.flink.kafka.shaded.ScramLoginModule required\n  username='a b'\n password='c' ;";
        assert_eq!(credentials(text), (Module::Scram, "a b".into(), "c".into()));
    }

    #[test]
    fn quotes_may_arrive_escaped() {
        let text = r#"x.PlainLoginModule required username=\"me\" password=\"pw\";"#;
        assert_eq!(credentials(text), (Module::Plain, "me".into(), "pw".into()));
    }

    #[test]
    fn an_error_never_quotes_the_text() {
        for text in ["", "Plain secret", "a.PlainLoginModule password=secret", "PlainLoginModule required p=\"secret"] {
            let error = parse(text).err().unwrap_or_default();
            assert!(!error.is_empty() && !error.contains("secret"), "{error}");
        }
    }
}
