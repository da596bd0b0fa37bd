//! "Did you mean" for names of the database.

/// ` (did you mean …?)`, or nothing when no name is near.
pub fn nearest(name: &str, known: &[String]) -> String {
    let wanted = name.to_lowercase();
    let best = known.iter().map(|other| (strsim::jaro_winkler(&wanted, &other.to_lowercase()), other));
    match best.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, other)) if likeness > 0.8 => format!(" (did you mean {other}?)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_misspelt_name_suggests_the_nearest() {
        let known = ["car_info".to_owned(), "customers".to_owned()];
        assert_eq!(nearest("car_inof", &known), " (did you mean car_info?)");
        assert_eq!(nearest("Car_Info", &known), " (did you mean car_info?)");
        assert_eq!(nearest("xyz", &known), "");
        assert_eq!(nearest("xyz", &[]), "");
    }
}
