//! The layers of the package `omps`: a module uses those below it, none above it, and none in a circle.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the top: who asked, the stories, one thing each, and what all of them stand on.
const LAYERS: [&[&str]; 4] = [
    &["handlers", "events", "http", "openapi"],
    &["push", "delete", "catalogs", "releases", "check", "health"],
    &[
        "call",
        "app",
        "source",
        "oauth",
        "visibility",
        "error",
        "api",
        "config",
        "organization",
        "registry",
        "ledger",
        "koji",
        "greenwave",
        "uploads",
        "objects",
        "secrets",
    ],
    &[
        "upstream",
        "cpu",
        "deadline",
        "token",
        "names",
        "nearest",
        "release",
        "digest",
        "url",
        "aws",
        "telemetry",
    ],
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(sources(&path)),
            path if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
            _ => {}
        }
    }
    found
}

/// Each module, and the modules that it uses outside its tests.
fn uses() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/omps/src");
    let used = regex::Regex::new(r"\bcrate::(\w+)").expect("a pattern");
    let mut uses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).expect("below the root");
        let module = inside.iter().next().expect("a name").to_string_lossy();
        let module = module.trim_end_matches(".rs").to_owned();
        let is_test = path.ends_with("tests.rs")
            || path.ends_with("scripted.rs")
            || path.ends_with("recorded.rs");
        if module == "lib" || is_test {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source");
        let code = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let others = used.captures_iter(code).map(|found| found[1].to_owned());
        let others = others.filter(|other| *other != module);
        uses.entry(module.clone()).or_default().extend(others);
    }
    uses
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn every_module_has_its_layer_and_uses_none_above() {
    for (module, others) in uses() {
        let layer = layer_of(&module).unwrap_or_else(|| panic!("{module} has no layer"));
        for other in others {
            let below = layer_of(&other).unwrap_or_else(|| panic!("{other} has no layer"));
            assert!(layer <= below, "{module} uses {other}, which is above it");
        }
    }
}

#[test]
fn no_module_uses_itself_through_others() {
    let uses = uses();
    let mut left: Vec<&String> = uses.keys().collect();
    // A module that uses nothing of what is left cannot be in a circle.
    loop {
        let before = left.len();
        let is_tied = |module: &&String| uses[*module].iter().any(|other| left.contains(&other));
        let tied: Vec<&String> = left
            .iter()
            .copied()
            .filter(|module| is_tied(module))
            .collect();
        left = tied;
        if left.is_empty() {
            return;
        }
        assert!(left.len() < before, "a circle is among {left:?}");
    }
}
