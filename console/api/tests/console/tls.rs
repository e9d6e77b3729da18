//! The link to the node above over TLS: only a certificate that leads to the named issuer, for the name that was dialled
//! and in its time, is spoken to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fengsui_api::{ConsoleSettings, TierSettings, enrol_with_parent};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::support::{Running, start, start_with};

/// An issuer of certificates: a root, and an intermediate that signs.
struct Authority {
    root: String,
    middle: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let authority = |name: &str| {
            let mut params = CertificateParams::new(Vec::new()).expect("parameters");
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            (params, KeyPair::generate().expect("key"))
        };
        let ((root, root_key), (middle, middle_key)) = (authority("root"), authority("middle"));
        let root_text = root.self_signed(&root_key).expect("signs").pem();
        let middle_text = middle.signed_by(&middle_key, &Issuer::new(root, root_key)).expect("signs").pem();
        Self { root: root_text, middle: middle_text, issuer: Issuer::new(middle, middle_key) }
    }

    /// Certificate, chain and key of a server.
    fn server(&self, name: &str, until: i32) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("key");
        let chain = format!("{}{}", params.signed_by(&key, &self.issuer).expect("signs").pem(), self.middle);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("is a key");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain.expect("is a chain"), key);
        Arc::new(config.expect("fits"))
    }

    fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("issuer.pem");
        std::fs::write(&path, &self.root).expect("writes");
        path
    }
}

/// What stands before a console and speaks TLS for it.
struct Front {
    port: u16,
    config: watch::Sender<Arc<ServerConfig>>,
}

impl Front {
    async fn before(console: &Running, config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("has one").port();
        let (config, shown) = watch::channel(config);
        let target = console.address.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (target, mut shown) = (target.clone(), shown.clone());
                let acceptor = TlsAcceptor::from(Arc::clone(&shown.borrow_and_update()));
                tokio::spawn(async move {
                    let Ok(mut client) = acceptor.accept(stream).await else { return };
                    let Ok(mut server) = TcpStream::connect(target).await else { return };
                    // Connections that are open end with the certificate they were opened with.
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = shown.changed() => {}
                    }
                });
            }
        });
        Self { port, config }
    }

    fn show(&self, config: Arc<ServerConfig>) {
        self.config.send_replace(config);
    }

    fn settings(&self, issuer: &Path) -> TierSettings {
        let parent = Some(format!("https://127.0.0.1:{}", self.port));
        TierSettings { parent, parent_certificate: Some(issuer.to_owned()), ..TierSettings::default() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_certificate_is_spoken_to() {
    let (right, wrong) = (Authority::new(), Authority::new());
    let good = right.server("127.0.0.1", 2100);
    let bad = [
        ("another issuer of the same name", wrong.server("127.0.0.1", 2100)),
        ("expired", right.server("127.0.0.1", 2021)),
        ("another name", right.server("198.51.100.7", 2100)),
    ];
    let province = start().await;
    let front = Front::before(&province, Arc::clone(&good)).await;
    let issuer = right.write(province.folder.path());
    let tier = front.settings(&issuer);
    let settings = ConsoleSettings { unit: "620123".to_owned(), tier: tier.clone(), ..ConsoleSettings::default() };
    let county = start_with(settings).await;
    let code = province.console.node_code("620123", "console").await.expect("is made");

    // Asking to be let in: the code goes to nobody else.
    for (what, config) in &bad {
        front.show(Arc::clone(config));
        let asked = enrol_with_parent(&county.console, &tier, &code.code).await;
        assert!(asked.is_err(), "{what}: asked all the same");
    }
    let unnamed = TierSettings { parent_certificate: None, ..tier.clone() };
    assert!(enrol_with_parent(&county.console, &unnamed, &code.code).await.is_err(), "nobody's certificate is trusted");
    front.show(Arc::clone(&good));
    let fingerprint = enrol_with_parent(&county.console, &tier, &code.code).await.expect("asks");
    province.console.approve_node("620123", &fingerprint).await.expect("is let in");
    county.console.probe("P2", true, 1).await.expect("sends");
    arrive(&province, 1).await;

    // The link: messages wait as long as somebody else answers.
    let mut sent = 1;
    for (what, config) in bad {
        front.show(config);
        county.console.probe("P2", true, 1).await.expect("sends");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(arrived(&province).await, sent, "{what}: was spoken to all the same");
        sent += 1;
        front.show(Arc::clone(&good));
        arrive(&province, sent).await;
    }
}

async fn arrived(province: &Running) -> usize {
    let all = province.console.received(0).await.expect("reads");
    all.iter().filter(|message| message.kind == "probe").count()
}

async fn arrive(province: &Running, count: usize) {
    let mut looks = 0;
    while arrived(province).await < count {
        looks += 1;
        assert!(looks < 600, "{} of {count} messages arrived", arrived(province).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
