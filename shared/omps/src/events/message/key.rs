//! Keys of the upload bucket: the words of the path that a request would have.

use crate::names::OrganizationName;

/// The organization and the version that a key names; none for a key that is nobody's push.
///
/// # Errors
/// What is wrong with the key of a zip that is meant to be pushed.
pub fn read(key: &str) -> Result<Option<(OrganizationName, Option<String>)>, String> {
    let is_zip = key
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("zip"));
    let Some(below) = key.strip_prefix("v2/").filter(|_| is_zip) else {
        return Ok(None);
    };
    let segments: Vec<&str> = below.split('/').collect();
    let (organization, version) = match segments[..] {
        [organization, "zipfile", _] => (organization, None),
        [organization, "zipfile", version, _] => (organization, Some(version)),
        _ => return Err("wanted v2/<organization>/zipfile[/<version>]/<name>.zip".to_owned()),
    };
    let organization = OrganizationName::parse(organization).map_err(|error| error.to_string())?;
    Ok(Some((organization, version.map(str::to_owned))))
}
