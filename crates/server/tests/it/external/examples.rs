//! The guide's examples compute what the program expects.

use std::process::Command;

use sha2::{Digest, Sha256};

use super::{hex, hmac, sign};
use crate::kit::*;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/guide/external.md");
const KEY: &str = "q0etb3cl0s8mrlfdqp33ist1ou0r97pg";
const TIMESTAMP: &str = "1677743381925";
const NONCE: &str = "5f2b8c";
const BODY: &str = r#"{"clientInfo":{"uniPlatform":"web","appId":"__UNI__DEMO"},"params":{"b":2,"a":1}}"#;

/// Version 1, version 2, and the published vector of `uni-cloud-s2s`.
fn expected() -> String {
    let first = sign(KEY, NONCE, TIMESTAMP, &json!({"b": 2, "a": 1}));
    let digest = hex(&Sha256::digest(BODY));
    let second = hmac(KEY, &format!("2\n{TIMESTAMP}\n{NONCE}\nPOST\n/uni-id-co/externalLogin\n{digest}"));
    format!("{first}\n{second}\n5c02499d2c45876ceb60635311f2368f672964f0555c08d05d76cb6361d92dd4\n")
}

/// The guide's one block of a language.
fn example(guide: &str, language: &str) -> Option<String> {
    let (_, rest) = guide.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(code, _)| code.to_owned())
}

#[test]
fn the_guide_has_the_vectors_and_a_block_for_each_language() -> Outcome {
    let guide = std::fs::read_to_string(GUIDE)?;
    for line in expected().lines() {
        assert!(guide.contains(line), "the guide lacks {line}");
    }
    for language in ["js", "python", "java", "php", "go"] {
        let code = example(&guide, language).unwrap_or_default();
        assert!(code.contains(KEY) && code.contains(TIMESTAMP) && code.contains(NONCE), "{language}");
    }
    Ok(())
}

/// How each language is run from a file.
const RUNTIMES: [(&str, &str, &str, &[&str]); 5] = [
    ("js", "node", "example.js", &[]),
    ("python", "python3", "example.py", &[]),
    ("java", "java", "Example.java", &[]),
    ("php", "php", "example.php", &[]),
    ("go", "go", "example.go", &["run"]),
];

#[test]
fn the_examples_compute_them_where_their_runtime_is_at_hand() -> Outcome {
    let guide = std::fs::read_to_string(GUIDE)?;
    let mut ran = 0;
    for (language, runtime, name, before) in RUNTIMES {
        // Whoever builds without the runtime still has the other tests.
        if Command::new(runtime).arg(if language == "go" { "version" } else { "--version" }).output().is_err() {
            continue;
        }
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(name);
        std::fs::write(&file, example(&guide, language).unwrap_or_default())?;
        let output = Command::new(runtime).args(before).arg(&file).output()?;
        let printed = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
        assert_eq!(printed, expected(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
        ran += 1;
    }
    // Node builds the pages, so it is there.
    assert!(ran > 0);
    Ok(())
}
