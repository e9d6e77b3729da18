//! Connections over TLS, with an authority that is made up for the test.

use std::path::Path;
use std::process::Command;

use fengsui_dlp_gateway::database::{Address, tables};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::server::{Server, mariadb, postgres, run};

/// An authority, another that signed nothing, and a certificate of `localhost` for the server.
pub(crate) fn certificates(folder: &Path, user: &str) {
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("writes");
    let authority = |name: &str| {
        let mut wanted = CertificateParams::default();
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wanted.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("makes a key");
        write(&format!("{name}.pem"), wanted.self_signed(&key).expect("signs").pem());
        Issuer::new(wanted, key)
    };
    let (root, _) = (authority("root"), authority("other"));
    let key = KeyPair::generate().expect("makes a key");
    let wanted = CertificateParams::new(["localhost".to_owned()]).expect("is a name");
    write("server.pem", wanted.signed_by(&key, &root).expect("signs").pem());
    write("server.key", key.serialize_pem());
    for file in ["server.key", "server.pem"] {
        run(Command::new("chown").arg(user).arg(folder.join(file)));
    }
    run(Command::new("chmod").arg("600").arg(folder.join("server.key")));
}

/// The tables of a database, or why there is no connection.
fn reached(address: &str) -> Result<usize, String> {
    let Address::Database(address) = Address::parse(address).map_err(|error| error.to_string())? else {
        panic!("{address} is no path")
    };
    tables(&address).map(|tables| tables.len()).map_err(|error| error.to_string())
}

/// Every mode against a server that speaks TLS, reached under the name its certificate has and under one it has not.
fn modes(server: &Server, kind: &str, database: &str) {
    let by_number = server.address(kind, database);
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let root = |name: &str| format!("sslrootcert={}", server.path(name).display());
    let (known, other) = (root("root.pem"), root("other.pem"));
    for (address, options) in [
        (&by_number, "sslmode=disable".to_owned()),
        (&by_number, "sslmode=prefer".to_owned()),
        (&by_number, "sslmode=require".to_owned()),
        (&by_name, format!("sslmode=verify-ca&{known}")),
        (&by_name, format!("sslmode=verify-full&{known}")),
    ] {
        assert_eq!(reached(&format!("{address}?{options}")), Ok(1), "{options}");
    }
    for (address, options) in [
        (&by_name, format!("sslmode=verify-ca&{other}")),
        (&by_name, format!("sslmode=require&{other}")),
        (&by_name, format!("sslmode=verify-full&{other}")),
        (&by_number, format!("sslmode=verify-full&{known}")),
        (&by_name, format!("sslmode=verify-full&{}", root("missing.pem"))),
    ] {
        let refused = reached(&format!("{address}?{options}")).expect_err(&options);
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}

/// A server without TLS is reached only where the address allows it.
fn without(server: &Server, kind: &str, database: &str) {
    let address = server.address(kind, database);
    for mode in ["disable", "prefer"] {
        assert!(reached(&format!("{address}?sslmode={mode}")).is_ok(), "{mode}");
    }
    let refused = reached(&format!("{address}?sslmode=require")).expect_err("has no TLS");
    assert!(refused.contains("TLS") || refused.contains("SSL"), "{refused}");
}

#[test]
fn postgresql_is_reached_over_tls_as_the_address_asks() {
    let files = ["-c", "ssl=on", "-c", "ssl_cert_file={}/server.pem", "-c", "ssl_key_file={}/server.key"];
    let Some(server) = postgres(&files) else { return };
    server.psql("CREATE TABLE lone (id int)");
    modes(&server, "postgres", "postgres");
    let any_name = format!("sslmode=verify-ca&sslrootcert={}", server.path("root.pem").display());
    assert_eq!(reached(&format!("{}?{any_name}", server.address("postgres", "postgres"))), Ok(1));
    let Some(plain) = postgres(&[]) else { return };
    plain.psql("SELECT 1");
    without(&plain, "postgres", "postgres");
}

#[test]
fn mariadb_is_reached_over_tls_as_the_address_asks() {
    let Some(server) = mariadb(&["--ssl-cert={}/server.pem", "--ssl-key={}/server.key"]) else { return };
    server.mysql("CREATE TABLE people.lone (id int)");
    modes(&server, "mysql", "people");
    let Some(plain) = mariadb(&["--skip-ssl"]) else { return };
    without(&plain, "mysql", "people");
}
