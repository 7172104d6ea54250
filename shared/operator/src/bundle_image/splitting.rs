//! Files of several YAML documents: where a document starts and ends, and which of them count.
//!
//! opm and OLM v0 read the first document of a file and drop the rest. So each document that says something gets a file
//! of its own; the bytes of a file in which only one does stay as they are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// A file that was replaced by a file for each of its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SplitFile {
    /// Its path.
    pub(crate) path: String,
    /// The paths that its documents have now.
    pub(crate) parts: Vec<String>,
    /// A path that a document needed and another file has. Nothing was split then.
    pub(crate) taken: Option<String>,
}

/// Files that an upload may have when all are split: as many as an archive may have.
const MAX_FILES: usize = 10_000;

/// Replaces every file of `files` that holds several documents by a file for each; `is_manifest` chooses by path.
pub(crate) fn split_files(
    files: &mut BTreeMap<String, Vec<u8>>,
    is_manifest: impl Fn(&str) -> bool,
) -> Vec<SplitFile> {
    let mut split = Vec::new();
    let candidates: Vec<String> = files
        .keys()
        .filter(|path| is_manifest(path))
        .cloned()
        .collect();
    for path in candidates {
        let Some(bytes) = files.get(&path) else {
            continue;
        };
        let documents = documents(bytes);
        // What is not split is refused: a file has one document.
        if documents.len() < 2 || files.len() + documents.len() > MAX_FILES {
            continue;
        }
        let names = (1..=documents.len()).map(|number| part_name(&path, number));
        let parts: Vec<String> = names.collect();
        let taken = parts.iter().find(|part| files.contains_key(*part)).cloned();
        if taken.is_none()
            && let Some(bytes) = files.remove(&path)
        {
            let contents = documents.into_iter().map(|range| bytes[range].to_vec());
            files.extend(parts.iter().cloned().zip(contents));
        }
        split.push(SplitFile { path, parts, taken });
    }
    split
}

/// `<stem>-<number>.yaml`, in the same directory.
pub(crate) fn part_name(path: &str, number: usize) -> String {
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    let stem = path[name_at..]
        .rfind('.')
        .map_or(path, |dot| &path[..name_at + dot]);
    format!("{stem}-{number}.yaml")
}

/// The bytes of each document that is more than blank lines and comments, without the `---` line before it.
pub(crate) fn documents(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut documents, mut start, mut counts, mut at) = (Vec::new(), 0, false, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        if let Some(rest) = marker(line) {
            if counts {
                documents.push(start..at);
            }
            counts = says_something(rest);
            // Content may stand behind the dashes, which then belong to it.
            start = if counts { at } else { end };
        } else {
            counts |= says_something(line);
        }
        at = end;
    }
    if counts {
        documents.push(start..bytes.len());
    }
    documents
}

/// What stands behind the `---` that starts a document.
fn marker(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"---")?;
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    ends.then_some(rest)
}

/// Whether a line is more than white space, a comment, a directive or the `...` that ends a document.
fn says_something(line: &[u8]) -> bool {
    let text = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let is_directive = text.starts_with(b"%");
    let text = text.trim_ascii();
    !(text.is_empty() || text.starts_with(b"#") || text == b"..." || is_directive)
}

/// The one document of a file that has no more, with blank lines in place of what stands before it, so that its values
/// keep their places.
pub(crate) fn only_document(bytes: &[u8]) -> Cow<'_, [u8]> {
    let documents = documents(bytes);
    let [range] = documents.as_slice() else {
        return Cow::Borrowed(bytes);
    };
    let (before, behind) = (&bytes[..range.start], &bytes[range.end..]);
    let markers = |text: &[u8]| {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        lines.filter(|line| marker(line).is_some()).count()
    };
    if markers(before) < 2 && markers(behind) == 0 {
        return Cow::Borrowed(bytes);
    }
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    let mut padded = vec![b'\n'; lines];
    padded.extend_from_slice(&bytes[range.clone()]);
    Cow::Owned(padded)
}

/// What stood around the only document of a file.
pub(crate) struct Cut {
    path: String,
    before: Vec<u8>,
    behind: Vec<u8>,
}

/// Takes away what stands around the only document of each file, where a reader of one document would stop at it.
pub(crate) fn cut_only_documents(
    files: &mut BTreeMap<String, Vec<u8>>,
    is_manifest: impl Fn(&str) -> bool,
) -> Vec<Cut> {
    let mut cuts = Vec::new();
    for (path, bytes) in files.iter_mut().filter(|(path, _)| is_manifest(path)) {
        if matches!(only_document(bytes), Cow::Borrowed(_)) {
            continue;
        }
        for range in documents(bytes) {
            let behind = bytes.split_off(range.end);
            let document = bytes.split_off(range.start);
            let before = std::mem::replace(bytes, document);
            let path = path.clone();
            cuts.push(Cut {
                path,
                before,
                behind,
            });
        }
    }
    cuts
}

