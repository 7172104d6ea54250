//! The kinds of trouble with a service, or with the connection to it.

use std::time::Duration;

use omps_tests::stand_in::Fault;
use omps_tests::tls::{Authority, Certificate};

/// The host of every stand-in.
const HOST: &str = "127.0.0.1";
/// The `request_timeout` of services that are not slow.
const LONG: Duration = Duration::from_secs(10);
/// The `request_timeout` of slow services.
const SHORT: Duration = Duration::from_millis(1_500);

/// The trouble with every answer to a call, or with the connection to its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Refused,
    ResetBefore,
    ResetAfter,
    SlowBefore,
    SlowAfter,
    Busy,
    BusyForLong,
    Crash,
    BadGateway,
    Truncated,
    Endless,
    Page,
    Mislabelled,
    Unfinished,
    Redirect,
    SelfSigned,
    Expired,
    WrongName,
    UnknownAuthority,
    /// No trouble: TLS with a trusted authority.
    TrustedAuthority,
}

impl Trouble {
    pub(crate) const ALL: [Trouble; 20] = [
        Trouble::Refused,
        Trouble::ResetBefore,
        Trouble::ResetAfter,
        Trouble::SlowBefore,
        Trouble::SlowAfter,
        Trouble::Busy,
        Trouble::BusyForLong,
        Trouble::Crash,
        Trouble::BadGateway,
        Trouble::Truncated,
        Trouble::Endless,
        Trouble::Page,
        Trouble::Mislabelled,
        Trouble::Unfinished,
        Trouble::Redirect,
        Trouble::SelfSigned,
        Trouble::Expired,
        Trouble::WrongName,
        Trouble::UnknownAuthority,
        Trouble::TrustedAuthority,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Trouble::Refused => "connection refused",
            Trouble::ResetBefore => "reset before the request was taken",
            Trouble::ResetAfter => "reset after the request was taken",
            Trouble::SlowBefore => "too slow, nothing done",
            Trouble::SlowAfter => "too slow, but done",
            Trouble::Busy => "429, Retry-After: 0",
            Trouble::BusyForLong => "429, Retry-After: 60",
            Trouble::Crash => "500",
            Trouble::BadGateway => "502 in HTML",
            Trouble::Truncated => "body cut off",
            Trouble::Endless => "endless body",
            Trouble::Page => "200 in HTML",
            Trouble::Mislabelled => "right body, wrong content type",
            Trouble::Unfinished => "broken JSON or XML",
            Trouble::Redirect => "redirect to another host",
            Trouble::SelfSigned => "TLS: self-signed",
            Trouble::Expired => "TLS: expired",
            Trouble::WrongName => "TLS: another host's",
            Trouble::UnknownAuthority => "TLS: unknown CA",
            Trouble::TrustedAuthority => "TLS: trusted CA",
        }
    }

    /// Whether no request at all reaches the service.
    pub(crate) fn blocks_every_request(self) -> bool {
        self == Trouble::Refused || self.is_tls()
    }

    /// Whether the service expects that the same request succeeds a little later.
    pub(crate) fn is_temporary(self) -> bool {
        matches!(
            self,
            Trouble::ResetBefore
                | Trouble::ResetAfter
                | Trouble::Busy
                | Trouble::BadGateway
                | Trouble::Truncated
        )
    }

    /// Whether the service is behind TLS.
    pub(crate) fn is_tls(self) -> bool {
        matches!(
            self,
            Trouble::SelfSigned
                | Trouble::Expired
                | Trouble::WrongName
                | Trouble::UnknownAuthority
                | Trouble::TrustedAuthority
        )
    }

    /// Whether the request takes effect, whatever the answer is.
    pub(crate) fn takes_effect(self) -> bool {
        matches!(
            self,
            Trouble::ResetAfter | Trouble::SlowAfter | Trouble::Truncated
        )
    }

    /// The time limit for a call with this trouble.
    pub(crate) fn request_timeout(self) -> Duration {
        match self {
            Trouble::SlowBefore | Trouble::SlowAfter => SHORT,
            _ => LONG,
        }
    }

    /// The fault to arm in the stand-in, if there is one.
    pub(crate) fn fault<R>(self, elsewhere: &str) -> Option<Fault<R>> {
        let late = SHORT * 100;
        let reply = |status, content_type, body: &str| Fault::Reply {
            status,
            content_type,
            body: body.to_owned(),
        };
        Some(match self {
            Trouble::ResetBefore => Fault::CloseBeforeActing,
            Trouble::ResetAfter => Fault::CloseAfterActing,
            Trouble::SlowBefore => Fault::DelayBeforeActing(late),
            Trouble::SlowAfter => Fault::DelayAfterActing(late),
            Trouble::Busy => Fault::Busy { retry_after: 0 },
            Trouble::BusyForLong => Fault::Busy { retry_after: 60 },
            Trouble::Crash => reply(500, "text/html", "<html>Internal Server Error</html>"),
            Trouble::BadGateway => reply(502, "text/html", "<html>Bad Gateway</html>"),
            Trouble::Truncated => Fault::TruncateBody,
            Trouble::Endless => Fault::Endless,
            Trouble::Page => reply(200, "text/html", "<html>Welcome</html>"),
            Trouble::Mislabelled => Fault::Mislabel("image/png"),
            Trouble::Unfinished => reply(200, "application/json", r#"{"<methodResponse>": ["#),
            Trouble::Redirect => Fault::Redirect {
                base_url: elsewhere.to_owned(),
            },
            _ => return None,
        })
    }

    /// The certificate of the service, if it is behind TLS.
    pub(crate) fn certificate(self, authority: &Authority) -> Option<Certificate> {
        Some(match self {
            Trouble::SelfSigned => Certificate::self_signed(HOST),
            Trouble::Expired => authority.expired(HOST),
            Trouble::WrongName => authority.certificate("elsewhere.example.com"),
            Trouble::UnknownAuthority => Authority::new("another CA").certificate(HOST),
            Trouble::TrustedAuthority => authority.certificate(HOST),
            _ => return None,
        })
    }
}
