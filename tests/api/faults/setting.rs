//! A running service, one of whose calls has trouble.

use std::net::{Ipv4Addr, SocketAddr};

use omps::app::App;
use omps::aws::Aws;
use omps::config::Config;
use omps_tests::quay::{Quay, Settings};
use omps_tests::stand_in::{self, StandIn};
use omps_tests::tls::{Authority, Terminator};
use reqwest::Url;
use tokio::net::TcpSocket;

use super::Case;
use super::call::Service;
use super::trouble::Trouble;
use crate::helpers::TestApp;

/// The connection from our service to the other one.
enum Connection {
    Free,
    /// An address that is in use, where nobody listens.
    Closed(
        #[expect(dead_code, reason = "while it exists, nobody else gets the address")] TcpSocket,
    ),
    Tls(Terminator),
}

/// Our service, and its connection to the other one.
pub(crate) struct Setting {
    pub app: TestApp,
    case: Case,
    connection: Connection,
    /// A Quay that must not receive any request.
    elsewhere: Quay,
}

impl Setting {
    pub(crate) async fn start(case: Case) -> Self {
        let mut connection = Connection::Free;
        let settings = case.call.settings();
        let build = |config, aws| build(config, aws, case, &mut connection);
        let app = TestApp::launch(settings, true, build).await;
        let elsewhere = Quay::start(Settings::default()).await.expect("a port");
        case.call.prepare(&app);
        match case.call.service() {
            Service::Quay => arm(&app.quay, case, &elsewhere),
            Service::Hub | Service::Root => arm(&app.koji, case, &elsewhere),
            Service::Greenwave => arm(&app.greenwave, case, &elsewhere),
        }
        Self {
            app,
            case,
            connection,
            elsewhere,
        }
    }

    /// How often the other service was called, including failed connections.
    pub(crate) fn tries(&self) -> usize {
        assert!(self.elsewhere.requests().is_empty());
        let (method, path, containing) = self.case.call.request();
        let requests = self.case.call.service().requests(&self.app);
        let asked = requests
            .iter()
            .filter(|request| request.is(method, path, containing));
        let tries = asked.count();
        match &self.connection {
            Connection::Tls(terminator) if tries == 0 => terminator.connections(),
            _ => tries,
        }
    }
}

fn arm<S: stand_in::Service>(service: &StandIn<S>, case: Case, elsewhere: &Quay) {
    let (method, path, containing) = case.call.request();
    let count = case.once.then_some(1);
    if let Some(fault) = case.trouble.fault(&elsewhere.url()) {
        service.fail(count, method, path, containing, fault);
    }
}

/// Our service, configured so that the other one is at an address where nobody listens, or behind TLS.
fn build(mut config: Config, aws: Aws, case: Case, connection: &mut Connection) -> App {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.request_timeout = case.trouble.request_timeout();
    let url = case.call.service().url(&mut config);
    if case.trouble == Trouble::Refused {
        let nobody = TcpSocket::new_v4().expect("a socket");
        nobody.bind(free).expect("a port");
        move_to(url, "http", nobody.local_addr().expect("an address"));
        *connection = Connection::Closed(nobody);
    }
    let authority = Authority::new("the stand-ins' CA");
    if let Some(certificate) = case.trouble.certificate(&authority) {
        let behind = url.socket_addrs(|| None).expect("an address")[0];
        let started = Terminator::start(free, certificate, behind).expect("a port");
        move_to(url, "https", started.address());
        *connection = Connection::Tls(started);
    }
    let mut app = App::with_aws(config, aws);
    app.trust(authority.pem().as_bytes())
        .expect("a certificate");
    app
}

fn move_to(url: &mut Url, scheme: &str, address: SocketAddr) {
    url.set_scheme(scheme).expect("a scheme of the web");
    url.set_port(Some(address.port())).expect("a port");
}
