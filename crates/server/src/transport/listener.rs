//! Accepts connections, bounded in number and time, and stops gracefully.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, sync::watch};
use tower::{ServiceExt, service_fn};

use super::{PeerAddress, opening::Opening};
use crate::runtime::told;

/// How long requests under way may take once the program is told to stop.
const FINISH_WITHIN: Duration = Duration::from_secs(10);
/// Request line and headers together, bytes. The official client's take about 4 KB.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// Bounds of connections.
#[derive(Clone, Copy, Debug)]
pub struct ListenerOptions {
    /// Time to receive the head of a request, also on an idle connection.
    pub header_timeout: Duration,
    /// Open connections at most; further ones wait to be accepted.
    pub max_connections: usize,
}

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    options: ListenerOptions,
}

impl Listener {
    /// Binds an address.
    pub async fn bind(address: SocketAddr, options: ListenerOptions) -> io::Result<Self> {
        Ok(Self { socket: TcpListener::bind(address).await?, options })
    }

    /// The address, with the real port if 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` is told, then finishes what is under way.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.header_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .pipeline_flush(true)
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD_BYTES as u32)
            .keep_alive_interval(Some(self.options.header_timeout))
            .keep_alive_timeout(self.options.header_timeout);
        let builder = Arc::new(builder);
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.options.max_connections.max(1)));
        loop {
            let place = tokio::select! {
                () = told(&mut stop) => break,
                place = places.clone().acquire_owned() => place,
            };
            let accepted = tokio::select! {
                () = told(&mut stop) => break,
                accepted = self.socket.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, say: without a pause this would spin.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Small answers must not wait for acknowledgements of earlier ones.
            let _ = stream.set_nodelay(true);
            let router = router.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(PeerAddress(peer));
                router.clone().oneshot(request)
            });
            let stream = Opening::new(stream, self.options.header_timeout);
            let builder = builder.clone();
            let watcher = graceful.watcher();
            tokio::spawn(async move {
                let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(%error, %peer, "a connection ended early");
                }
                drop(place);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not finished in time");
        }
    }
}
