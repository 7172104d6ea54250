//! Python's regular expressions, for `replace_registry`: in linear time where possible, and never for long.

mod backtracking;
mod python;
mod stopwatch;
mod template;

use std::ops::Range;
use std::time::Duration;

use regex::RegexBuilder;

use backtracking::{Backtracking, Search};
pub use stopwatch::Stopwatch;
pub use template::Template;

/// CPU that all rules of a push may take together, give or take a search. Real operators take milliseconds.
pub const ALLOWED: Duration = Duration::from_millis(300);
/// Matches until the time is looked at again, which costs about as much as a match.
const MATCHES: usize = 4;
/// Bytes that a compiled pattern may take.
const SIZE_LIMIT: usize = 4 << 20;

/// A multi-line pattern whose `^` and `$` take CRLF, too, for a line end.
#[derive(Debug)]
pub enum Pattern {
    /// Matched in linear time.
    Linear(regex::Regex),
    /// With look-around or back-references.
    Backtracking(Box<Backtracking>),
}

/// Where a match and its groups are; a group that took no part in it is nowhere.
type Groups = Vec<Option<Range<usize>>>;

/// A pattern or replacement that Python would refuse, or that no engine here can run.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    #[error("the pattern {pattern:?} does not compile: {problem}")]
    Pattern { pattern: String, problem: String },
    #[error("the replacement {template:?} {problem}")]
    Template { template: String, problem: String },
}

/// A replacement that took more than it may.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    #[error("the replacement rules would take more than {} ms of CPU", ALLOWED.as_millis())]
    Time,
    #[error("a rule with look-around or back-references wants files of at most {0} bytes")]
    TooLong(usize),
    #[error("a replacement rule would take too much memory")]
    Memory,
    #[error("the text grows past {0} bytes")]
    Room(usize),
}

impl Pattern {
    /// Compiles a pattern as Python's `re` reads it.
    ///
    /// # Errors
    /// [`PatternError::Pattern`]
    pub fn parse(pattern: &str) -> Result<Self, PatternError> {
        let linear = RegexBuilder::new(&python::translate(pattern, false))
            .multi_line(true)
            .crlf(true)
            .size_limit(SIZE_LIMIT)
            .build();
        if let Ok(regex) = linear {
            return Ok(Pattern::Linear(regex));
        }
        Backtracking::parse(format!("(?m){}", python::translate(pattern, true)))
            .map(|pattern| Pattern::Backtracking(Box::new(pattern)))
            .map_err(|error| PatternError::Pattern {
                pattern: pattern.to_owned(),
                problem: error.to_string(),
            })
    }

    /// The text with every match replaced, as Python's `re.sub` does it; nothing when there is none. There is `room` for
    /// that many bytes, and `time`.
    ///
    /// # Errors
    /// [`ReplaceError`]
    pub fn replace(
        &self,
        text: &str,
        template: &Template,
        room: usize,
        time: &Stopwatch,
    ) -> Result<Option<String>, ReplaceError> {
        let mut finder = match self {
            Pattern::Linear(regex) => Finder::Linear(regex),
            Pattern::Backtracking(pattern) => Finder::Backtracking(pattern.search(text)?),
        };
        let (mut replaced, mut copied, mut from) = (None, 0, 0);
        for matches in 0.. {
            if from > text.len() {
                break;
            }
            if matches % MATCHES == 0 && time.left().is_zero() {
                return Err(ReplaceError::Time);
            }
            let Some(groups) = finder.groups_from(text, from, time)? else {
                break;
            };
            let Some(Some(found)) = groups.first().cloned() else {
                break;
            };
            let output = replaced.get_or_insert_with(|| String::with_capacity(text.len()));
            output.push_str(&text[copied..found.start]);
            template.write(text, &groups, output);
            copied = found.end;
            if output.len() + text.len() - copied > room {
                return Err(ReplaceError::Room(room));
            }
            // Behind an empty match one character is passed, or it would be found again.
            let passed = if found.is_empty() {
                text[found.end..].chars().next().map_or(1, char::len_utf8)
            } else {
                0
            };
            from = found.end + passed;
        }
        Ok(replaced.map(|output| output + &text[copied..]))
    }

    /// The number of the group that a replacement names.
    fn group(&self, name: &str) -> Option<usize> {
        let names: Vec<Option<&str>> = match self {
            Pattern::Linear(regex) => regex.capture_names().collect(),
            Pattern::Backtracking(pattern) => pattern.names.iter().map(Option::as_deref).collect(),
        };
        match name.parse::<usize>() {
            Ok(number) => (number < names.len()).then_some(number),
            Err(_) => names.iter().position(|other| *other == Some(name)),
        }
    }
}

