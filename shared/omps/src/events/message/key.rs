//! Keys in the upload bucket. They have the same parts as the path of a request.

use crate::names::OrganizationName;

/// The organization and the version that a key names. `None` if the key does not ask for a push.
///
/// # Errors
/// The reason why the key of a zip is wrong.
pub(crate) fn read(key: &str) -> Result<Option<(OrganizationName, Option<String>)>, String> {
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
