//! TLS for stand-ins, with certificates that are created for the tests.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::stand_in::{Service, StandIn};

/// A certificate authority for tests. Clients do not trust it unless they are configured to.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Certificate {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// An authority with this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
        Self { issuer }
    }

    /// The authority's own certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a host's name or address.
    pub fn certificate(&self, host: &str) -> Certificate {
        self.sign(&params(host))
    }

    /// An expired certificate for a host.
    pub fn expired(&self, host: &str) -> Certificate {
        let mut params = params(host);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(&params)
    }

    /// Serves its certificate at `http://<listen>/ca.pem`.
    ///
    /// # Errors
    /// The address is in use.
    pub async fn publish(self, listen: SocketAddr) -> io::Result<StandIn<Self>> {
        StandIn::serve(listen, self).await
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer);
        Certificate::new(certificate.expect("a certificate"), &key)
    }
}

impl Service for Authority {
    const NAME: &'static str = "CA";
    type Refusal = Infallible;

    fn router(self: Arc<Self>) -> Router {
        Router::new().route("/ca.pem", get(async move || self.pem()))
    }
}

impl Certificate {
    /// A self-signed certificate for a host.
    pub fn self_signed(host: &str) -> Self {
        let key = key();
        let certificate = params(host).self_signed(&key);
        Self::new(certificate.expect("a certificate"), &key)
    }

    fn new(certificate: rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate: certificate.into(),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }
}

fn params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).expect("a host's name");
    params.distinguished_name.push(DnType::CommonName, host);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// Accepts TLS connections and forwards the decrypted data. It stops when it is dropped.
pub struct Terminator {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

impl Terminator {
    /// Forwards to the server at `behind`. With port 0, it takes a free port.
    ///
    /// # Errors
    /// The address is in use.
    pub fn start(
        listen: SocketAddr,
        certificate: Certificate,
        behind: SocketAddr,
    ) -> io::Result<Self> {
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.certificate], certificate.key)
            .expect("the key is the certificate's");
        let listener = std::net::TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let server = tokio::spawn(serve(listener, acceptor, behind, connections.clone()));
        Ok(Self {
            address,
            connections,
            server,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of connections, including those whose client refused the certificate.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    behind: SocketAddr,
    connections: Arc<AtomicUsize>,
) {
    let mut open = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        connections.fetch_add(1, Ordering::Relaxed);
        let acceptor = acceptor.clone();
        open.spawn(async move {
            let mut outside = acceptor.accept(stream).await?;
            let mut inside = TcpStream::connect(behind).await?;
            copy_bidirectional(&mut outside, &mut inside).await
        });
        while open.try_join_next().is_some() {}
    }
}
