//! What an organization's OAuth token is for, and whether there is one.

use std::sync::Arc;

use crate::call::Call;
use crate::names::OrganizationName;
use crate::registry::RegistryError;
use crate::secrets::SecretsError;
use crate::token::{Token, Tokens};

/// The token for something that an organization may want of its repositories.
pub(crate) enum OAuth {
    /// The organization does not want it.
    Unneeded,
    /// The organization wants it, and has no token.
    Missing,
    /// It is to be done with this token.
    Given(Token, Arc<Tokens>),
}

impl OAuth {
    /// Finds out before anything is pushed whether it can be done, if it is `wanted`.
    ///
    /// # Errors
    /// [`SecretsError`], when the token cannot be read.
    pub(crate) async fn of(
        call: Call<'_>,
        name: &OrganizationName,
        wanted: bool,
    ) -> Result<Self, SecretsError> {
        if !wanted {
            return Ok(OAuth::Unneeded);
        }
        let tokens = call.tokens(name).await?;
        Ok(match tokens.oauth.clone() {
            None => OAuth::Missing,
            Some(oauth) => OAuth::Given(oauth, tokens),
        })
    }

    /// The token, if it is wanted and there.
    pub(crate) fn token(&self) -> Option<&Token> {
        match self {
            OAuth::Given(oauth, _) => Some(oauth),
            OAuth::Unneeded | OAuth::Missing => None,
        }
    }

    /// The token that took the place of this one, after the registry refused it; nothing for another `result`, or where
    /// there is no other token by now.
    pub(crate) async fn after(
        &self,
        result: &Result<(), RegistryError>,
        call: Call<'_>,
        name: &OrganizationName,
    ) -> Option<Token> {
        let (Err(RegistryError::Refused(_)), OAuth::Given(_, refused)) = (result, self) else {
            return None;
        };
        // That it cannot be read now is logged there; here, the registry's refusal is what there is to say.
        let renewed = call.renewed_tokens(name, refused).await.ok()?;
        let oauth = renewed.oauth.clone()?;
        (!Arc::ptr_eq(&renewed, refused)).then_some(oauth)
    }
}
