//! Holds the shape of the house: who may import whom, and what may be found only where.

use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import. `store` is reached by `binding` alone, and so on.
const MAY_IMPORT: [(&str, &[&str]); 12] = [
    (
        "binding",
        &[
            "connect", "doctor", "store", "refresh", "oauth", "crypto", "db", "config", "secret",
            "error", "tls",
        ],
    ),
    ("connect", &["store", "refresh", "oauth", "crypto", "db", "config", "secret", "error"]),
    // It looks at a database from outside, by the stores' own descriptions of their tables.
    ("doctor", &["refresh", "crypto", "db", "config", "error"]),
    ("store", &["refresh", "oauth", "crypto", "db", "config", "secret", "error"]),
    ("refresh", &["oauth", "crypto", "db", "config", "secret", "error"]),
    ("oauth", &["config", "secret", "error", "tls"]),
    ("crypto", &["config", "secret", "error"]),
    ("db", &["config", "secret", "error", "tls"]),
    ("tls", &["error"]),
    ("config", &["error"]),
    ("secret", &[]),
    ("error", &[]),
];

/// A room, a file within it, and the code above its tests.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).expect("is below src").to_path_buf();
            let text = fs::read_to_string(&path).expect("is text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let room = name.components().next().expect("has a name").as_os_str();
            let room = room.to_string_lossy().trim_end_matches(".rs").to_owned();
            found.push((room, name, code.collect::<Vec<_>>().join("\n")));
        }
    }
    assert!(found.len() > 20, "the sources were not found");
    found
}

#[test]
fn imports_run_one_way() {
    for (room, file, code) in sources() {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            continue;
        };
        assert!(
            !code.contains("crate::{"),
            "{}: one room a line, so that this sees it",
            file.display()
        );
        for part in code.split("crate::").skip(1) {
            let other: String =
                part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(
                other == room || allowed.contains(&other.as_str()),
                "{}: {room} must not import {other}",
                file.display()
            );
        }
    }
}

#[test]
fn everything_is_found_only_in_its_room() {
    let only: [(&str, &[&str], &[&str]); 7] = [
        ("Node", &["napi::", "napi_derive", "#[napi"], &["binding"]),
        (
            "SQL",
            &["SELECT ", "INSERT INTO", "UPDATE {", "DELETE FROM", "BEGIN "],
            &["db", "store", "doctor"],
        ),
        ("the driver", &["tokio_postgres", "deadpool"], &["db"]),
        ("the cipher", &["aes_gcm"], &["crypto"]),
        ("the HTTP client", &["reqwest::"], &["oauth"]),
        ("TLS", &["rustls::"], &["tls", "db/settings.rs"]),
        (
            "a clock",
            &["SystemTime::now", "Instant::now", "Utc::now"],
            &["refresh/runtime.rs", "db/idle.rs"],
        ),
    ];
    for (_, file, code) in sources() {
        for (what, words, rooms) in only {
            let allowed = rooms.iter().any(|room| file.starts_with(room));
            let word = words.iter().find(|word| code.contains(**word));
            assert!(
                allowed || word.is_none(),
                "{}: {what} ({word:?}) has no place here",
                file.display()
            );
        }
    }
}

#[test]
fn the_core_reads_no_environment_and_never_unwraps() {
    for (_, file, code) in sources() {
        for word in ["std::env", "env::var", ".unwrap()", "unsafe {", "unsafe fn", "println!"] {
            assert!(!code.contains(word), "{}: {word}", file.display());
        }
    }
}
