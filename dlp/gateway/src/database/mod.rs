//! Databases: PostgreSQL (and what speaks its protocol) and MySQL or MariaDB. Tables are read and written as streams.

mod address;
mod mysql;
mod postgres;
mod scan;
mod tls;

pub use address::{Address, DatabaseAddress, DatabaseKind};
pub use scan::{sample_table, scan_table, shown};
pub use tls::{Tls, TlsMode};

use crate::GatewayError;
use crate::table::{Sink, Source, create_file, open_file};

/// A table of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// Schema, or database in MySQL's words.
    pub schema: String,
    /// Table.
    pub name: String,
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// The tables of a database that the user may read; only the one the address names, if it names one.
///
/// # Errors
/// When the database can't be reached or the table does not exist.
pub fn tables(address: &DatabaseAddress) -> Result<Vec<TableName>, GatewayError> {
    match address.kind {
        DatabaseKind::Postgres => postgres::tables(address),
        DatabaseKind::Mysql => mysql::tables(address),
    }
}

/// Reads a table; with `sample` about so many rows from all over it.
///
/// # Errors
/// When the database can't be reached or the table can't be read.
pub fn open_table(
    address: &DatabaseAddress,
    table: &TableName,
    sample: Option<u64>,
) -> Result<Box<dyn Source>, GatewayError> {
    Ok(match address.kind {
        DatabaseKind::Postgres => Box::new(postgres::PostgresSource::open(address, table, sample)?),
        DatabaseKind::Mysql => Box::new(mysql::MysqlSource::open(address, table, sample)?),
    })
}

/// Opens a file or the table an address names.
///
/// # Errors
/// When it can't be read, or an address names no table.
pub fn open(target: &Address) -> Result<Box<dyn Source>, GatewayError> {
    match target {
        Address::File(path) => open_file(path),
        Address::Database(address) => {
            address.table_name()?;
            let table = tables(address)?.into_iter().next();
            let table = table.ok_or_else(|| address.failed("there is no such table, or it may not be read"))?;
            open_table(address, &table, None)
        }
    }
}

/// Makes a file or the table an address names. What exists is only replaced when asked to.
///
/// # Errors
/// When it can't be written.
pub fn create(target: &Address, replace: bool) -> Result<Box<dyn Sink>, GatewayError> {
    Ok(match target {
        Address::File(path) if !replace && path.exists() => {
            return Err(GatewayError::format(path, "exists; name another file, or replace it with --replace"));
        }
        Address::File(path) => create_file(path)?,
        Address::Database(address) => match address.kind {
            DatabaseKind::Postgres => Box::new(postgres::PostgresSink::open(address, replace)?),
            DatabaseKind::Mysql => Box::new(mysql::MysqlSink::open(address, replace)?),
        },
    })
}

/// Runs the connections of one source or sink on the thread of the job, which waits for them.
fn runtime(address: &DatabaseAddress) -> Result<tokio::runtime::Runtime, GatewayError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| address.failed(error))
}

/// Tells the log that a connection goes over the network in the clear, which the address left open.
fn in_the_clear(address: &DatabaseAddress) {
    let near = ["localhost", "127.0.0.1", "::1"].contains(&address.host.as_str()) || address.host.starts_with('/');
    if !near {
        tracing::warn!(%address, "the server speaks no TLS; data goes over the network in the clear");
    }
}
