//! Versions and ranges as Go's blang/semver reads them, with its messages: opm reads `version`, `release` and `skipRange` so.

/// Characters of a release.
const MAX_RELEASE: usize = 20;

/// Why blang/semver reads no version from a text.
pub(super) fn version_problem(text: &str) -> Option<String> {
    parse_version(text).err()
}

/// Why opm reads no release from a text.
pub(super) fn release_problem(text: &str) -> Option<String> {
    if text.len() > MAX_RELEASE {
        return Some(format!(
            "invalid release {text:?}: exceeds maximum length of {MAX_RELEASE} characters"
        ));
    }
    let mut segments = text.split('.').enumerate();
    segments.find_map(|(index, segment)| {
        let problem = parse_prerelease(segment).err()?;
        Some(format!(
            "invalid release {text:?}: segment {index}: {problem}"
        ))
    })
}

/// Why blang/semver reads no range from a text.
pub(super) fn range_problem(text: &str) -> Option<String> {
    parse_range(text).err()
}

fn parse_version(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("Version string empty".into());
    }
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    let [major, minor, rest] = parts[..] else {
        return Err("No Major.Minor.Patch elements found".into());
    };
    parse_number(major, "major", "Major")?;
    parse_number(minor, "minor", "Minor")?;
    let (rest, build) = split_at_mark(rest, '+');
    let (patch, prerelease) = split_at_mark(rest, '-');
    parse_number(patch, "patch", "Patch")?;
    for part in prerelease.into_iter().flat_map(|text| text.split('.')) {
        parse_prerelease(part)?;
    }
    for part in build.into_iter().flat_map(|text| text.split('.')) {
        if part.is_empty() {
            return Err("Build meta data is empty".into());
        }
        if !is_word(part) {
            return Err(format!(
                "Invalid character(s) found in build meta data {part:?}"
            ));
        }
    }
    Ok(())
}

fn split_at_mark(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark)
        .map_or((text, None), |(before, behind)| (before, Some(behind)))
}

fn parse_number(text: &str, name: &str, title: &str) -> Result<(), String> {
    if !is_number(text) {
        return Err(format!(
            "Invalid character(s) found in {name} number {text:?}"
        ));
    }
    if has_leading_zero(text) {
        return Err(format!(
            "{title} number must not contain leading zeroes {text:?}"
        ));
    }
    parse_u64(text)
}

fn parse_u64(text: &str) -> Result<(), String> {
    let reason = match text.parse::<u64>() {
        Ok(_) => return Ok(()),
        Err(_) if text.is_empty() => "invalid syntax",
        Err(_) => "value out of range",
    };
    Err(format!("strconv.ParseUint: parsing {text:?}: {reason}"))
}

fn parse_prerelease(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("Prerelease is empty".into());
    }
    if !is_word(text) {
        return Err(format!("Invalid character(s) found in prerelease {text:?}"));
    }
    if !is_number(text) {
        return Ok(());
    }
    if has_leading_zero(text) {
        return Err(format!(
            "Numeric PreRelease version must not contain leading zeroes {text:?}"
        ));
    }
    parse_u64(text)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn has_leading_zero(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0')
}

fn parse_range(text: &str) -> Result<(), String> {
    let parts = split_range(text);
    if parts.first().is_some_and(|part| part == "||") {
        return Err("First element in range is '||'".into());
    }
    if parts.last().is_none_or(|part| part == "||") {
        return Err("Last element in range is '||'".into());
    }
    let comparisons = parts.iter().filter(|part| *part != "||");
    let mut expanded = Vec::new();
    for part in comparisons {
        expand_wildcard(part, &mut expanded)?;
    }
    for part in &expanded {
        let (operator, version) = split_comparator(part)?;
        if !matches!(
            operator,
            "" | "=" | "==" | "!" | "!=" | ">" | ">=" | "<" | "<="
        ) {
            return Err(format!(
                "Could not parse Range {part:?}: Could not parse comparator {operator:?} in {:?}",
                format!("{operator}{version}")
            ));
        }
        parse_version(version).map_err(|problem| {
            format!(
                "Could not parse Range {part:?}: Could not parse version {version:?} in {:?}: {problem}",
                format!("{operator}{version}")
            )
        })?;
    }
    Ok(())
}

