//! Any text where `DATABASE_URL` should be: no error repeats a part of it, a connection that asks
//! for TLS is never made without, and a schema is quoted so that it stays one name. The first line
//! is the URL; the second, if there is one, the option `schema`.

#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tokenkeep::db::{DatabaseSettings, Login};
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode};

/// Every error there is. They are made from fixed texts: an error that is not among them has said
/// something of its input.
static ERRORS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let refused = [
        "mysql://h",
        "postgres://h,,i",
        "postgres://u@ h",
        "postgres://h/d ",
        "postgres://h/d\td",
        "postgres://h?connect_timeout=x",
        "postgres://h:x",
        "postgres://h?port=1,2",
        "postgres://h?target_session_attrs=",
        "postgres://h/@",
        "postgres://h?schema=",
        "postgres://h?sslmode=",
        "postgres://h?sslmode=require&ssl=0",
        "postgres://h?sslmode=disable&channel_binding=require",
        "postgres://h?sslcert=c",
        "postgres://h?sslmode=verify-ca&sslrootcert=system",
        "postgres://h?sslcertmode=require",
        "postgres://h?sslcertmode=x",
        "postgres://h?sslnegotiation=x",
        "postgres://h?channel_binding=x",
        "postgres://h?gssencmode=x",
        "postgres://h?ssl_min_protocol_version=x",
        "postgres://h?sslcrl=x",
        "postgres://h?sslcrldir=x",
        "postgres://h?require_auth=x",
        "postgres://h?requirepeer=x",
    ];
    let twice = GIVEN_ONCE.map(|name| format!("postgres://h?{name}=x&{name}=y"));
    let refused = refused.map(str::to_owned).into_iter().chain(twice);
    refused.map(|url| printed(&url, None).expect_err(&url)).collect()
});

/// Parameters that say what a connection's transport is.
const GIVEN_ONCE: [&str; 12] = [
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslnegotiation",
    "sslcertmode",
    "channel_binding",
    "gssencmode",
    "ssl_min_protocol_version",
    "sslcrl",
    "sslcrldir",
    "require_auth",
    "requirepeer",
];

fuzz_target!(|text: &str| {
    let (url, schema) = match text.split_once('\n') {
        Some((url, schema)) => (url, Some(schema)),
        None => (text, None),
    };
    let settings = match printed(url, schema) {
        Ok(settings) => settings,
        Err(error) => return assert!(ERRORS.contains(&error), "{error}"),
    };
    assert_eq!(format!("{settings:?}"), "DatabaseSettings(redacted, 6 connections)");
    assert!(
        DatabaseSettings::new(url, schema, &Login::default()).is_ok_and(|again| again == settings)
    );
    if let Ok(asked) = url.parse::<Config>() {
        let asks = asked.get_ssl_mode() == SslMode::Require
            || asked.get_channel_binding() == ChannelBinding::Require;
        assert!(!asks || settings.transport.is_required(), "TLS was asked for");
    }
    if schema.is_some() {
        assert_eq!(settings.schema(), schema);
    }
    let table = settings.qualified("gmail_tokens");
    match settings.schema() {
        None => assert_eq!(table, "gmail_tokens"),
        Some(name) => {
            let quoted = table.strip_suffix(".gmail_tokens").expect("ends with the table");
            assert_eq!(unquoted(quoted).as_deref(), Some(name));
        }
    }
});

fn printed(url: &str, schema: Option<&str>) -> Result<DatabaseSettings, String> {
    DatabaseSettings::new(url, schema, &Login::default())
        .map_err(|error| format!("{error} {error:?}"))
}

/// Reads a quoted name as PostgreSQL does (its manual, section 4.1.1).
fn unquoted(quoted: &str) -> Option<String> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let without_pairs = inner.replace("\"\"", "");
    let is_one_name = !without_pairs.contains('"') && !inner.contains('\0');
    is_one_name.then(|| inner.replace("\"\"", "\""))
}
