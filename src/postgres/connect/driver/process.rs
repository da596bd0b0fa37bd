//! The id of the server process that the login named. tokio-postgres uses it for cancelling only and doesn't return it. So a
//! cancel request is written into a buffer and read here.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::CancelToken;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::exchange::answer_at_once;

/// The process id that the server named when the session began. A pooler names one of its own.
pub fn process_id(token: &CancelToken) -> Option<i32> {
    let mut written = Vec::new();
    let _ = answer_at_once(token.cancel_query_raw(RequestBuffer(&mut written), WithoutTls))?;
    // Length, code, process id, key: four bytes each. A request for TLS may come before it.
    let request = written.get(written.len().checked_sub(16)?..)?;
    Some(i32::from_be_bytes(request.get(8..12)?.try_into().ok()?))
}

/// Stores what is written, and answers yes to a request for TLS.
struct RequestBuffer<'a>(&'a mut Vec<u8>);

impl AsyncRead for RequestBuffer<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        buffer.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for RequestBuffer<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for RequestBuffer<'_> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// TLS that encrypts nothing.
struct WithoutTls;

impl<'a> TlsConnect<RequestBuffer<'a>> for WithoutTls {
    type Stream = RequestBuffer<'a>;
    type Error = Infallible;
    type Future = Ready<Result<RequestBuffer<'a>, Infallible>>;

    fn connect(self, buffer: RequestBuffer<'a>) -> Self::Future {
        ready(Ok(buffer))
    }
}
