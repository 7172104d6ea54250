//! What becomes of zips as bundle images: `cargo run -p omps-operator --example bundles -- FILE.zip…` prints for each the
//! JSON that `validate` would answer, digests and all, on a line. Nothing is pushed.

use std::path::Path;

use omps_operator::bundle_image::{Bundle, Release, Validation};
use omps_operator::{Limits, Operator, OperatorError};
use serde_json::{Value, json};

/// Bytes that the files of a zip may have together.
const MAX_SIZE: u64 = 50 << 20;

fn main() -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        let zip = std::fs::read(Path::new(&file))?;
        let answer = match release(&zip) {
            Ok(release) => accepted(&release),
            Err(error) => json!({
                "valid": false,
                "message": error.to_string(),
                "validation_info": error.validation_info(),
            }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn release(zip: &[u8]) -> Result<Release, OperatorError> {
    let operator = Operator::open(zip, &Limits::new(MAX_SIZE))?;
    let repository = operator.package().name.clone();
    let judged = operator.judge_bundles(&repository, Validation::Normal)?;
    Ok(judged.into_release()?)
}

fn accepted(release: &Release) -> Value {
    let bundles: Vec<Value> = release.bundles.iter().map(bundle).collect();
    json!({
        "valid": true,
        "message": "The manifests are valid.",
        "repo": release.package,
        "validation_info": release.verdict.validation_info(),
        "bundles": bundles,
        "release": release.manifest("1.0.0").map(|blob| blob.digest).ok(),
    })
}

fn bundle(bundle: &Bundle) -> Value {
    json!({
        "name": bundle.name,
        "version": bundle.version,
        "release": bundle.release,
        "tag": bundle.tag,
        "channels": bundle.channels,
        "digest": bundle.manifest.digest,
        "fbc": bundle.fbc(&format!("registry.example.com/{}@{}", bundle.name, bundle.manifest.digest)),
        "labels": bundle.labels,
        "files": bundle.files.keys().collect::<Vec<_>>(),
    })
}
