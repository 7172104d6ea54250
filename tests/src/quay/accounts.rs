//! The accounts: users, robots and OAuth tokens, and the meaning of an `Authorization` header.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::stand_in::lock;

/// The accounts of a Quay. While it runs, only OAuth tokens change.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    accounts: Vec<Account>,
    oauth_tokens: Arc<Mutex<Vec<OauthToken>>>,
}

#[derive(Clone, Debug)]
struct Account {
    name: String,
    password: String,
    owned_organizations: Vec<String>,
    creates_in: Option<String>,
    reads_in: Option<String>,
}

#[derive(Clone, Debug)]
struct OauthToken {
    token: String,
    user: String,
}

/// The sender of a request. Missing and wrong credentials both give [`Caller::Anonymous`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    Known(String),
}

/// The user who owns every organization of [`Accounts::of_organizations`].
pub const OWNER: &str = "owner";
pub const OWNER_PASSWORD: &str = "owner-password";

/// The name of an organization's robot, which is in a team of role *creator*.
pub fn robot_name(organization: &str) -> String {
    format!("{organization}+omps")
}

/// The password of the robot [`robot_name`].
pub fn robot_password(organization: &str) -> String {
    format!("{}ROBOTTOKEN", organization.to_uppercase())
}

/// The OAuth token that administers an organization.
pub fn oauth_token(organization: &str) -> String {
    format!("{organization}-oauth-token")
}

/// The value of the `Authorization` header that Quay's login returns.
pub fn basic(name: &str, password: &str) -> String {
    format!("basic {}", STANDARD.encode(format!("{name}:{password}")))
}

impl Accounts {
    /// One [`OWNER`] of all `organizations`; in each a creator robot and an OAuth token.
    pub fn of_organizations(organizations: &[&str]) -> Self {
        let owner = Self::default().user(OWNER, OWNER_PASSWORD, organizations);
        organizations.iter().fold(owner, |accounts, organization| {
            accounts
                .robot(
                    &robot_name(organization),
                    &robot_password(organization),
                    Some(organization),
                )
                .oauth_token(&oauth_token(organization), OWNER)
        })
    }

    /// Adds a user who owns `organizations`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str, organizations: &[&str]) -> Self {
        self.accounts.push(Account {
            name: name.to_owned(),
            password: password.to_owned(),
            owned_organizations: organizations.iter().map(ToString::to_string).collect(),
            creates_in: None,
            reads_in: None,
        });
        self
    }

    /// Adds a robot that may create packages in `creates_in`.
    #[must_use]
    pub fn robot(mut self, name: &str, password: &str, creates_in: Option<&str>) -> Self {
        self.accounts.push(Account {
            name: name.to_owned(),
            password: password.to_owned(),
            owned_organizations: Vec::new(),
            creates_in: creates_in.map(ToOwned::to_owned),
            reads_in: None,
        });
        self
    }

    /// Adds a robot that may pull every package of `reads_in`, but push none.
    #[must_use]
    pub fn reader(mut self, name: &str, password: &str, reads_in: &str) -> Self {
        self = self.robot(name, password, None);
        if let Some(account) = self.accounts.last_mut() {
            account.reads_in = Some(reads_in.to_owned());
        }
        self
    }

    /// Adds an OAuth token with the rights of `user`.
    #[must_use]
    pub fn oauth_token(self, token: &str, user: &str) -> Self {
        lock(&self.oauth_tokens).push(OauthToken {
            token: token.to_owned(),
            user: user.to_owned(),
        });
        self
    }

    /// Moves the rights of a token to another token. The old token has no rights from now on.
    pub(super) fn rotate_oauth_token(&self, old: &str, new: &str) {
        let mut tokens = lock(&self.oauth_tokens);
        for known in tokens.iter_mut().filter(|known| known.token == old) {
            new.clone_into(&mut known.token);
        }
    }

    /// The caller, as `/cnr` reads the `Authorization` header: only Basic counts.
    pub(crate) fn basic_caller(&self, authorization: Option<&str>) -> Caller {
        authorization
            .and_then(|value| credentials(value, "basic"))
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .and_then(|decoded| String::from_utf8(decoded).ok())
            .and_then(|pair| {
                let (name, password) = pair.split_once(':')?;
                self.log_in(name, password).ok()
            })
            .map_or(Caller::Anonymous, Caller::Known)
    }

    /// The caller, as `/api/v1` reads the `Authorization` header: only OAuth tokens count.
    pub(crate) fn oauth_caller(&self, authorization: Option<&str>) -> Caller {
        authorization
            .and_then(|value| credentials(value, "bearer"))
            .and_then(|token| self.oauth_user(token))
            .map_or(Caller::Anonymous, Caller::Known)
    }

    /// The account with this name and password, or Quay's error message.
    pub(super) fn log_in(&self, name: &str, password: &str) -> Result<String, String> {
        if name == "$oauthtoken" {
            return self
                .oauth_user(password)
                .ok_or_else(|| "Invalid Username or Password".to_owned());
        }
        let is_robot = name.contains('+');
        match self.accounts.iter().find(|account| account.name == name) {
            Some(account) if account.password == password => Ok(account.name.clone()),
            Some(_) if is_robot => Err(format!(
                "Could not find robot with username: {name} and supplied password."
            )),
            None if is_robot => Err("Could not find robot with specified username".to_owned()),
            _ => Err("Invalid Username or Password".to_owned()),
        }
    }

    pub(crate) fn owns(&self, caller: &Caller, organization: &str) -> bool {
        self.account(caller).is_some_and(|account| {
            account
                .owned_organizations
                .iter()
                .any(|owned| owned == organization)
        })
    }

    pub(crate) fn may_create_in(&self, caller: &Caller, organization: &str) -> bool {
        self.owns(caller, organization)
            || self
                .account(caller)
                .is_some_and(|account| account.creates_in.as_deref() == Some(organization))
    }

    pub(super) fn reads_all_of(&self, caller: &Caller, organization: &str) -> bool {
        self.account(caller)
            .is_some_and(|account| account.reads_in.as_deref() == Some(organization))
    }

    fn oauth_user(&self, token: &str) -> Option<String> {
        let tokens = lock(&self.oauth_tokens);
        let known = tokens.iter().find(|known| known.token == token)?;
        Some(known.user.clone())
    }

    fn account(&self, caller: &Caller) -> Option<&Account> {
        let Caller::Known(name) = caller else {
            return None;
        };
        self.accounts.iter().find(|account| account.name == *name)
    }
}

fn credentials<'a>(authorization: &'a str, wanted_scheme: &str) -> Option<&'a str> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case(wanted_scheme)
        .then_some(credentials)
}
