//! No secret leaves the settings by way of `Debug` or of a message, wherever it was written.

use super::super::{Environment, Settings};
use super::{KEY, environment, good};

const PLANTED: &str = "plantedsecret";

#[test]
fn debug_shows_no_token() {
    let shops = format!(
        "{KEY}[[shops]]\norg_id = 1\ntoken = \"{PLANTED}\"\n[[shops]]\norg_id = 2\ntoken_env = \"T\"\n[[shops]]\norg_id = 3\n"
    );
    let variables = [("T", PLANTED), ("TONKHO__SHOPS__2__TOKEN", PLANTED)];
    let settings = good(&shops, &variables);
    for shown in [format!("{settings:?}"), format!("{settings:#?}"), format!("{:?}", environment(&variables))]
    {
        assert!(!shown.contains(PLANTED), "{shown}");
    }
}

#[track_caller]
fn check(text: &str, variables: &[(&str, &str)]) {
    let error = Settings::from_toml(text, &environment(variables)).unwrap_err();
    for shown in [format!("{error}"), format!("{error:?}")] {
        assert!(!shown.contains(PLANTED), "{shown}");
    }
}

#[test]
fn no_message_shows_a_secret_from_the_file() {
    let in_shop = [
        format!("token = \"{PLANTED} \""),
        format!("token = [\"{PLANTED}\"]"),
        format!("token = {{ {PLANTED} = 1 }}").replace(PLANTED, "x"),
        format!("token_file = \"{PLANTED}\""),
        format!("token_env = \"{PLANTED}\""),
        format!("tokn = \"{PLANTED}\""),
        format!("token = \"{PLANTED}\"\ntoken_env = \"{PLANTED}\""),
        format!("token = \"{PLANTED}"),
        format!("token = {PLANTED}"),
        format!("token = '{PLANTED}'\ntoken = '{PLANTED}'"),
    ];
    for line in in_shop {
        check(&format!("[[shops]]\norg_id = 1\n{line}\n"), &[]);
    }
    check(&format!("[[keys]]\nsha256 = \"tk_{PLANTED}\""), &[]);
    check(&format!("[[keys]]\nsha256 = \"{PLANTED}\""), &[]);
    check(&format!("[haravan]\nbase_url = \"https://u:{PLANTED}@apis.haravan.com\""), &[]);
}

#[test]
fn no_message_shows_what_a_variable_holds() {
    let names = [
        "TONKHO__SERVER",
        "TONKHO__SERVER__LISTEN",
        "TONKHO__SERVER__WORKERS",
        "TONKHO__SERVER__SHUTDOWN_GRACE",
        "TONKHO__HARAVAN__BASE_URL",
        "TONKHO__RATE__BUCKET",
        "TONKHO__RATE__LEAK_PER_SECOND",
        "TONKHO__CACHE__MAX_BYTES",
        "TONKHO__AUTH__DISABLED",
        "TONKHO__KEYS",
        "TONKHO__KEYS__0__SHA256",
        "TONKHO__KEYS__0__SHOPS",
        "TONKHO__KEYS__0__SCOPES",
        "TONKHO__SHOPS",
        "TONKHO__SHOPS__0",
        "TONKHO__SHOPS__0__ORG_ID",
        "TONKHO__SHOPS__0__TOKEN_FILE",
        "TONKHO__SHOPS__0__TOKEN_ENV",
        "TONKHO__SHOPS__0__TOKN",
        "TONKHO__SHOPS__1__TOKEN",
        "TONKHO__TELEMETRY__LOG_FORMAT",
    ];
    let quoted = format!("\"{PLANTED}\"");
    let list = format!("[\"{PLANTED}\", 1]");
    let table = format!("{{ token = \"{PLANTED}\", bucket = \"{PLANTED}\" }}");
    for name in names {
        for value in [PLANTED, &quoted, &list, &table] {
            check("", &[(name, value)]);
        }
    }
}

#[test]
fn no_message_shows_the_line_of_a_file_that_is_not_toml() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.toml");
    std::fs::write(&path, format!("[[shops]]\ntoken = \"{PLANTED}\" x\n")).unwrap();
    let error = Settings::load(Some(&path), &Environment::default()).unwrap_err();
    assert!(!error.to_string().contains(PLANTED), "{error}");
    assert!(error.to_string().contains("line 2, column "), "{error}");
}
