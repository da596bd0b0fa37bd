//! Version numbers with dots, `0.8.2` or `7.4.2.0`.

use std::fmt;

/// Compared part by part, as numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DottedVersion(Vec<u32>);

impl DottedVersion {
    /// `None`: it doesn't begin with a number. What follows the numbers is left out.
    pub fn parse(text: &str) -> Option<DottedVersion> {
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        let parts: Vec<u32> = text.trim().split('.').map_while(|part| digits(part).parse().ok()).collect();
        (!parts.is_empty()).then_some(DottedVersion(parts))
    }

    pub fn is_before(&self, other: &[u32]) -> bool {
        self.0.as_slice() < other
    }

    pub fn first(&self) -> u32 {
        self.0.first().copied().unwrap_or(0)
    }
}

impl fmt::Display for DottedVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        out.write_str(&parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| DottedVersion::parse(text).expect("a version");
        assert!(version("0.8.2") < version("0.8.10"));
        assert!(version("6.3.10.1").is_before(&[6, 3, 10, 18]) && !version("7.4.2.0").is_before(&[7, 4, 2, 0]));
        assert_eq!(version("0.8.0-beta").to_string(), "0.8.0");
        assert_eq!(DottedVersion::parse("unpackaged"), None);
    }
}
