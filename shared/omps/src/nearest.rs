//! Finds the word that somebody meant who wrote another one: for messages about unknown names.

/// The longest word that is compared, in characters.
const LONGEST: usize = 40;

/// How many characters must be added, removed or replaced to make one word of the other (Levenshtein).
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, char) in one.chars().take(LONGEST).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (place, other) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(char != *other);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// The known word that is most like this one, if one is like it.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let most = match length {
        0..=LONGEST => 1 + length / 4,
        _ => return None,
    };
    known
        .into_iter()
        .map(|known| (distance(word, known), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_slip_is_recognized_and_another_word_is_not() {
        let known = ["quay_url", "kojihub_url", "kojiroot_url", "public_url"];
        for (word, wanted) in [
            ("quay_ulr", Some("quay_url")),
            ("kojihuburl", Some("kojihub_url")),
            ("quay", None),
            ("", None),
            (&"x".repeat(100_000), None),
        ] {
            assert_eq!(nearest(word, known), wanted, "{word:.20}");
        }
        assert_eq!(distance("validat", "validate"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
