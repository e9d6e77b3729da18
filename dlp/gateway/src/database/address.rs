//! Where data is: a path, or the address of a database. Passwords are kept out of everything that is shown.

use std::path::{Path, PathBuf};

use fengsui_crypto::Secret;
use fengsui_schema::shown;

use super::TableName;
use super::tls::{Tls, TlsMode};
use crate::GatewayError;

/// A file, a folder or a database.
#[derive(Debug)]
pub enum Address {
    /// A path.
    File(PathBuf),
    /// `postgres://…` or `mysql://…`.
    Database(DatabaseAddress),
}

/// Which protocol a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// PostgreSQL, and KingbaseES and openGauss, which speak its protocol.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

/// `kind://user:password@host:port/database/schema.table?password_file=PATH&sslmode=verify-full&sslrootcert=PATH`.
pub struct DatabaseAddress {
    /// The protocol.
    pub kind: DatabaseKind,
    /// The host: a name, an address, or for PostgreSQL the folder of its socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Option<Secret<String>>,
    /// The database.
    pub database: String,
    /// The table, with its schema before a dot.
    pub table: Option<String>,
    /// How the connection is protected.
    pub tls: Tls,
}

impl Address {
    /// The address that a path is the text of, or the path itself.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn of_path(path: &Path) -> Result<Self, GatewayError> {
        match path.to_str() {
            Some(text) => Self::parse(text),
            None => Ok(Self::File(path.to_owned())),
        }
    }

    /// Reads an address; what has no `://` is a path.
    ///
    /// # Errors
    /// When it is of an unknown kind or malformed, or its password file can't be read.
    pub fn parse(text: &str) -> Result<Self, GatewayError> {
        match text.split_once("://") {
            None => Ok(Self::File(PathBuf::from(text))),
            Some(("file", path)) => Ok(Self::File(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) => {
                DatabaseAddress::parse(DatabaseKind::Postgres, rest).map(Self::Database)
            }
            Some(("mysql" | "mariadb", rest)) => DatabaseAddress::parse(DatabaseKind::Mysql, rest).map(Self::Database),
            Some((scheme, _)) => Err(GatewayError::NotConnected {
                target: shown(scheme).to_string(),
                remedy: "use a path, postgres://user@host/database/table or mysql://user@host/database/table",
            }),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.write_str(&path.to_string_lossy()),
            Self::Database(address) => address.fmt(f),
        }
    }
}

impl DatabaseAddress {
    fn parse(kind: DatabaseKind, rest: &str) -> Result<Self, GatewayError> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold a slash or an at sign that was not written as %2F or %40.
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host_and_port(place).ok_or_else(|| usage("has a port that is no number"))?;
        let (database, table) = path.split_once('/').map_or((path, None), |(database, table)| (database, Some(table)));
        let default = match kind {
            DatabaseKind::Postgres => 5432,
            DatabaseKind::Mysql => 3306,
        };
        let mut address = Self {
            kind,
            host: if host.is_empty() { "127.0.0.1".to_owned() } else { decoded(host) },
            port: port.unwrap_or(default),
            user: decoded(user),
            password: password.map(|password| Secret::new(decoded(password))),
            database: decoded(database),
            table: table.filter(|table| !table.is_empty()).map(decoded),
            tls: Tls::default(),
        };
        query.split('&').filter(|pair| !pair.is_empty()).try_for_each(|pair| address.option(pair))?;
        if address.user.is_empty() || address.database.is_empty() {
            return Err(usage("names no user or no database; write kind://user@host/database/table"));
        }
        if address.tls.verifies() && address.tls.root.is_none() {
            return Err(usage(
                "asks for the server's certificate to be checked and names no root; add sslrootcert=PATH",
            ));
        }
        Ok(address)
    }

    fn option(&mut self, pair: &str) -> Result<(), GatewayError> {
        match pair.split_once('=') {
            Some(("password_file", path)) => {
                let path = PathBuf::from(decoded(path));
                let text = std::fs::read_to_string(&path).map_err(|error| GatewayError::io(&path, error))?;
                self.password = Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()));
                Ok(())
            }
            Some(("host", folder)) => {
                self.host = decoded(folder);
                Ok(())
            }
            Some(("sslmode" | "ssl-mode", mode)) => {
                self.tls.mode = TlsMode::parse(mode).ok_or_else(|| {
                    usage("has an sslmode that is not known; known are disable, prefer, require, verify-ca and verify-full")
                })?;
                Ok(())
            }
            Some(("sslrootcert" | "ssl-ca", path)) => {
                self.tls.root = Some(PathBuf::from(decoded(path)));
                Ok(())
            }
            _ => Err(usage("has an option that is not known; known are password_file, host, sslmode and sslrootcert")),
        }
    }

    /// The table; its schema is `public`, or the database, when none is named.
    ///
    /// # Errors
    /// When the address names none.
    pub fn table_name(&self) -> Result<TableName, GatewayError> {
        let table = self.table.as_deref().ok_or_else(|| usage("names no table; add it: …/database/schema.table"))?;
        let default = match self.kind {
            DatabaseKind::Postgres => "public",
            DatabaseKind::Mysql => &self.database,
        };
        let (schema, name) = table.split_once('.').unwrap_or((default, table));
        Ok(TableName { schema: schema.to_owned(), name: name.to_owned() })
    }

    /// What a database said, with the address without its password.
    pub(super) fn failed(&self, reason: impl std::fmt::Display) -> GatewayError {
        GatewayError::Database { address: shown(&self.to_string()).to_string(), reason: reason.to_string() }
    }
}

