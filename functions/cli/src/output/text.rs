//! The report for people: each finding with its line, a caret and what to do, as compilers write them. annotate-snippets
//! draws them, which draws rustc's own: it takes a text and a place, where miette would want the findings as error types.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use omps_operator::archive::Files;

use super::{ERROR, Escaped, GOOD, STRONG, WARNING, is_obeyed};
use crate::report::{Finding, Severity, ValidationInfo};

/// The longest line, in bytes, that is shown.
const LONGEST_LINE: usize = 2_000;

/// The findings, by file. `prefix` is where the files are; without the files, no lines are shown.
pub(crate) fn findings(info: &ValidationInfo, prefix: &str, files: &Files) -> String {
    let mut by_file: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in &info.findings {
        match by_file.iter_mut().find(|(file, _)| *file == finding.file) {
            Some((_, of_file)) => of_file.push(finding),
            None => by_file.push((&finding.file, vec![finding])),
        }
    }
    let mut text = String::new();
    for (file, findings) in by_file {
        let path = Escaped(&format!("{prefix}{file}")).to_string();
        let counted = counted(&findings.iter().copied());
        let _ = writeln!(text, "{STRONG}{path}{STRONG:#}: {counted}\n");
        let content = files.get(file).map(|bytes| String::from_utf8_lossy(bytes));
        let lines: Vec<&str> = content.as_deref().map(lines).unwrap_or_default();
        for finding in findings {
            let line = lines.get(finding.line.saturating_sub(1)).copied();
            text += &render(finding, &path, line);
            text.push_str("\n\n");
        }
    }
    text
}

/// YAML's lines also end with a carriage return alone.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        lines.push(&rest[..end]);
        let is_pair = rest[end..].starts_with("\r\n");
        rest = &rest[end + 1 + usize::from(is_pair)..];
    }
    lines.push(rest);
    lines
}

/// Whether a line of a file is to be read by people: that of a zip or of an image is not.
fn is_text(line: &str) -> bool {
    !line.contains(['\0', char::REPLACEMENT_CHARACTER])
}

fn render(finding: &Finding, path: &str, line: Option<&str>) -> String {
    let level = match finding.severity {
        Severity::Refused => Level::ERROR.with_name("refused"),
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::INFO.with_name("hint"),
    };
    let message = Escaped(&finding.message).to_string();
    let rule = Escaped(&finding.rule).to_string();
    let title = level.primary_title(message.as_str()).id(rule.as_str());
    let line = line
        .filter(|line| line.len() <= LONGEST_LINE && is_text(line))
        .map(shown)
        .unwrap_or_default();
    let group: Group<'_> = match line.is_empty() {
        false => title.element(
            Snippet::source(line.as_str())
                .line_start(finding.line)
                .path(path)
                .annotation(AnnotationKind::Primary.span(span(&line, finding.column))),
        ),
        true => title.element(
            Origin::path(path)
                .line(finding.line)
                .char_column(finding.column),
        ),
    };
    let place = Escaped(&place(finding)).to_string();
    let advice = Escaped(&finding.advice).to_string();
    let mut group = group;
    if !place.is_empty() {
        group = group.element(Level::NOTE.message(place.as_str()));
    }
    if !advice.is_empty() {
        group = group.element(Level::HELP.message(advice.as_str()));
    }
    Renderer::styled().render(&[group])
}

/// The line, one character for each of its characters, and none that a terminal obeys.
fn shown(line: &str) -> String {
    let shown = line.chars().map(|character| match character {
        '\t' => '\t',
        character if is_obeyed(character) => '\u{fffd}',
        character => character,
    });
    shown.collect()
}

/// The bytes of the word at a column.
fn span(line: &str, column: usize) -> std::ops::Range<usize> {
    let start = line
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(line.len(), |(at, _)| at);
    let word = line[start..]
        .split(|character: char| character.is_whitespace())
        .next()
        .unwrap_or_default()
        .trim_end_matches([':', ',']);
    let first = line[start..].chars().next().map_or(0, char::len_utf8);
    start..start + word.len().max(first)
}

/// Which field of which bundle, what was found there, and who would say so.
fn place(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if !finding.field.is_empty() {
        parts.push(format!("{}: found {}", finding.field, finding.found));
    }
    if let Some(bundle) = &finding.bundle {
        parts.push(format!("in the bundle {bundle}"));
    }
    if !finding.says.is_empty() {
        parts.push(format!("so says {}", finding.says.join(", ")));
    }
    parts.join("; ")
}

/// How much was found, as in `2 errors, 1 warning`.
fn counted<'a>(findings: &(impl Iterator<Item = &'a Finding> + Clone)) -> String {
    let of = |severity| {
        let findings = findings.clone();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let counts = [
        (of(Severity::Refused), "refusal", "refusals"),
        (of(Severity::Error), "error", "errors"),
        (of(Severity::Warning), "warning", "warnings"),
        (of(Severity::Hint), "hint", "hints"),
    ];
    let parts: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    match parts.is_empty() {
        true => "no findings".to_owned(),
        false => parts.join(", "),
    }
}

/// The last line of a report.
pub(crate) fn conclusion(is_valid: bool, what: &str, info: &ValidationInfo) -> String {
    let counted = counted(&info.findings.iter());
    let what = Escaped(what);
    let has_errors = info
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    match is_valid {
        true if has_errors => format!(
            "{WARNING}valid{WARNING:#}: {what} ({counted}; an error refuses a bundle with --strict only)\n"
        ),
        true => format!("{GOOD}valid{GOOD:#}: {what} ({counted})\n"),
        false => format!("{ERROR}not valid{ERROR:#}: {what} ({counted})\n"),
    }
}
