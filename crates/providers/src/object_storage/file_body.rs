//! A file as a body of known length.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, ReadBuf, Take},
};

/// Read at once, bytes.
const PIECE: usize = 64 * 1024;

/// The next bytes of a file.
pub struct FileBody(Take<File>);

impl FileBody {
    /// `size` bytes of a file.
    pub fn new(file: File, size: u64) -> Self {
        Self(file.take(size))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut space = vec![0; PIECE];
        let mut buffer = ReadBuf::new(&mut space);
        match Pin::new(&mut self.0).poll_read(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                space.truncate(read);
                Poll::Ready((read > 0).then(|| Ok(Frame::data(space.into()))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.limit())
    }
}
