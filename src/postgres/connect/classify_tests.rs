//! The table of SQLSTATEs: it is complete, and the most important codes have the right class.

use super::*;

/// Every error code of PostgreSQL 18, as its errcodes.txt lists them.
const POSTGRESQL: &str = "\
     03000 08000 08001 08003 08004 08006 08007 08P01 09000 0A000 0B000 0F000 0F001 0L000 0LP01 0P000 \
     0Z000 0Z002 10608 20000 21000 22000 22001 22002 22003 22004 22005 22007 22008 22009 2200B 2200C \
     2200D 2200F 2200G 2200H 2200L 2200M 2200N 2200S 2200T 22010 22011 22012 22013 22014 22015 22016 \
     22018 22019 2201B 2201E 2201F 2201G 2201W 2201X 22021 22022 22023 22024 22025 22026 22027 2202E \
     2202G 2202H 22030 22031 22032 22033 22034 22035 22036 22037 22038 22039 2203A 2203B 2203C 2203D \
     2203E 2203F 2203G 22P01 22P02 22P03 22P04 22P05 22P06 23000 23001 23502 23503 23505 23514 23P01 \
     24000 25000 25001 25002 25003 25004 25005 25006 25007 25008 25P01 25P02 25P03 25P04 26000 27000 \
     28000 28P01 2B000 2BP01 2D000 2F000 2F002 2F003 2F004 2F005 34000 38000 38001 38002 38003 38004 \
     39000 39001 39004 39P01 39P02 39P03 3B000 3B001 3D000 3F000 40000 40001 40002 40003 40P01 42000 \
     42501 42601 42602 42611 42622 42701 42702 42703 42704 42710 42712 42723 42725 42803 42804 42809 \
     42830 42846 42883 428C9 42939 42P01 42P02 42P03 42P04 42P05 42P06 42P07 42P08 42P09 42P10 42P11 \
     42P12 42P13 42P14 42P15 42P16 42P17 42P18 42P19 42P20 42P21 42P22 44000 53000 53100 53200 53300 \
     53400 54000 54001 54011 54023 55000 55006 55P02 55P03 55P04 57000 57014 57P01 57P02 57P03 57P04 \
     57P05 58000 58030 58P01 58P02 58P03 F0000 F0001 HV000 HV001 HV002 HV004 HV005 HV006 HV007 HV008 \
     HV009 HV00A HV00B HV00C HV00D HV00J HV00K HV00L HV00M HV00N HV00P HV00Q HV00R HV010 HV014 HV021 \
     HV024 HV090 HV091 P0000 P0001 P0002 P0003 P0004 XX000 XX001 XX002 \
";

/// What Greenplum 6 and 7 add.
const GREENPLUM: &str = "22M01 25M01 40M00 42M00 53500 57M02 58M01 XX009";

#[test]
fn the_table_has_a_class_for_every_code_of_postgresql_and_greenplum() {
    assert!(POSTGRESQL.split_whitespace().count() > 240);
    for code in POSTGRESQL.split_whitespace().chain(GREENPLUM.split_whitespace()) {
        assert!(Class::decided(code).is_some(), "{code}");
    }
    assert_eq!(Class::decided("U0001"), None, "a code that a function of the user raises");
    assert_eq!(Class::of("U0001", During::Copy), Class::Other);
}

/// The server's own list is compared too, where it can be read: another version may have more codes.
#[test]
fn the_list_of_the_installed_server_has_no_other_codes() {
    let Ok(bin) = std::env::var("VECSINK_TEST_POSTGRES18_BIN") else { return };
    let path = std::path::Path::new(&bin).join("../share/postgresql/errcodes.txt");
    let Ok(text) = std::fs::read_to_string(path) else { return };
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(code), Some("E")) = (words.next(), words.next()) {
            assert!(Class::decided(code).is_some() && POSTGRESQL.contains(code), "{code}");
        }
    }
}

#[test]
fn the_most_important_codes_have_the_right_class() {
    let expected: &[(&[&str], Class)] = &[
        (&["08006", "53300", "53100", "57P01", "57P03", "57P05", "58M01", "25006", "25P03", "58030"], Class::Outage),
        (&["40001", "40P01", "55P03", "72000"], Class::Contention),
        (&["57014", "25M01", "25P04"], Class::TooLong),
        (&["22021", "22P05"], Class::Value),
        (&["22001", "22P02", "22000", "22M01", "2200H", "23502", "23503", "23514", "54000", "53400"], Class::Row),
        (&["23505", "23P01", "21000"], Class::Conflict),
        (&["42P01", "42703", "42501", "0A000", "26000", "3F000", "22P03", "42804"], Class::Configuration),
        (&["XX000", "P0001", "58P01", "55000", "28000", "3D000"], Class::Other),
        (&["XX001", "XX002"], Class::Damage),
    ];
    for (codes, class) in expected {
        for code in *codes {
            assert_eq!(Class::of(code, During::Statement), *class, "{code}");
        }
    }
}

#[test]
fn only_what_the_server_says_while_it_reads_a_value_is_certainly_the_values_fault() {
    for code in ["22001", "22003", "22007", "22008", "22021", "22P02", "22000", "42601", "54000"] {
        assert_eq!(Class::of(code, During::Field), Class::Value, "{code}");
    }
    for code in ["22P03", "22P04", "08P01", "42804", "42883", "0A000"] {
        assert_eq!(Class::of(code, During::Field), Class::Configuration, "{code}");
    }
    for code in ["23514", "23502"] {
        assert_eq!(Class::of(code, During::Field), Class::Row, "{code}");
    }
    assert_eq!(Class::of("57014", During::Field), Class::TooLong);
}

#[test]
fn a_protocol_violation_in_a_copy_is_no_outage() {
    assert_eq!(Class::of("08P01", During::Copy), Class::Configuration);
    assert_eq!(Class::of("08P01", During::Connect), Class::Outage);
}

#[test]
fn a_database_that_takes_no_connections_is_away_unless_it_refuses_the_login() {
    assert_eq!(Class::of("55000", During::Connect), Class::Outage);
    assert_eq!(Class::of("28P01", During::Connect), Class::Login);
    assert_eq!(Class::of("55000", During::Statement), Class::Other);
}
