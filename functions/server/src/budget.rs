//! Bytes of memory that clients may hold: request bodies until they are worked on, and answers until they are read.

use std::sync::Arc;

use omps::error::Error;
use omps::http::routes::Endpoint;
use tokio::sync::Semaphore;

use crate::Settings;

/// What may be held at the same time.
pub(crate) struct Budgets {
    bodies: Arc<Semaphore>,
    /// The part of it for endpoints that need no token.
    without_token: Arc<Semaphore>,
    answers: Arc<Semaphore>,
}

impl Budgets {
    pub(crate) fn new(settings: &Settings) -> Self {
        let of = |bytes: usize| Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)));
        Budgets {
            bodies: of(settings.body_budget),
            without_token: of(settings.body_budget / 2),
            answers: of(settings.answer_budget),
        }
    }

    /// Nothing yet, for the body of a request.
    pub(crate) fn for_body(&self, endpoint: Option<Endpoint>) -> Held {
        let mut from = vec![self.bodies.clone()];
        if !endpoint.is_some_and(Endpoint::needs_token) {
            from.push(self.without_token.clone());
        }
        Held { from, bytes: 0 }
    }

    /// Nothing yet, for an answer.
    pub(crate) fn for_answer(&self) -> Held {
        Held {
            from: vec![self.answers.clone()],
            bytes: 0,
        }
    }
}

/// Bytes that are held. They are free again when it is dropped.
pub(crate) struct Held {
    from: Vec<Arc<Semaphore>>,
    bytes: usize,
}

impl Held {
    /// Takes some more.
    ///
    /// # Errors
    /// `ServiceUnavailable` if there are not so many left; then none is taken.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        let count = u32::try_from(bytes).unwrap_or(u32::MAX);
        let taken = self.from.iter().map(|from| from.try_acquire_many(count));
        let Ok(taken) = taken.collect::<Result<Vec<_>, _>>() else {
            return Err(Error::ServiceUnavailable(
                "The service holds as many bytes of requests and answers as it may; send the request again later"
                    .to_owned(),
            ));
        };
        for permit in taken {
            permit.forget();
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for from in &self.from {
            from.add_permits(self.bytes);
        }
    }
}

/// Content with the bytes that are held for it.
pub(crate) struct Counted<T> {
    pub(crate) content: T,
    pub(crate) _held: Held,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Counted<T> {
    fn as_ref(&self) -> &[u8] {
        self.content.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_free_again_after_they_were_held() {
        let budgets = Budgets::new(&Settings {
            body_budget: 100,
            ..Settings::default()
        });
        let (push, validate) = (Some(Endpoint::PushZipfile), Some(Endpoint::Validate));
        let mut without_token = budgets.for_body(validate);

        assert!(without_token.take(51).is_err(), "half is for tokens");
        assert!(without_token.take(50).is_ok());
        assert!(budgets.for_body(validate).take(1).is_err());
        let mut with_token = budgets.for_body(push);
        assert!(with_token.take(51).is_err(), "100 in all");
        assert!(with_token.take(50).is_ok());
        drop(without_token);
        assert!(with_token.take(50).is_ok());
        assert!(budgets.for_body(validate).take(1).is_err());
        drop(with_token);
        assert!(budgets.for_body(push).take(100).is_ok());
    }
}
