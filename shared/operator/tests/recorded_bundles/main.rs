//! What real opm and the real validators say of 147 bundles of real operators and of 74 bundles with one fault each,
//! compared with our verdict, where those recordings are present: `../shared` beside the workspace.

#![expect(clippy::unwrap_used, reason = "a test")]

mod catalogs;
mod compare;
mod texts;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use omps_operator::bundle_image::{Release, Validation};
use omps_operator::{Limits, Operator, OperatorError};
use serde_json::Value;
use sha2::{Digest, Sha256};

use compare::differences;

type Files = BTreeMap<String, Vec<u8>>;

/// The recordings; nothing where they are absent, which is said aloud.
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let is_there = shared.join("bundles/corpus.jsonl").is_file();
    if !is_there {
        eprintln!("SKIPPED: {} has no recordings", shared.display());
    }
    is_there.then_some(shared)
}

fn rows(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn files_below(directory: &Path, prefix: &str, files: &mut Files) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => files_below(&path, &format!("{name}/"), files),
            false => drop(files.insert(name, std::fs::read(&path).unwrap())),
        }
    }
}

fn release(files: &Files) -> Result<Release, OperatorError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    let zip = writer.finish().unwrap().into_inner();
    let operator = Operator::open(&zip, &Limits::new(50 << 20))?;
    let repository = operator.package().name.clone();
    Ok(operator
        .judge_bundles(&repository, Validation::Normal)?
        .into_release()?)
}

fn bundle_rows<'a>(rows: &'a [Value], case: &Value) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["case"] == *case).collect()
}

#[test]
fn real_operators_get_the_recorded_verdict() {
    let Some(shared) = shared() else { return };
    let bundles = rows(&shared.join("bundles/corpus.jsonl"));
    let packages = rows(&shared.join("bundles/packages.jsonl"));
    assert!(packages.len() > 50);
    for package in &packages {
        let mut files = Files::new();
        files_below(
            &shared
                .join("corpus/cases")
                .join(package["case"].as_str().unwrap()),
            "",
            &mut files,
        );
        let expect = package["expect"].as_str().unwrap();
        let of_case = bundle_rows(&bundles, &package["case"]);
        let bad = differences(&files, expect, &package["refused_rules"], &of_case);
        assert!(bad.is_empty(), "{}: {bad:#?}", package["case"]);
    }
}

#[test]
fn bundles_with_one_fault_get_the_recorded_verdict() {
    let Some(shared) = shared() else { return };
    let archive = shared.join("bundles/rules.tar.xz");
    let Ok(unpacked) = Command::new("xz").arg("-dc").arg(&archive).output() else {
        eprintln!("SKIPPED: there is no xz to unpack {}", archive.display());
        return;
    };
    let mut cases: BTreeMap<String, Files> = BTreeMap::new();
    for entry in tar::Archive::new(unpacked.stdout.as_slice())
        .entries()
        .unwrap()
    {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        if entry.header().entry_type().is_file() {
            let (case, file) = path.split_once('/').unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            cases
                .entry(case.to_owned())
                .or_default()
                .insert(file.to_owned(), bytes);
        }
    }
    let rows = rows(&shared.join("bundles/rules.jsonl"));
    assert!(rows.len() > 70);
    for row in rows.iter().filter(|row| row["expect"] != "skip") {
        let files = &cases[row["id"].as_str().unwrap()];
        let bad = differences(
            files,
            row["expect"].as_str().unwrap(),
            &row["refused_rules"],
            &[row],
        );
        assert!(bad.is_empty(), "{}: {bad:#?}", row["id"]);
    }
}

#[test]
fn layers_hold_the_recorded_files() {
    let Some(shared) = shared() else { return };
    let layers = rows(&shared.join("bundles/layers.jsonl"));
    assert!(layers.len() > 30);
    let mut releases: BTreeMap<String, Release> = BTreeMap::new();
    for row in &layers {
        let case = row["case"].as_str().unwrap();
        let release = releases.entry(case.to_owned()).or_insert_with(|| {
            let mut files = Files::new();
            files_below(&shared.join("corpus/cases").join(case), "", &mut files);
            release(&files).unwrap()
        });
        let bundle = release
            .bundles
            .iter()
            .find(|bundle| row["name"] == bundle.name)
            .unwrap();
        let layer = flate2::read::GzDecoder::new(&*bundle.image.layer.bytes);
        let mut listed = Vec::new();
        for entry in tar::Archive::new(layer).entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let mode = format!("{:04o}", entry.header().mode().unwrap());
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let is_free = path.ends_with('/') || path == "metadata/annotations.yaml";
            let hash: String = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let hash = if is_free { Value::Null } else { hash.into() };
            listed.push(Value::from(vec![path.into(), mode.into(), hash]));
        }
        assert_eq!(Value::from(listed), row["files"], "{case} {}", row["name"]);
        assert_eq!(
            serde_json::json!(bundle.labels),
            row["annotations"],
            "{case} {}",
            row["name"]
        );
    }
}