/// What finds a pattern in a text.
enum Finder<'a> {
    Linear(&'a regex::Regex),
    Backtracking(Search<'a>),
}

impl Finder<'_> {
    /// The groups of the first match from a place on, the whole match first.
    fn groups_from(
        &mut self,
        text: &str,
        from: usize,
        time: &Stopwatch,
    ) -> Result<Option<Groups>, ReplaceError> {
        match self {
            Finder::Backtracking(search) => search.groups_from(from, time),
            Finder::Linear(regex) => Ok(regex.captures_at(text, from).map(|found| {
                let groups = found.iter();
                groups
                    .map(|group| group.map(|group| group.range()))
                    .collect()
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, template: &str, text: &str) -> String {
        let pattern = Pattern::parse(pattern).unwrap();
        let template = Template::parse(template, &pattern).unwrap();
        pattern
            .replace(
                text,
                &template,
                usize::MAX,
                &Stopwatch::start(Duration::MAX),
            )
            .unwrap()
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn replacements_are_those_of_python() {
        // (pattern, replacement, text, re.sub(pattern, replacement, text, flags=re.M) in Python 3.11)
        let cases = [
            (
                "quay\\.io",
                "r.test",
                "a quay.io b quay.io",
                "a r.test b r.test",
            ),
            (
                "^(\\s*image:\\s*)(?P<host>q)/(.+)$",
                "\\1m/\\g<host>/\\3",
                " image: q/a:1\nimage: q/b",
                " image: m/q/a:1\nimage: m/q/b",
            ),
            ("x*", "-", "abxd", "-a-b--d-"),
            ("a|b", "[\\g<0>]", "cab", "c[a][b]"),
            ("(a)|(b)", "<\\1\\2>", "ab", "<a><b>"),
            ("a{,2}b", "X", "aab ab b", "X X X"),
            ("{a}", "X", "{a}", "X"),
            ("[[]a", "X", "[a", "X"),
            ("[]a]", "X", "]a", "XX"),
            ("b\\Z", "X", "b\nb", "b\nX"),
            ("a", "\\n\\\\\\.", "a", "\n\\\\."),
            ("(?<=/)a", "X", "/a a", "/X a"),
            ("(a)\\1", "X", "aa a", "X a"),
            ("(?=a).", "X", "ab", "Xb"),
            ("(?!x)a$", "X", "a\nba", "X\nbX"),
        ];
        for (pattern, template, text, wanted) in cases {
            assert_eq!(sub(pattern, template, text), wanted, "{pattern}");
        }
    }

    #[test]
    fn line_ends_of_two_characters_count_as_one() {
        assert_eq!(sub("^a$", "b", "a\r\na\r\n"), "b\r\nb\r\n");
        assert_eq!(sub("a.*$", "b", "ax\r\n"), "b\r\n");
        assert_eq!(sub("(?!x)a.*$", "b", "ax\r\nay"), "b\r\nb");
    }

    #[test]
    fn patterns_and_replacements_that_cannot_work_are_refused() {
        for pattern in ["(", "*a", "[z-a]"] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
        let pattern = Pattern::parse("(?P<x>a)").unwrap();
        for template in ["\\2", "\\g<y>", "\\g", "\\q", "\\"] {
            assert!(Template::parse(template, &pattern).is_err(), "{template}");
        }
    }

    #[test]
    fn a_pattern_that_would_run_wild_is_stopped() {
        // Each of these would take hours: in one search of many steps, and in searches that are many or long.
        let wild = [
            ("(?!x)(a|aa)+(?!.)b", "a".repeat(60)),
            ("(x+x+)+\\1y", "x".repeat(50_000)),
            ("(?=[^z]*z)[^z]", "x".repeat(1_000_000)),
            ("[a-z]*z|a", "a".repeat(2_000_000)),
        ];
        for (pattern, text) in wild {
            let template = Template(Vec::new());
            let time = Stopwatch::start(Duration::from_millis(10));
            let replaced =
                Pattern::parse(pattern)
                    .unwrap()
                    .replace(&text, &template, usize::MAX, &time);
            assert!(matches!(replaced, Err(ReplaceError::Time)), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_with_look_around_passes_over_a_long_text() {
        let text = format!("{}quay.io", "x: y zz\n".repeat(200_000));
        let replaced = sub("(?<![\\w.])[a-z]+\\.io", "X", &text);
        assert_eq!(replaced.len(), text.len() - "quay.io".len() + 1);
    }

    #[test]
    fn look_around_wants_a_text_that_can_be_an_object() {
        let pattern = Pattern::parse("(?!a)b").unwrap();
        let template = Template::parse("", &pattern).unwrap();
        let replaced = |size: usize| {
            let time = Stopwatch::start(Duration::MAX);
            pattern.replace(&"a".repeat(size), &template, usize::MAX, &time)
        };
        assert!(matches!(replaced(2 << 20), Ok(None)));
        assert!(matches!(
            replaced((2 << 20) + 1),
            Err(ReplaceError::TooLong(_))
        ));
    }

    #[test]
    fn a_text_that_grows_past_its_room_is_stopped() {
        let pattern = Pattern::parse("a").unwrap();
        let template = Template::parse("bb", &pattern).unwrap();
        let replaced =
            |room| pattern.replace("xaa", &template, room, &Stopwatch::start(Duration::MAX));
        assert!(matches!(replaced(5), Ok(Some(text)) if text == "xbbbb"));
        assert!(matches!(replaced(4), Err(ReplaceError::Room(4))));
    }
}
