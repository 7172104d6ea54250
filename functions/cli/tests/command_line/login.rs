//! `omps login`: credentials of Docker and Podman, Quay's own login, and what is kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::stand_in::Answer::Says;
use crate::stand_in::StandIn;
use crate::support::{Folder, TOKEN, err, out};

#[test]
fn podmans_and_dockers_files_give_the_token_and_nothing_is_kept() {
    for file in [".config/containers/auth.json", ".docker/config.json"] {
        let folder = Folder::new();
        folder.write(
            file,
            r#"{"auths": {"quay.io": {"auth": "dGVzdDpzZWNyZXQ="}}}"#,
        );

        let output = folder.run(&["login", "quay.io"], &[]);

        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert_eq!(out(&output), format!("{TOKEN}\n"));
        assert!(!folder.path(".config/omps").exists());
    }
}

#[test]
fn a_credential_helper_is_asked_as_docker_asks_it() {
    let folder = Folder::new();
    folder.write(
        ".docker/config.json",
        r#"{"credHelpers": {"quay.io": "safe"}}"#,
    );
    let helper = "#!/bin/sh\nread -r server\n[ \"$1 $server\" = 'get quay.io' ] && echo '{\"ServerURL\": \"quay.io\", \"Username\": \"test\", \"Secret\": \"secret\"}'\n";
    folder.write("bin/docker-credential-safe", helper);
    let program = folder.path("bin/docker-credential-safe");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path("bin").display());

    let output = folder.run(&["login"], &[("PATH", &path)]);

    assert_eq!(out(&output), format!("{TOKEN}\n"), "{}", err(&output));
}

#[test]
fn a_token_that_is_kept_is_for_its_owner_alone_and_is_used() {
    let folder = Folder::new();
    folder.write(
        ".docker/config.json",
        r#"{"auths": {"quay.io": {"auth": "dGVzdDpzZWNyZXQ="}}}"#,
    );
    folder.write(".config/omps/config.toml", "organization = \"acme\"\n");
    let service = StandIn::new(vec![Says(200, "", r#"{"deleted": []}"#)]);

    let saved = folder.run(&["login", "--save"], &[]);
    let used = folder.run(&["delete", "d", "--all", "--url", &service.url], &[]);

    assert_eq!(
        (saved.status.code(), out(&saved)),
        (Some(0), String::new()),
        "{}",
        err(&saved)
    );
    let file = fs::metadata(folder.path(".config/omps/config.toml")).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    assert_eq!((used.status.code(), err(&used)), (Some(0), String::new()));
    let asked = service.asked();
    assert_eq!(asked[0].line, "DELETE /v2/acme/d");
    assert_eq!(asked[0].header("authorization"), Some(TOKEN));
}

#[test]
fn an_unknown_registry_is_2_and_names_where_it_was_looked_for() {
    let folder = Folder::new();

    let output = folder.run(&["login", "quay.io"], &[]);

    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains(".docker/config.json"),
        "{}",
        err(&output)
    );
}