/// Puts back what was cut.
pub(crate) fn restore(files: &mut BTreeMap<String, Vec<u8>>, cuts: Vec<Cut>) {
    for Cut {
        path,
        before,
        behind,
    } in cuts
    {
        if let Some(bytes) = files.get_mut(&path) {
            *bytes = [before, std::mem::take(bytes), behind].concat();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        let ranges = documents(text.as_bytes()).into_iter();
        ranges.map(|range| &text[range]).collect()
    }

    #[test]
    fn documents_are_what_stands_between_dashes() {
        let cases: [(&str, &str, &[&str]); 11] = [
            ("one", "a: b\n", &["a: b\n"]),
            ("one behind dashes", "---\na: b\n", &["a: b\n"]),
            ("two", "a: b\n---\nc: d\n", &["a: b\n", "c: d\n"]),
            (
                "two in CRLF",
                "a: b\r\n---\r\nc: d\r\n",
                &["a: b\r\n", "c: d\r\n"],
            ),
            (
                "no line end at the end",
                "a: b\n---\nc: d",
                &["a: b\n", "c: d"],
            ),
            (
                "empty and comments",
                "---\n# none\n---\na: b\n---\n\n---\n# end\n",
                &["a: b\n"],
            ),
            (
                "content behind the dashes",
                "a: b\n--- {c: d}\n",
                &["a: b\n", "--- {c: d}\n"],
            ),
            (
                "a comment behind the dashes",
                "a: b\n--- # two\nc: d\n",
                &["a: b\n", "c: d\n"],
            ),
            (
                "dashes in a text",
                "a: |\n  ---\n  b\n---x\n",
                &["a: |\n  ---\n  b\n---x\n"],
            ),
            (
                "an end mark alone",
                "a: b\n...\n---\n...\n",
                &["a: b\n...\n"],
            ),
            ("nothing", "\u{feff}# nothing\n", &[]),
        ];
        for (case, text, wanted) in cases {
            assert_eq!(texts(text), wanted, "{case}");
        }
    }

    #[test]
    fn a_file_of_several_documents_becomes_a_file_each() {
        let mut files = BTreeMap::from([
            (
                "manifests/m.x.yml".to_owned(),
                b"a: b\n---\n---\nc: d\n".to_vec(),
            ),
            (
                "manifests/one.yaml".to_owned(),
                b"---\na: b\n---\n".to_vec(),
            ),
            ("README.md".to_owned(), b"a\n---\nb\n".to_vec()),
        ]);

        let split = split_files(&mut files, |path| path.starts_with("manifests/"));

        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "README.md",
                "manifests/m.x-1.yaml",
                "manifests/m.x-2.yaml",
                "manifests/one.yaml"
            ]
        );
        assert_eq!(files["manifests/m.x-2.yaml"], b"c: d\n");
        assert_eq!(files["manifests/one.yaml"], b"---\na: b\n---\n");
        assert_eq!(
            split[0].parts,
            ["manifests/m.x-1.yaml", "manifests/m.x-2.yaml"]
        );
    }

    #[test]
    fn a_name_that_another_file_has_is_not_taken() {
        let mut files = BTreeMap::from([
            ("m.yaml".to_owned(), b"a: b\n---\nc: d\n".to_vec()),
            ("m-2.yaml".to_owned(), b"e: f\n".to_vec()),
        ]);
        let before = files.clone();

        let split = split_files(&mut files, |_| true);

        assert_eq!(files, before);
        assert_eq!(split[0].taken.as_deref(), Some("m-2.yaml"));
    }

    #[test]
    fn what_stands_around_the_only_document_comes_back() {
        let text = "---\n# a\n---\nb: c\n---\n";
        let mut files = BTreeMap::from([("a.yaml".to_owned(), text.as_bytes().to_vec())]);
        let cuts = cut_only_documents(&mut files, |_| true);
        assert_eq!(files["a.yaml"], b"b: c\n");
        files.insert("a.yaml".to_owned(), b"b: d\n".to_vec());
        restore(&mut files, cuts);
        assert_eq!(files["a.yaml"], b"---\n# a\n---\nb: d\n---\n");
    }

    #[test]
    fn the_only_document_keeps_its_lines() {
        for (text, wanted) in [
            ("# a\n---\nb: c\n", "# a\n---\nb: c\n"),
            ("---\n# a\n---\nb: c\n---\n", "\n\n\nb: c\n"),
            ("b: c\n---\n# end\n", "b: c\n"),
        ] {
            assert_eq!(
                only_document(text.as_bytes()),
                wanted.as_bytes(),
                "{text:?}"
            );
        }
    }
}
