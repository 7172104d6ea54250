//! What the rules of an organization change in the files, for people: a unified diff of each file.

use serde::Serialize;
use similar::TextDiff;

use super::{Operator, OperatorError};
use crate::archive::Files;
use crate::rules::Rules;

/// The unchanged lines before and after a change.
const CONTEXT: usize = 3;
/// The most bytes of all diffs together.
const MOST: usize = 256 << 10;
/// The most characters of a line.
const LONGEST_LINE: usize = 1_000;

/// A file that the rules changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path in the zip.
    pub file: String,
    /// A unified diff from the file in the zip to the one that is released.
    pub diff: String,
    /// Whether the diff lacks lines, or the ends of long lines.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Operator {
    /// Applies an organization's rules, and shows what they change. `with_json`: in the JSON manifests of bundle images, too,
    /// which an App Registry takes as they are.
    ///
    /// # Errors
    /// Those of [`Operator::apply`].
    pub fn apply_and_show(
        self,
        rules: &Rules,
        with_json: bool,
    ) -> Result<(Self, Vec<Change>), OperatorError> {
        let before = self.files.clone();
        let changed = self.apply(rules)?;
        let json = changed.json.as_ref().ok().filter(|_| with_json);
        let changes = between(&before, |file| {
            let json = json.and_then(|(files, _)| files.get(file));
            json.or_else(|| changed.files.get(file))
        });
        Ok((changed, changes))
    }
}

/// The diffs of all files that are not as they were. All are named; if there is no room for all diffs, the last are cut.
fn between<'a>(before: &Files, after: impl Fn(&str) -> Option<&'a Vec<u8>>) -> Vec<Change> {
    let mut room = MOST;
    let pairs = before
        .iter()
        .filter_map(|(file, before)| Some((file, before, after(file)?)));
    pairs
        .filter(|(_, before, after)| before != after)
        .map(|(file, before, after)| diff(file, before, after, &mut room))
        .collect()
}

/// The diff of one file, in the room that is left.
fn diff(file: &str, before: &[u8], after: &[u8], room: &mut usize) -> Change {
    let mut page = Page {
        text: String::new(),
        is_cut: false,
        room,
    };
    // Without room it is not worth the work.
    if page.write(&format!("--- a/{file}")) && page.write(&format!("+++ b/{file}")) {
        let before = String::from_utf8_lossy(before);
        let after = String::from_utf8_lossy(after);
        page.write_hunks(&TextDiff::from_lines(&*before, &*after));
    }
    Change {
        file: file.to_owned(),
        diff: page.text,
        cut: page.is_cut,
    }
}

/// A text that has room for so many bytes.
struct Page<'a> {
    text: String,
    is_cut: bool,
    room: &'a mut usize,
}

impl Page<'_> {
    fn write_hunks(&mut self, diff: &TextDiff<'_, '_, str>) {
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            self.write(&hunk.header().to_string());
            for change in hunk.iter_changes() {
                let line = change.value();
                let line = self.shortened(line.strip_suffix('\n').unwrap_or(line));
                self.write(&format!("{}{line}", change.tag()));
                if change.missing_newline() {
                    self.write("\\ No newline at end of file");
                }
                if *self.room == 0 {
                    self.is_cut = true;
                    return;
                }
            }
        }
    }

    /// Writes a line, unless there is no room for it: then there is none for anything else, either.
    fn write(&mut self, line: &str) -> bool {
        let Some(left) = self.room.checked_sub(line.len() + 1) else {
            *self.room = 0;
            self.is_cut = true;
            return false;
        };
        *self.room = left;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// A line without the end that is too much.
    fn shortened(&mut self, line: &str) -> String {
        match line.char_indices().nth(LONGEST_LINE) {
            None => line.to_owned(),
            Some((end, _)) => {
                self.is_cut = true;
                format!("{}…", &line[..end])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str, &str)]) -> Vec<Change> {
        let files = |text: fn(&(&str, &str, &str)) -> String| -> Files {
            let files = pairs.iter();
            files
                .map(|pair| (pair.0.to_owned(), text(pair).into_bytes()))
                .collect()
        };
        let after = files(|pair| pair.2.to_owned());
        between(&files(|pair| pair.1.to_owned()), |file| after.get(file))
    }

    #[test]
    fn a_changed_file_is_a_diff_with_three_lines_around_each_change() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";

        let changes = changes(&[("a.yaml", before, after), ("same.yaml", before, before)]);

        let wanted =
            "--- a/a.yaml\n+++ b/a.yaml\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n";
        assert_eq!(
            changes,
            [Change {
                file: "a.yaml".to_owned(),
                diff: wanted.to_owned(),
                cut: false
            }]
        );
    }

    #[test]
    fn a_last_line_without_line_end_is_said_to_have_none() {
        let changes = changes(&[("a.yaml", "a: 1", "a: 2")]);

        let wanted = "@@ -1 +1 @@\n-a: 1\n\\ No newline at end of file\n+a: 2\n\\ No newline at end of file\n";
        assert!(changes[0].diff.ends_with(wanted), "{}", changes[0].diff);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "ü".repeat(1_001);

        let changes = changes(&[("a.yaml", "short\n", &format!("{long}\n"))]);

        let wanted = format!("-short\n+{}…\n", "ü".repeat(1_000));
        assert!(changes[0].cut);
        assert!(changes[0].diff.ends_with(&wanted), "{}", changes[0].diff);
    }

    #[test]
    fn all_diffs_together_have_a_size_and_every_changed_file_is_named() {
        let (before, after) = ("old line\n".repeat(20_000), "new line\n".repeat(20_000));
        let small = ("z.yaml", "a\n", "b\n");

        let changes = changes(&[("a.yaml", &before, &after), small]);

        let sizes: usize = changes.iter().map(|change| change.diff.len()).sum();
        assert!((MOST - 20..=MOST).contains(&sizes), "{sizes}");
        assert!(changes[0].diff.ends_with("line\n"));
        let names: Vec<_> = changes.iter().map(|change| &change.file).collect();
        assert_eq!(names, ["a.yaml", "z.yaml"]);
        assert!(changes.iter().all(|change| change.cut));
    }

    #[test]
    fn a_file_with_a_change_in_each_line_takes_no_time_to_speak_of() {
        let text = |image: &str| -> String {
            let lines = (0..200_000).map(|line| format!("- {image}/{}\n", line % 7));
            lines.collect()
        };

        let changes = changes(&[("a.yaml", &text("quay.io"), &text("registry.internal"))]);

        assert!(changes[0].cut);
    }
}
