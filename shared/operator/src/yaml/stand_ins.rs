//! Characters that libyaml takes for white space and others for text, each behind a stand-in of the same length that the
//! text does not have: byte order marks that are not the first, and for ruamel.yaml the line ends that are YAML 1.1's.

use std::borrow::Cow;

use memchr::memmem;

use super::{Version, surrogates};

const BYTE_ORDER_MARK: (&str, [&str; 2]) = ("\u{feff}", ["\u{f8ff}", "\u{f8fe}"]);
const LINE_ENDS: [(&str, [&str; 2]); 3] = [
    ("\u{85}", ["\u{3ff}", "\u{3fe}"]),
    ("\u{2028}", ["\u{f8fd}", "\u{f8fc}"]),
    ("\u{2029}", ["\u{f8fb}", "\u{f8fa}"]),
];

/// Bytes of the largest text with such characters whose values are kept. A disguise is a copy, and no file that people
/// wrote comes near.
const LARGEST: usize = 4 << 20;

/// A text as libyaml is to see it, and how its values get back what was meant.
pub struct Disguised<'a> {
    /// The text, its bytes where they were.
    pub text: Cow<'a, str>,
    characters: Vec<(&'static str, &'static str)>,
    surrogates: bool,
}

impl<'a> Disguised<'a> {
    /// Puts stand-ins into a text that needs them.
    ///
    /// # Errors
    /// Why it gets none.
    pub fn new(text: &'a str, version: Version) -> Result<Self, &'static str> {
        let line_ends = match version {
            Version::V1_1 => &[],
            Version::V1_2 => LINE_ENDS.as_slice(),
        };
        let (mut text, mut characters) = (Cow::Borrowed(text), Vec::new());
        for &(odd, stand_ins) in line_ends.iter().chain([&BYTE_ORDER_MARK]) {
            if text.contains(odd)
                && let Some(stand_in) = stand_ins
                    .into_iter()
                    .find(|stand_in| !text.contains(stand_in))
            {
                text = Cow::Owned(exchanged(text.into_owned(), odd, stand_in));
                characters.push((odd, stand_in));
            }
        }
        let surrogates = surrogates::can_hide(&text);
        if !characters.is_empty() && version == Version::V1_1 && text.len() > LARGEST {
            return Err("byte order marks in a file of more than 4 MiB");
        }
        if surrogates {
            text = Cow::Owned(surrogates::hidden(text.into_owned()));
        }
        Ok(Disguised {
            text,
            characters,
            surrogates,
        })
    }

    /// A value as it was meant.
    ///
    /// # Errors
    /// Why it is none.
    pub fn shown(&self, mut value: String) -> Result<String, &'static str> {
        for &(odd, stand_in) in &self.characters {
            value = exchanged(value, stand_in, odd);
        }
        match self.surrogates {
            true => surrogates::shown(value),
            false => Ok(value),
        }
    }
}

/// One character for another of the same length, where it lies: texts may be large.
fn exchanged(text: String, from: &str, to: &str) -> String {
    let mut bytes = text.into_bytes();
    let (mut at, finder) = (0, memmem::Finder::new(from));
    while let Some(found) = finder.find(&bytes[at..]) {
        at += found + to.len();
        bytes[at - to.len()..at].copy_from_slice(to.as_bytes());
    }
    String::from_utf8(bytes).unwrap_or_default() // whole characters all along
}
