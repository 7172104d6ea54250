//! operator-courier's form of a release, for App Registry: the files of a nested layout, or one `bundle.yaml` for a flat
//! one.

use std::io::{self, Write};

use libyaml_safer::{
    Emitter, Encoding, Error, ErrorKind, Event, EventData, MappingStyle, ScalarStyle, SequenceStyle,
};

use crate::archive::{self, Files};
use crate::manifests::csv::Csv;
use crate::manifests::{Layout, Manifests};
use crate::yaml::{Events, scalar};

/// Files that release pipelines keep beside manifests, and that are not pushed.
const LEFT_OUT: [&str; 2] = ["art.yaml", "image-references"];

/// The files of a release, by path.
pub type CourierBundle = Files;

/// Bytes of a bundle.yaml. Flow style becomes block style, which takes more bytes.
const MAX_BUNDLE: usize = 32 << 20;

/// Why files cannot be written into a bundle.yaml.
#[derive(Debug, thiserror::Error)]
pub enum CourierBundleError {
    /// They would take too many bytes.
    #[error(
        "{0}: bundle.yaml would grow past {MAX_BUNDLE} bytes; write deep lists and maps in block style"
    )]
    TooLarge(String),
    /// A document could not be written again. It was read before, so this is a defect of omps.
    #[error("{file} could not be written into bundle.yaml: {error}")]
    Defect { file: String, error: String },
}

/// Whether a nested upload's file is not pushed.
pub(crate) fn is_left_out(path: &str) -> bool {
    LEFT_OUT.contains(&archive::name_of(path))
}

/// Writes the files of a release, from those that the manifests were read from.
///
/// # Errors
/// [`CourierBundleError::TooLarge`]
pub fn write(manifests: &Manifests, mut files: Files) -> Result<CourierBundle, CourierBundleError> {
    if manifests.layout == Layout::Nested {
        files.retain(|path, _| !is_left_out(path));
        return Ok(files);
    }
    let (mut crds, mut csvs) = (Vec::new(), Vec::new());
    for version in &manifests.versions {
        let crd_files = version
            .crds
            .iter()
            .map(|(file, _)| Item { file, csv: None });
        crds.extend(crd_files);
        let csv_files = version.csvs.iter().map(|(file, csv)| Item {
            file,
            csv: Some(csv),
        });
        csvs.extend(csv_files);
    }
    let packages = [Item {
        file: &manifests.package.file,
        csv: None,
    }];
    let mut text = b"data:\n".to_vec();
    for (key, items) in [
        ("clusterServiceVersions", csvs.as_slice()),
        ("customResourceDefinitions", &crds),
        ("packages", &packages),
    ] {
        write_list(key, &mut files, items, &mut text)?;
    }
    Ok(CourierBundle::from([("bundle.yaml".to_owned(), text)]))
}

/// A file whose document becomes an item of a list.
struct Item<'a> {
    file: &'a str,
    csv: Option<&'a Csv>,
}

/// Writes a key under `data`. Its value is a text: the documents as one YAML list, in a literal block.
fn write_list(
    key: &str,
    files: &mut Files,
    items: &[Item<'_>],
    text: &mut Vec<u8>,
) -> Result<(), CourierBundleError> {
    text.extend_from_slice(format!("  {key}: ").as_bytes());
    if items.is_empty() {
        text.extend_from_slice(b"''\n");
        return Ok(());
    }
    text.extend_from_slice(b"|\n");
    let header = text.len() - 1;
    emit(
        &mut Indented {
            text,
            at_line_start: true,
        },
        |emitter| {
            emitter
                .emit(Event::sequence_start(
                    None,
                    None,
                    true,
                    SequenceStyle::Block,
                ))
                .map_err(defect("bundle.yaml"))?;
            for (index, item) in items.iter().enumerate() {
                let bytes = files.remove(item.file).unwrap_or_default();
                copy(&bytes, index, item, emitter)?;
            }
            emitter
                .emit(Event::sequence_end())
                .map_err(defect("bundle.yaml"))
        },
    )?;
    // Empty lines at the end of the last document's last block belong to it.
    if text.ends_with(b"\n\n") {
        text.insert(header, b'+');
    }
    Ok(())
}

/// Writes lines as the content of a literal block. After [`adapt`] there are no characters that a literal block cannot
/// have, and no line ends but `\n`.
struct Indented<'a> {
    text: &'a mut Vec<u8>,
    at_line_start: bool,
}

impl Write for Indented<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > MAX_BUNDLE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.at_line_start && line != b"\n" {
                self.text.extend_from_slice(b"    ");
            }
            self.text.extend_from_slice(line);
            self.at_line_start = line.ends_with(b"\n");
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn defect(file: &str) -> impl FnOnce(Error) -> CourierBundleError {
    let file = file.to_owned();
    |error| match error.kind() {
        ErrorKind::Io => CourierBundleError::TooLarge(file),
        _ => CourierBundleError::Defect {
            file,
            error: error.to_string(),
        },
    }
}

