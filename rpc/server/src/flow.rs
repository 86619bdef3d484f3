//! Backpressure: a client that asks faster than it reads is not read from.
//!
//! The transport below answers every message in a task of its own and puts no bound on them. Here each
//! connection has a number of turns, one per call in progress; when they are used up, or when answers
//! pile up unsent, reading from the socket pauses. The client's own sends then wait, as TCP has it.

use std::{
    io,
    pin::Pin,
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    task::{ready, Context, Poll},
};

use futures::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, Semaphore, SemaphorePermit},
};

/// Bytes of answers that may wait to be sent before no further call begins. Calls already in progress
/// may add theirs.
const UNSENT_MAX: usize = 4 * 1024 * 1024;

/// The traffic of one connection.
#[derive(Debug)]
pub(crate) struct Flow {
    turns: Semaphore,
    /// Bytes of answers made and not yet written. Frame headers and notifications are written without
    /// being counted here, so this errs on the low side and is right again when all is sent.
    unsent: AtomicUsize,
    reader: AtomicWaker,
    sent: Notify,
}

/// The right to one call. The next one may begin when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    flow: &'a Flow,
    permit: Option<SemaphorePermit<'a>>,
}

impl Flow {
    /// At most `turns` calls at a time.
    pub(crate) fn new(turns: u32) -> Self {
        Self {
            turns: Semaphore::new(turns as usize),
            unsent: AtomicUsize::new(0),
            reader: AtomicWaker::new(),
            sent: Notify::new(),
        }
    }

    /// Waits until one more call may begin.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        // Never closed; if it were, calls would go on unbounded rather than stop.
        let permit = self.turns.acquire().await.ok();
        loop {
            let sent = self.sent.notified();
            if !self.is_congested() {
                break;
            }
            sent.await;
        }
        Turn { flow: self, permit }
    }

    /// Counts an answer that waits to be sent.
    pub(crate) fn answered(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::AcqRel);
    }

    fn written(&self, bytes: usize) {
        let update = |unsent: usize| Some(unsent.saturating_sub(bytes));
        let was = self
            .unsent
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
        if was.is_ok_and(|unsent| unsent > UNSENT_MAX) && !self.is_congested() {
            self.sent.notify_waiters();
            self.reader.wake();
        }
    }

    fn is_congested(&self) -> bool {
        self.unsent.load(Ordering::Acquire) > UNSENT_MAX
    }

    fn is_paused(&self) -> bool {
        self.is_congested() || self.turns.available_permits() == 0
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.flow.reader.wake();
    }
}

/// A socket that is not read from while its connection's traffic is paused.
#[derive(Debug)]
pub(crate) struct PacedSocket<S> {
    socket: S,
    flow: Arc<Flow>,
}

impl<S> PacedSocket<S> {
    pub(crate) fn new(socket: S, flow: Arc<Flow>) -> Self {
        Self { socket, flow }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.flow.is_paused() {
            self.flow.reader.register(context.waker());
            // Asked again, for it may have changed before the waker was there to be woken.
            if self.flow.is_paused() {
                return Poll::Pending;
            }
        }
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        self.flow.written(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write_vectored(context, parts))?;
        self.flow.written(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn reading_pauses_while_no_turn_is_left() {
        let flow = Arc::new(Flow::new(2));
        let (mut client, socket) = tokio::io::duplex(64);
        let mut socket = PacedSocket::new(socket, Arc::clone(&flow));
        client.write_all(b"ask").await.unwrap();
        let first = flow.turn().await;
        let _second = flow.turn().await;
        assert!(flow.turn().now_or_never().is_none());
        let mut buffer = [0; 3];
        let reading = tokio::spawn(async move {
            socket.read_exact(&mut buffer).await.unwrap();
            buffer
        });
        tokio::task::yield_now().await;
        assert!(!reading.is_finished());
        drop(first);
        assert_eq!(reading.await.unwrap(), *b"ask");
    }

    #[tokio::test]
    async fn calls_and_reading_wait_until_answers_are_sent() {
        let flow = Arc::new(Flow::new(2));
        let (mut client, socket) = tokio::io::duplex(UNSENT_MAX);
        let (mut reader, mut writer) =
            tokio::io::split(PacedSocket::new(socket, Arc::clone(&flow)));
        flow.answered(UNSENT_MAX + 10);
        client.write_all(b"ask").await.unwrap();
        let reading = tokio::spawn(async move { reader.read_u8().await.unwrap() });
        let waiting = tokio::spawn({
            let flow = Arc::clone(&flow);
            async move { drop(flow.turn().await) }
        });
        writer.write_all(&[0; 9]).await.unwrap();
        tokio::task::yield_now().await;
        assert!(!reading.is_finished() && !waiting.is_finished());
        writer.write_all(&[0; 1]).await.unwrap();
        assert_eq!(reading.await.unwrap(), b'a');
        waiting.await.unwrap();
    }

    #[test]
    fn what_is_written_besides_answers_is_forgotten() {
        let flow = Flow::new(1);
        flow.written(1_000);
        flow.answered(UNSENT_MAX + 1);
        assert!(flow.is_congested());
    }
}
