//! `omps catalog check`: what `opm validate` says of a file-based catalog, in its words.

use std::path::Path;

use omps_operator::CatalogLimits;
use omps_operator::catalog::{check, read_objects};
use serde_json::json;

use crate::arguments::{AnswerForm, CheckCatalog};
use crate::output::{self, ERROR, Escaped, GOOD, json as json_output};
use crate::{Failure, folder};

/// The file with which opm leaves files out.
const IGNORE: &str = ".indexignore";

pub(super) fn run(asked: &CheckCatalog) -> Result<(), Failure> {
    if asked.path.join(IGNORE).exists() {
        return Err(Failure::Usage(format!(
            "{} has a {IGNORE}, which omps does not read: check the files of the catalog in a directory of their own",
            asked.path.display()
        )));
    }
    let result = judge(&asked.path)?;
    output::print(&match asked.output {
        AnswerForm::Json => json_output::text(&json!({
            "input": asked.path.to_string_lossy(),
            "valid": result.is_ok(),
            "errors": result.as_ref().err(),
        })),
        AnswerForm::Text => for_people(&asked.path, &result),
    })?;
    result.map_err(|_| Failure::Invalid)
}

/// Reads all files as one catalog and checks it; the error has the messages.
fn judge(path: &Path) -> Result<Result<(), Vec<String>>, Failure> {
    let files = folder::files_of(path).map_err(|error| Failure::Usage(error.to_string()))?;
    let limits = CatalogLimits::default();
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        match read_objects(&bytes, &limits) {
            Ok(read) => objects.extend(read),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    // As opm: what cannot be read comes before what is wrong with the rest.
    if problems.is_empty()
        && let Err(refusal) = check(&objects)
    {
        problems.extend(refusal.leaves().into_iter().map(str::to_owned));
    }
    Ok(match problems.is_empty() {
        true => Ok(()),
        false => Err(problems),
    })
}

fn for_people(path: &Path, result: &Result<(), Vec<String>>) -> String {
    let path = path.display().to_string();
    let path = Escaped(&path);
    match result {
        Ok(()) => format!("{GOOD}valid{GOOD:#}: {path}\n"),
        Err(problems) => {
            let lines = problems
                .iter()
                .map(|problem| format!("{ERROR}error{ERROR:#}: {}\n", Escaped(problem)));
            let report: String = lines.collect();
            format!(
                "{report}{ERROR}not valid{ERROR:#}: {path}: opm refuses it, and no cluster can read it\n"
            )
        }
    }
}