/// Writes one document to `output`.
fn emit(
    output: &mut dyn Write,
    content: impl FnOnce(&mut Emitter<'_>) -> Result<(), CourierBundleError>,
) -> Result<(), CourierBundleError> {
    let mut emitter = Emitter::new();
    emitter.set_output(output);
    emitter.set_unicode(true);
    emitter.set_width(-1);
    let start = [
        Event::stream_start(Encoding::Utf8),
        Event::document_start(None, &[], true),
    ];
    start
        .into_iter()
        .try_for_each(|event| emitter.emit(event))
        .map_err(defect("bundle.yaml"))?;
    content(&mut emitter)?;
    let end = [Event::document_end(true), Event::stream_end()];
    end.into_iter()
        .try_for_each(|event| emitter.emit(event))
        .map_err(defect("bundle.yaml"))
}

/// Writes a file's document event by event, so that anchors, merges, tags and the text of every scalar stay.
fn copy(
    bytes: &[u8],
    index: usize,
    item: &Item<'_>,
    emitter: &mut Emitter<'_>,
) -> Result<(), CourierBundleError> {
    let text = String::from_utf8_lossy(bytes);
    let body = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let offset = text.len() - body.len();
    for event in Events::new(body) {
        let mut event = event.map_err(|error| CourierBundleError::Defect {
            file: item.file.to_owned(),
            error: error.to_string(),
        })?;
        let start = usize::try_from(event.start_mark.index).unwrap_or(usize::MAX);
        let replaced = description_at(start.saturating_add(offset), item.csv);
        if adapt(&mut event.data, index, replaced) {
            emitter.emit(event).map_err(defect(item.file))?;
        }
    }
    Ok(())
}

/// Makes an event one of the list's. Answers `false` for those of stream and document, which have no place in a list.
fn adapt(event: &mut EventData, index: usize, replaced: Option<&str>) -> bool {
    if let EventData::Scalar {
        tag,
        plain_implicit: implicit,
        ..
    }
    | EventData::SequenceStart { tag, implicit, .. }
    | EventData::MappingStart { tag, implicit, .. } = event
        && tag.as_deref() == Some("!")
    {
        (*tag, *implicit) = (None, true); // `!` asks for what the value is anyway
    }
    let make_unique = |anchor: &mut String| make_unique(anchor, index);
    match event {
        EventData::StreamStart { .. }
        | EventData::StreamEnd
        | EventData::DocumentStart { .. }
        | EventData::DocumentEnd { .. } => return false,
        EventData::SequenceEnd | EventData::MappingEnd => {}
        EventData::Alias { anchor } => make_unique(anchor),
        EventData::SequenceStart { anchor, style, .. } => {
            anchor.iter_mut().for_each(make_unique);
            *style = SequenceStyle::Block;
        }
        EventData::MappingStart { anchor, style, .. } => {
            anchor.iter_mut().for_each(make_unique);
            *style = MappingStyle::Block;
        }
        EventData::Scalar { anchor, .. } => {
            anchor.iter_mut().for_each(make_unique);
            adapt_scalar(event, replaced);
        }
    }
    true
}

/// Gives a scalar the text that replaces it, or a style that every text and value can have in block style.
fn adapt_scalar(event: &mut EventData, replaced: Option<&str>) {
    let EventData::Scalar {
        tag,
        value,
        plain_implicit,
        quoted_implicit,
        style,
        ..
    } = event
    else {
        return;
    };
    if let Some(text) = replaced {
        (*tag, *value) = (None, text.to_owned());
        (*plain_implicit, *quoted_implicit, *style) = (false, true, ScalarStyle::Literal);
    } else if *plain_implicit {
        let is_text = matches!(scalar::plain_1_1(value), Ok(None));
        // Text may be quoted, every other value must stay plain.
        *quoted_implicit = is_text;
        if is_text && value.contains('\n') {
            (*plain_implicit, *style) = (false, ScalarStyle::DoubleQuoted);
        } else if value.is_empty() {
            "null".clone_into(value); // an empty value is not allowed everywhere
        }
    } else if *style == ScalarStyle::Folded {
        *style = ScalarStyle::Literal;
    }
    // U+0085, U+2028 and U+2029 are written as escapes: YAML 1.1 takes them for line ends.
    if value.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        *style = ScalarStyle::DoubleQuoted;
    }
}

/// Two documents may define the same anchor, but in one list each must be defined once.
fn make_unique(anchor: &mut String, index: usize) {
    *anchor = format!("d{index}{anchor}");
}

/// The text that replaces a CSV's description, when the description starts here and is not text.
fn description_at(start: usize, csv: Option<&Csv>) -> Option<&str> {
    let (span, text) = csv?.description.as_ref()?;
    (span.start == start).then_some(text)
}
