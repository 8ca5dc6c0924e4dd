//! HTTP by hand, for what no well-behaved client sends.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{TestApp, Value};

/// No answer within this time is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came back over HTTP/1.
#[derive(Debug)]
pub struct RawReply {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl RawReply {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without an end of its head")?;
        let head = String::from_utf8(bytes[..end].to_vec())?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Self { status, head, body: bytes[end + 4..].to_vec() })
    }
}

/// A connection to a program.
pub async fn connect(app: &TestApp) -> Result<TcpStream> {
    Ok(TcpStream::connect(app.address()).await?)
}

/// Sends bytes and reads until the program closes. A broken connection ends the reading too.
pub async fn talk(app: &TestApp, bytes: &[u8]) -> Result<Vec<u8>> {
    let (mut reading, mut writing) = connect(app).await?.into_split();
    let sending = async {
        // Whoever is refused early may not be able to send the rest.
        let _ = writing.write_all(bytes).await;
    };
    let mut answer = Vec::new();
    let receiving = async {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = reading.read(&mut chunk).await {
            answer.extend_from_slice(&chunk[..count]);
        }
    };
    if timeout(PATIENCE, async { tokio::join!(sending, receiving) }).await.is_err() {
        bail!("the connection stayed open");
    }
    Ok(answer)
}

/// Sends a whole request and reads the answer. The connection is to be closed after it.
pub async fn exchange(app: &TestApp, head: &str, body: &[u8]) -> Result<RawReply> {
    let mut request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    request.extend_from_slice(body);
    RawReply::parse(&talk(app, &request).await?)
}

/// Sends the beginning of a request, then nothing more, and reads until the program closes.
pub async fn begin(app: &TestApp, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut stream = connect(app).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.context("the connection stayed open")?;
    // Closing with unread input resets the connection, which is an end as well.
    let _ = read;
    Ok(answer)
}

/// Reads the answer to [`begin`].
pub fn parse(bytes: &[u8]) -> Result<RawReply> {
    RawReply::parse(bytes)
}
