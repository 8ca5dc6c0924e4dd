//! The opening of a connection, bounded in time.
//!
//! Until it is clear which version of HTTP a client speaks, hyper-util waits without a limit; its
//! limits begin after that. So silent clients, and those who send a part of HTTP/2's preface, are
//! cut off here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose first bytes must come in time.
pub struct Opening<S> {
    stream: S,
    waiting: Option<Waiting>,
}

struct Waiting {
    deadline: Pin<Box<Sleep>>,
    /// How much of the preface has come.
    matched: usize,
}

impl<S> Opening<S> {
    /// Wraps a stream that was just accepted.
    pub fn new(stream: S, within: Duration) -> Self {
        Self { stream, waiting: Some(Waiting { deadline: Box::pin(sleep(within)), matched: 0 }) }
    }
}

impl Waiting {
    /// Whether the version is clear after these bytes.
    fn is_over(&mut self, bytes: &[u8]) -> bool {
        let rest = PREFACE.get(self.matched..).unwrap_or_default();
        self.matched += bytes.len();
        !rest.starts_with(bytes) || bytes.len() == rest.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, waiting } = &mut *self;
        let Some(opening) = waiting else { return Pin::new(stream).poll_read(context, buffer) };
        let before = buffer.filled().len();
        match Pin::new(stream).poll_read(context, buffer) {
            Poll::Ready(outcome) => {
                if outcome.is_err() || opening.is_over(buffer.filled().get(before..).unwrap_or_default()) {
                    *waiting = None;
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => {
                ready!(opening.deadline.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(pieces: &[&[u8]]) -> bool {
        let mut waiting = Waiting { deadline: Box::pin(sleep(Duration::ZERO)), matched: 0 };
        pieces.iter().any(|piece| waiting.is_over(piece))
    }

    #[tokio::test]
    async fn the_version_is_clear_with_the_whole_preface_or_with_anything_else() {
        assert!(over(&[PREFACE]));
        assert!(over(&[b"PRI * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n"]));
        assert!(over(&[b"G"]));
        assert!(over(&[b"P", b"O"]));
        assert!(over(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore"]));
        assert!(!over(&[b"PRI * HTTP"]));
        assert!(!over(&[b"P", b"R", b"I"]));
        assert!(!over(&[b""]));
    }
}
