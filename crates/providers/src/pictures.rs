//! Pictures at addresses that a third party or a user named: fetched from the public network only, and
//! never kept as they came, but decoded and encoded again.

mod pixels;

use std::time::Duration;

use reqwest::{Client, Url, header};

use crate::public_addresses::{self, is_private, names_private_address};

/// The largest picture that is fetched, bytes.
const LARGEST: usize = 4 * 1024 * 1024;
/// A picture as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file, a PNG.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// The ending of its name.
    pub const EXTENSION: &str = "png";
    /// Its media type.
    pub const MEDIA_TYPE: &str = "image/png";
}

/// Why there is no picture. Says nothing of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// It is not to be had at the moment.
    #[error("the picture could not be fetched: {0}")]
    Unreachable(String),
    /// There is none, or none that is taken.
    #[error("the picture is refused: {0}")]
    Refused(&'static str),
}

/// Fetches pictures.
pub struct Pictures {
    client: Client,
    private_addresses: bool,
}

impl Pictures {
    /// Prepares the way; nothing is connected yet. `private_addresses`: whether other addresses than public
    /// ones may be connected to.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub fn new(private_addresses: bool, timeout: Duration) -> Result<Self, crate::http::HttpOptionsError> {
        let client = public_addresses::client(private_addresses)
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()
            .map_err(|error| crate::http::HttpOptionsError::Client(error.to_string()))?;
        Ok(Self { client, private_addresses })
    }

    /// Fetches the picture at an address and encodes it again.
    ///
    /// # Errors
    /// [`PictureError`]
    pub async fn fetch(&self, address: &str) -> Result<Picture, PictureError> {
        let url = Url::parse(address).map_err(|_| PictureError::Refused("its address is none"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(PictureError::Refused("its address is not one of the web"));
        }
        if !self.private_addresses && names_private_address(&url) {
            return Err(PictureError::Refused("its address is not a public one"));
        }
        let bytes = self.download(url).await?;
        // Decoding takes as long as the picture is large: not on a thread that answers calls.
        let encoded = tokio::task::spawn_blocking(move || pixels::encode_again(&bytes)).await;
        let bytes = encoded.map_err(|_| PictureError::Refused("it cannot be decoded"))?.map_err(PictureError::Refused)?;
        Ok(Picture { bytes })
    }

    async fn download(&self, url: Url) -> Result<Vec<u8>, PictureError> {
        let broken = |error: reqwest::Error| match () {
            () if is_private(&error) => PictureError::Refused("its address is not a public one"),
            () if error.is_timeout() => PictureError::Unreachable("no answer in time".into()),
            () if error.is_connect() => PictureError::Unreachable("no connection".into()),
            () => PictureError::Unreachable("the connection broke".into()),
        };
        let accepted = "image/jpeg,image/png,image/webp";
        let mut answer = self.client.get(url).header(header::ACCEPT, accepted).send().await.map_err(broken)?;
        match answer.status().as_u16() {
            200 => {}
            // Somebody may try again later, or it is over.
            408 | 425 | 429 | 500.. => return Err(PictureError::Unreachable(format!("HTTP {}", answer.status().as_u16()))),
            _ => return Err(PictureError::Refused("there is none at its address")),
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err(PictureError::Refused("it is too large"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}
