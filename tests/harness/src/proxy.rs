//! A link between two programs that can be cut and slowed down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Carries TCP connections from a port of its own to another one.
#[derive(Debug, Clone)]
pub struct LinkProxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    cut: AtomicBool,
    delay_ms: AtomicU64,
}

impl LinkProxy {
    /// Listens on a free port of loopback.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(target: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State { cut: AtomicBool::new(false), delay_ms: AtomicU64::new(0) });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, target, Arc::clone(&shared)));
            }
        });
        Ok(Self { port, state })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the link, or joins it again. Connections that are open are dropped.
    pub fn set_cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::Relaxed);
    }

    /// Delays every piece of data.
    pub fn set_delay(&self, delay: Duration) {
        self.state.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

async fn carry(client: TcpStream, target: u16, state: Arc<State>) {
    if state.cut.load(Ordering::Relaxed) {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let ((client_read, client_write), (server_read, server_write)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(client_read, server_write, &state) => {}
        () = pump(server_read, client_write, &state) => {}
    }
}

async fn pump(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, state: &State) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = tokio::time::timeout(Duration::from_millis(50), from.read(&mut buffer)).await;
        if state.cut.load(Ordering::Relaxed) {
            return;
        }
        let Ok(read) = read else { continue };
        let Some(count) = read.ok().filter(|count| *count > 0) else { return };
        tokio::time::sleep(Duration::from_millis(state.delay_ms.load(Ordering::Relaxed))).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
