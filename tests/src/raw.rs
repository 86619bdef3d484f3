//! JSON-RPC by the byte, for requests that no proper client would send.

use std::{net::SocketAddr, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Only a failure takes this long.
const DEADLINE: Duration = Duration::from_secs(30);
/// Largest head of an HTTP response.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Largest message that is read.
const MESSAGE_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Opcodes of WebSocket frames.
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Reads up to the empty line that ends an HTTP head.
async fn read_head(stream: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(head.len() < HEAD_BYTES_MAX, "a head without an end");
        head.push(stream.read_u8().await.context("the head of a response")?);
    }
    Ok(String::from_utf8(head)?)
}

/// Posts a body as it is: the status of the response and its text.
pub async fn post(address: SocketAddr, body: &[u8]) -> Result<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        // A server that refuses a large body may answer and close before it has all of it.
        let (mut from, mut to) = stream.split();
        let mut answer = Vec::new();
        let (_, read) = tokio::join!(to.write_all(body), from.read_to_end(&mut answer));
        if answer.is_empty() {
            read?;
        }
        let answer = String::from_utf8(answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP response")?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        anyhow::Ok((status, body.to_owned()))
    };
    timeout(DEADLINE, exchange).await.context("no answer")?
}

/// A WebSocket connection.
pub struct WebSocket {
    stream: TcpStream,
}

impl WebSocket {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let head = read_head(&mut stream).await?;
        ensure!(head.starts_with("HTTP/1.1 101"), "{head}");
        Ok(Self { stream })
    }

    /// Sends a text message as it is.
    pub async fn send(&mut self, text: &[u8]) -> Result<()> {
        timeout(DEADLINE, self.frame(TEXT, text))
            .await
            .context("the server does not read")?
    }

    async fn frame(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = vec![0x80 | opcode];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        // Clients must mask; this mask changes nothing.
        frame.extend([0; 4]);
        frame.extend(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next message, or `None` when the server closes.
    pub async fn receive(&mut self) -> Result<Option<Value>> {
        timeout(DEADLINE, self.next_message())
            .await
            .context("no message")?
    }

    async fn next_message(&mut self) -> Result<Option<Value>> {
        loop {
            let Ok(first) = self.stream.read_u8().await else {
                return Ok(None);
            };
            let length = match self.stream.read_u8().await? & 0x7f {
                126 => self.stream.read_u16().await?.into(),
                127 => self.stream.read_u64().await?,
                short => short.into(),
            };
            ensure!(length <= MESSAGE_BYTES_MAX, "{length} bytes in one frame");
            let mut payload = vec![0; usize::try_from(length)?];
            self.stream.read_exact(&mut payload).await?;
            match first & 0x0f {
                TEXT => return Ok(Some(serde_json::from_slice(&payload)?)),
                PING => self.frame(PONG, &payload).await?,
                CLOSE => return Ok(None),
                other => bail!("unexpected opcode {other}"),
            }
        }
    }
}
