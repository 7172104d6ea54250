//! What the rules of an organization change in the files, for people: a unified diff of each file.

use serde::Serialize;
use similar::TextDiff;
use similar::udiff::UnifiedDiffHunk;

use crate::archive::Files;

/// The unchanged lines before and after a change.
const CONTEXT: usize = 3;
/// The most bytes of all diffs together.
const MOST: usize = 256 << 10;
/// The most lines of all changed files together, before and after: comparing texts that have little in common costs the
/// square of their lines.
const MOST_LINES: usize = 20_000;
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

/// The diffs of all files that are not as they were. All are named; if there is no room for all diffs, the last are cut.
pub fn changes(before: &Files, after: &Files) -> Vec<Change> {
    let mut room = Room {
        bytes: MOST,
        lines: MOST_LINES,
    };
    let pairs = before
        .iter()
        .filter_map(|(file, before)| Some((file, before, after.get(file)?)));
    pairs
        .filter(|(_, before, after)| before != after)
        .map(|(file, before, after)| diff(file, before, after, &mut room))
        .collect()
}

/// The diff of one file, in the room that is left.
fn diff(file: &str, before: &[u8], after: &[u8], room: &mut Room) -> Change {
    let lines = [before, after].map(|text| memchr::memchr_iter(b'\n', text).count() + 1);
    let has_room = room.take_lines(lines.iter().sum());
    let mut page = Page {
        text: String::new(),
        is_cut: !has_room,
        room,
    };
    // Without room it is not worth the work.
    if has_room && page.write(&format!("--- a/{file}")) && page.write(&format!("+++ b/{file}")) {
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

/// What is left for the diffs that follow.
struct Room {
    bytes: usize,
    lines: usize,
}

impl Room {
    /// Takes the room for comparing so many lines, if there is so much.
    fn take_lines(&mut self, lines: usize) -> bool {
        let left = self.lines.checked_sub(lines);
        self.lines = left.unwrap_or(self.lines);
        left.is_some()
    }
}

/// A text that has room for so many bytes.
struct Page<'a> {
    text: String,
    is_cut: bool,
    room: &'a mut Room,
}

impl Page<'_> {
    fn write_hunks(&mut self, diff: &TextDiff<'_, '_, str>) {
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            let start = self.text.len();
            if !self.write_hunk(&hunk) {
                // Its header says more lines than are there.
                self.text.truncate(start);
                return;
            }
        }
    }

    fn write_hunk(&mut self, hunk: &UnifiedDiffHunk<'_, '_, '_, str>) -> bool {
        self.write(&hunk.header().to_string())
            && hunk.iter_changes().all(|change| {
                let line = change.value();
                let line = self.shortened(line.strip_suffix('\n').unwrap_or(line));
                self.write(&format!("{}{line}", change.tag()))
                    && (!change.missing_newline() || self.write("\\ No newline at end of file"))
            })
    }

    /// Writes a line, unless there is no room for it: then there is none for anything else, either.
    fn write(&mut self, line: &str) -> bool {
        let Some(left) = self.room.bytes.checked_sub(line.len() + 1) else {
            self.room.bytes = 0;
            self.is_cut = true;
            return false;
        };
        self.room.bytes = left;
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

    fn of(pairs: &[(&str, &str, &str)]) -> Vec<Change> {
        let files = |text: fn(&(&str, &str, &str)) -> String| -> Files {
            let files = pairs.iter();
            files
                .map(|pair| (pair.0.to_owned(), text(pair).into_bytes()))
                .collect()
        };
        changes(
            &files(|pair| pair.1.to_owned()),
            &files(|pair| pair.2.to_owned()),
        )
    }

    #[test]
    fn a_changed_file_is_a_diff_with_three_lines_around_each_change() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";

        let changes = of(&[("a.yaml", before, after), ("same.yaml", before, before)]);

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
        let changes = of(&[("a.yaml", "a: 1", "a: 2")]);

        let wanted = "@@ -1 +1 @@\n-a: 1\n\\ No newline at end of file\n+a: 2\n\\ No newline at end of file\n";
        assert!(changes[0].diff.ends_with(wanted), "{}", changes[0].diff);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let long = "ü".repeat(1_001);

        let changes = of(&[("a.yaml", "short\n", &format!("{long}\n"))]);

        let wanted = format!("-short\n+{}…\n", "ü".repeat(1_000));
        assert!(changes[0].cut);
        assert!(changes[0].diff.ends_with(&wanted), "{}", changes[0].diff);
    }

    #[test]
    fn all_diffs_together_have_a_size_and_every_changed_file_is_named() {
        let text = |word: &str| -> String {
            let line = |number| match number % 10 {
                0 => format!("{word} {}\n", "x".repeat(400)),
                _ => format!("same {number}\n"),
            };
            (0..9_000).map(line).collect()
        };
        let small = ("z.yaml", "a\n", "b\n");

        let changes = of(&[("a.yaml", &text("old"), &text("new")), small]);

        let sizes: usize = changes.iter().map(|change| change.diff.len()).sum();
        assert!((MOST - 1_000..=MOST).contains(&sizes), "{sizes}");
        // The last hunk is whole.
        let last = changes[0].diff.rsplit_once("@@ ").unwrap().1;
        assert_eq!(last.lines().skip(1).count(), 8);
        let names: Vec<_> = changes.iter().map(|change| &change.file).collect();
        assert_eq!(names, ["a.yaml", "z.yaml"]);
        assert!(changes.iter().all(|change| change.cut));
    }

    #[test]
    fn texts_of_more_lines_than_can_be_compared_have_no_diff() {
        let text = |seed: usize| -> String {
            let lines = (0..10_000_usize)
                .map(|n| ["a\n", "b\n", "c\n"][(n.wrapping_mul(2_654_435_761 + seed) >> 7) % 3]);
            lines.collect()
        };
        let (before, after) = (text(0), text(2));

        let changes = of(&[("a.yaml", &before, &after), ("b.yaml", "a\n", "b\n")]);

        assert_eq!((changes[0].diff.as_str(), changes[0].cut), ("", true));
        assert!(changes[1].diff.ends_with("-a\n+b\n"));
        assert!(!changes[1].cut);
    }
}
