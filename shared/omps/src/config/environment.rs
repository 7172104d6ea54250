//! The variables of the environment that are for the configuration. Others may hold anything, also what is not UTF-8.

use std::ffi::OsString;

/// The variables whose names begin with `OMPS_`, and the names of those whose value is not UTF-8.
pub(super) fn variables(
    all: impl IntoIterator<Item = (OsString, OsString)>,
) -> (Vec<(String, String)>, Vec<String>) {
    let (mut ours, mut no_texts) = (Vec::new(), Vec::new());
    for (name, value) in all {
        let Some(name) = name
            .into_string()
            .ok()
            .filter(|name| name.starts_with("OMPS_"))
        else {
            continue;
        };
        match value.into_string() {
            Ok(value) => ours.push((name, value)),
            Err(_) => no_texts.push(name),
        }
    }
    (ours, no_texts)
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn only_variables_of_omps_must_be_utf_8() {
        let no_text = || OsString::from_vec(vec![0xff]);

        let (ours, no_texts) = variables([
            (no_text(), "x".into()),
            ("OTHER".into(), no_text()),
            ("OMPS_LISTEN".into(), "x".into()),
            ("OMPS_QUAY_URL".into(), no_text()),
        ]);

        assert_eq!(ours, [("OMPS_LISTEN".to_owned(), "x".to_owned())]);
        assert_eq!(no_texts, ["OMPS_QUAY_URL"]);
    }
}
