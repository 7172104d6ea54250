//! Files that macOS adds to a zip beside those that a person sees.

/// Whether macOS wrote a file for itself.
pub(crate) fn is_of_macos(path: &str) -> bool {
    let name = super::name_of(path);
    let is_in_folder = path.split('/').any(|segment| segment == "__MACOSX");
    is_in_folder || name.starts_with("._") || name == ".DS_Store"
}