impl std::fmt::Display for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DatabaseKind::Postgres => "postgres",
            DatabaseKind::Mysql => "mysql",
        };
        write!(f, "{kind}://{}@{}:{}/{}", self.user, self.host, self.port, self.database)?;
        self.table.as_ref().map_or(Ok(()), |table| write!(f, "/{table}"))
    }
}

impl std::fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseAddress({self})")
    }
}

fn usage(reason: &str) -> GatewayError {
    GatewayError::Usage(format!("the address of the database {reason}"))
}

/// Host and port; an IPv6 address stands in brackets.
fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    if let Some((host, rest)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => Some((host, None)),
        };
    }
    match place.rsplit_once(':') {
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((place, None)),
    }
}

/// Bytes written as %2F decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *byte == b'%') {
            Some(code) => (bytes.push(code), rest = &after[2..]).1,
            None => (bytes.push(*byte), rest = after).1,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(text: &str) -> DatabaseAddress {
        match Address::parse(text).expect("is an address") {
            Address::Database(address) => address,
            Address::File(_) => panic!("{text} is no path"),
        }
    }

    #[test]
    fn parts_are_found_and_the_password_is_never_shown() {
        let address = database("postgres://app:p%40ss/w@rd@db.example:6543/people/health.visits");
        assert_eq!((address.host.as_str(), address.port, address.user.as_str()), ("db.example", 6543, "app"));
        assert_eq!(address.password.as_ref().map(|password| password.expose().clone()).as_deref(), Some("p@ss/w@rd"));
        assert_eq!(address.table_name().expect("names one").to_string(), "health.visits");
        for text in [address.to_string(), format!("{address:?}"), address.failed("no").to_string()] {
            assert!(!text.contains("p@ss") && !text.contains("w@rd"), "{text}");
        }
        let plain = database("mysql://app@[::1]/people/visits");
        assert_eq!((plain.host.as_str(), plain.port), ("::1", 3306));
        assert_eq!(plain.table_name().expect("names one").to_string(), "people.visits");
    }

    #[test]
    fn modes_of_tls_are_known_in_both_spellings() {
        let mode = |text: &str| database(text).tls.mode();
        assert_eq!(mode("postgres://u@h/d"), TlsMode::Prefer);
        assert_eq!(mode("postgres://u@h/d?sslmode=disable"), TlsMode::Disable);
        assert_eq!(mode("mysql://u@h/d?ssl-mode=REQUIRED"), TlsMode::Require);
        assert_eq!(mode("mysql://u@h/d?ssl-mode=VERIFY_IDENTITY&ssl-ca=/ca.pem"), TlsMode::VerifyFull);
        // A root certificate that is named is there to be checked against.
        assert_eq!(mode("postgres://u@h/d?sslmode=require&sslrootcert=/ca.pem"), TlsMode::VerifyCa);
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_remedy() {
        for text in [
            "oracle://u@h/d",
            "postgres://h/d",
            "postgres://u@h:x/d",
            "mysql://u@h/d?x=1",
            "postgres://u@h/d?sslmode=maybe",
            "postgres://u@h/d?sslmode=verify-full",
        ] {
            let error = Address::parse(text).expect_err("is refused").to_string();
            assert!(error.len() > 20, "{error}");
        }
        assert!(matches!(Address::parse("a/b.csv"), Ok(Address::File(_))));
        assert!(database("postgres://u@h/d").table_name().is_err());
    }
}