/// The comparisons: a space behind an operator does not part them, and a part of one byte is lost, as in blang/semver.
fn split_range(text: &str) -> Vec<String> {
    let (mut parts, mut last, mut before) = (Vec::new(), 0, 0_u8);
    for (at, byte) in text.bytes().enumerate() {
        if byte != b' ' {
            before = byte;
        } else if !matches!(before, b'>' | b'<' | b'=') {
            if at > last + 1 {
                parts.push(text[last..at].replace(' ', ""));
            }
            last = at + 1;
        }
    }
    if text.len() > last + 1 {
        parts.push(text[last..].replace(' ', ""));
    }
    parts
}

fn split_comparator(text: &str) -> Result<(&str, &str), String> {
    let digit = text
        .find(char::is_numeric)
        .ok_or_else(|| format!("Could not get version from string: {text:?}"))?;
    let (operator, version) = text.split_at(digit);
    Ok((operator.trim(), version))
}

/// `1.x` stands for two comparisons, `>1.x` for one.
fn expand_wildcard(part: &str, expanded: &mut Vec<String>) -> Result<(), String> {
    if !part.contains('x') {
        expanded.push(part.to_owned());
        return Ok(());
    }
    let (operator, version) = split_comparator(part)?;
    let flat = without_wildcard(version);
    let next = || match version.split('.').rev().collect::<Vec<_>>()[..] {
        ["x", _] => incremented(&flat, 0),
        ["x", _, _] => incremented(&flat, 1),
        _ => String::new(),
    };
    let comparison = match operator {
        ">" => format!(">={}", next()),
        ">=" => format!(">={flat}"),
        "<" => format!("<{flat}"),
        "<=" => format!("<{}", next()),
        "" | "=" | "==" => {
            expanded.push(format!(">={flat}"));
            format!("<{}", next())
        }
        "!" | "!=" => {
            expanded.push(format!("<{flat}"));
            format!(">={}", next())
        }
        _ => flat,
    };
    expanded.push(comparison);
    Ok(())
}

fn without_wildcard(version: &str) -> String {
    let flat = version.replacen(".x.x", ".x", 1).replacen(".x", ".0", 1);
    match flat.matches('.').count() {
        1 => format!("{flat}.0"),
        _ => flat,
    }
}

/// The version with one of its numbers one higher; nothing where it is none.
fn incremented(version: &str, index: usize) -> String {
    let mut parts: Vec<String> = version.split('.').map(str::to_owned).collect();
    let next = parts.get(index).and_then(|part| part.parse::<i64>().ok());
    match (
        parts.get_mut(index),
        next.and_then(|next| next.checked_add(1)),
    ) {
        (Some(part), Some(next)) => *part = next.to_string(),
        _ => return String::new(),
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_blang_reads_them() {
        for text in [
            ">=1.0.0 <2.0.0",
            ">= 1.0.0 < 2.0.0",
            "1.x",
            "1.x.x",
            ">1.2.x",
            "!1.0.0",
            "<1.0.0 || >=2.0.0-rc.1+b",
        ] {
            assert_eq!(range_problem(text), None, "{text}");
        }
        for (text, wanted) in [
            ("", "Last element in range is '||'"),
            ("*", "Last element in range is '||'"),
            ("|| 1.0.0", "First element in range is '||'"),
            ("abc", "Could not get version from string: \"abc\""),
            (
                "~1.0.0",
                "Could not parse Range \"~1.0.0\": Could not parse comparator \"~\" in \"~1.0.0\"",
            ),
            (
                ">=1.0",
                "Could not parse Range \">=1.0\": Could not parse version \"1.0\" in \">=1.0\": No Major.Minor.Patch elements found",
            ),
        ] {
            assert_eq!(range_problem(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn versions_and_releases_have_go_s_messages() {
        assert_eq!(version_problem("1.0.0-rc.1+b.01"), None);
        for (text, wanted) in [
            ("", "Version string empty"),
            ("1.0.", "strconv.ParseUint: parsing \"\": invalid syntax"),
            ("1.0.0-", "Prerelease is empty"),
            (
                "1.0.0-01",
                "Numeric PreRelease version must not contain leading zeroes \"01\"",
            ),
            ("1.0.0+", "Build meta data is empty"),
        ] {
            assert_eq!(version_problem(text).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(release_problem("alpha.2"), None);
        assert_eq!(
            release_problem("a..b").as_deref(),
            Some("invalid release \"a..b\": segment 1: Prerelease is empty")
        );
    }
}
