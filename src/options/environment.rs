//! `${NAME}` in option values.

/// Replaces every `${NAME}` by the environment variable NAME, and every `${secret_values.X}` by the variable X. `$${`
/// becomes a plain `${`.
pub fn expand(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find("${") {
        let (before, reference) = rest.split_at(dollar);
        if let Some(literal) = before.strip_suffix('$') {
            expanded.push_str(literal);
            expanded.push_str("${");
            rest = &reference[2..];
            continue;
        }
        expanded.push_str(before);
        let name_end = reference.find('}').ok_or("has a '${' without its '}'; a plain '${' is written '$${'")?;
        let name = &reference[2..name_end];
        let variable = name.strip_prefix("secret_values.").unwrap_or(name);
        if variable.is_empty() || !variable.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
            return Err("has a '${…}' without a variable's name in it; a plain '${' is written '$${'".into());
        }
        match environment(variable) {
            Some(value) => expanded.push_str(&value),
            None => return Err(format!("needs the environment variable {variable}, which is not set")),
        }
        rest = &reference[name_end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("db.example".into()),
            "TRICKY" => Some("a${HOST}$".into()),
            _ => None,
        }
    }

    #[test]
    fn a_reference_becomes_the_variables_value() {
        assert_eq!(expand("//${HOST}:5432/${HOST}", &environment).as_deref(), Ok("//db.example:5432/db.example"));
        assert_eq!(expand("${secret_values.HOST}", &environment).as_deref(), Ok("db.example"));
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        assert_eq!(expand("${TRICKY}", &environment).as_deref(), Ok("a${HOST}$"));
    }

    #[test]
    fn a_doubled_dollar_keeps_the_brace_as_text() {
        assert_eq!(expand("$${HOST} and $5 $$", &environment).as_deref(), Ok("${HOST} and $5 $$"));
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert!(expand("x${NOPE}", &environment).unwrap_err().contains("NOPE"));
    }

    #[test]
    fn an_odd_reference_is_not_repeated() {
        for text in ["${", "${}", "${pass word}", "a${pass"] {
            assert!(!expand(text, &environment).unwrap_err().contains("pass"), "{text}");
        }
    }
}
