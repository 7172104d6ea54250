//! The variables of the environment that are for the configuration. Others may hold anything, also what is not UTF-8.

use std::ffi::OsString;

use super::ConfigError;

/// The variables whose names begin with `OMPS_`.
///
/// # Errors
/// [`ConfigError::Invalid`] if the value of one is not UTF-8.
pub(crate) fn variables(
    all: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let ours = all.into_iter().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        name.starts_with("OMPS_").then_some((name, value))
    });
    let text = |(name, value): (String, OsString)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(ConfigError::Invalid(format!(
            "the value of the environment variable {name} is not UTF-8"
        ))),
    };
    ours.map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn only_variables_of_omps_must_be_utf_8() {
        let no_text = || OsString::from_vec(vec![0xff]);
        let read = variables([
            (no_text(), "x".into()),
            ("OTHER".into(), no_text()),
            ("OMPS_LISTEN".into(), "x".into()),
        ]);
        let ours = ("OMPS_LISTEN".to_owned(), "x".to_owned());
        assert_eq!(read.unwrap(), [ours]);

        let error = variables([("OMPS_QUAY_URL".into(), no_text())]).unwrap_err();

        let error = error.to_string();
        assert!(error.contains("OMPS_QUAY_URL is not UTF-8"), "{error}");
    }
}
