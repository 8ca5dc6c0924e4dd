//! Reads just as much of HTTP/1.1 as the answers under test have: a status line, headers with
//! `Content-Length`, a body.

use anyhow::{Context, Result, bail};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// An answer longer than this is wrong.
const LONGEST: usize = 1 << 20;

/// Reads answers from a connection that is kept alive.
pub struct Responses {
    buffer: Vec<u8>,
    filled: usize,
}

impl Responses {
    /// For a new connection.
    pub fn new() -> Self {
        Self { buffer: vec![0; 16 * 1024], filled: 0 }
    }

    /// The body of the next answer.
    ///
    /// # Errors
    /// If the connection ends, or the answer is no HTTP 200 with a length.
    pub async fn next<'a>(&'a mut self, stream: &mut TcpStream) -> Result<&'a [u8]> {
        // One request is on its way at a time: whatever is left belongs to the answer before.
        self.filled = 0;
        let mut expected = None;
        loop {
            if let Some((start, end)) = expected
                && self.filled >= end
            {
                return self.buffer.get(start..end).context("a body within the buffer");
            }
            if self.filled == self.buffer.len() {
                if self.filled >= LONGEST {
                    bail!("the answer is too long");
                }
                self.buffer.resize(self.filled * 2, 0);
            }
            let read = stream.read(&mut self.buffer[self.filled..]).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            self.filled += read;
            if expected.is_none() {
                expected = extent(&self.buffer[..self.filled])?;
            }
        }
    }
}

/// Where the body begins and ends; `None` while the headers are incomplete.
fn extent(received: &[u8]) -> Result<Option<(usize, usize)>> {
    const NAME: &[u8] = b"\r\ncontent-length: ";
    let Some(end) = find(received, b"\r\n\r\n") else { return Ok(None) };
    let head = &received[..end + 2];
    if !head.starts_with(b"HTTP/1.1 200 ") {
        bail!("not HTTP 200: {}", String::from_utf8_lossy(head));
    }
    let at = find(head, NAME).context("no content-length")? + NAME.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0usize, |length, digit| length.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    if length > LONGEST {
        bail!("the answer is too long");
    }
    Ok(Some((end + 4, end + 4 + length)))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_the_length_says() {
        let answer = b"HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 12\r\n\r\n{\"errCode\":0}";
        assert_eq!(extent(answer).unwrap(), Some((48, 60)));
        assert_eq!(extent(&answer[..40]).unwrap(), None);
    }

    #[test]
    fn other_statuses_and_missing_lengths_are_errors() {
        assert!(extent(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").is_err());
        assert!(extent(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
