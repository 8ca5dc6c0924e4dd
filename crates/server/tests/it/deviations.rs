//! The table of deviations names tests that exist.

use std::{fs, path::Path};

use crate::kit::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/design/deviations.md");
const CRATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The texts of all Rust files below a folder.
pub fn sources(folder: &Path, all: &mut Vec<(String, String)>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, all)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

#[test]
fn every_test_that_the_table_names_exists() -> Outcome {
    let page = fs::read_to_string(PAGE)?;
    let (_, table) = page.split_once("<!-- tests -->").unwrap_or_default();
    let (table, _) = table.split_once("<!-- end of tests -->").unwrap_or_default();
    let mut files = Vec::new();
    sources(Path::new(CRATES), &mut files)?;
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    let numbers: Vec<usize> = rows.iter().filter_map(|row| row.split('|').nth(1)?.trim().parse().ok()).collect();
    assert_eq!(numbers, (1..=13).collect::<Vec<_>>());
    for row in rows {
        let named: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let (place, test) = name.rsplit_once("::").unwrap_or_default();
            let folder = place.replace("::", "/");
            let is_there = |(path, text): &(String, String)| {
                let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
                path.ends_with(&folder) && text.contains(&format!("fn {test}("))
            };
            assert!(files.iter().any(is_there), "there is no {name}");
        }
    }
    Ok(())
}

/// The threat model's table of attacks: each line has a test.
#[test]
fn every_test_that_the_threat_model_names_exists() -> Outcome {
    let root = Path::new(CRATES).join("..");
    let page = fs::read_to_string(root.join("docs/security/secure-network.md"))?;
    let (_, table) = page.split_once("| 攻击 · Attack |").unwrap_or_default();
    let (table, _) = table.split_once("\n\n").unwrap_or_default();
    let mut files = Vec::new();
    sources(Path::new(CRATES), &mut files)?;
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows.len() > 15, "{rows:?}");
    for row in rows {
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let is_there = match name.contains('.') {
                true => root.join(name).exists() || files.iter().any(|(path, _)| path.ends_with(&format!("/{name}"))),
                false => files.iter().any(|(_, text)| text.contains(&format!("fn {name}("))),
            };
            assert!(is_there, "there is no {name}");
        }
    }
    Ok(())
}
