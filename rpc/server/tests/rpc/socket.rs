//! Plain HTTP and WebSocket clients that show every byte and the order of messages.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use serde_json::{json, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longest a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must come.
pub async fn soon<T>(future: impl std::future::Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this must come")
}

/// A WebSocket client.
pub struct Ws {
    stream: TcpStream,
    /// Messages read while waiting for another one.
    waiting: VecDeque<Value>,
    next_id: u64,
}

impl Ws {
    /// Connects, or tells the status line of the refusal.
    pub async fn open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, String> {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut request = String::from(
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        );
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: {address}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        stream
            .write_all(format!("{request}\r\n").as_bytes())
            .await
            .unwrap();
        let head = soon(read_head(&mut stream)).await;
        if !head.starts_with("HTTP/1.1 101") {
            return Err(head.lines().next().unwrap_or_default().to_owned());
        }
        Ok(Self {
            stream,
            waiting: VecDeque::new(),
            next_id: 0,
        })
    }

    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::open(address, &[]).await.unwrap()
    }

    /// Sends one text message as it is.
    pub async fn send_raw(&mut self, text: &[u8]) {
        let mut frame = vec![0x81];
        match text.len() {
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
        frame.extend(text);
        soon(self.stream.write_all(&frame)).await.unwrap();
    }

    /// Sends a request and returns its id.
    pub async fn send(&mut self, method: &str, params: Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send_raw(request.to_string().as_bytes()).await;
        id
    }

    /// The next message off the wire, `None` when the server closes.
    pub async fn next_raw(&mut self) -> Option<Value> {
        soon(async {
            loop {
                let (opcode, payload) = self.next_frame().await?;
                match opcode {
                    1 => return Some(serde_json::from_slice(&payload).unwrap()),
                    9 => {
                        let mut pong = vec![0x8a, 0x80 | payload.len() as u8, 0, 0, 0, 0];
                        pong.extend(payload);
                        self.stream.write_all(&pong).await.unwrap();
                    }
                    8 => return None,
                    other => panic!("unexpected opcode {other}"),
                }
            }
        })
        .await
    }

    async fn next_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let second = self.stream.read_u8().await.ok()?;
        let length = match second & 0x7f {
            126 => u64::from(self.stream.read_u16().await.ok()?),
            127 => self.stream.read_u64().await.ok()?,
            short => u64::from(short),
        };
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        assert_eq!(first & 0x80, 0x80, "the server does not fragment");
        Some((first & 0x0f, payload))
    }

    /// Waits for the answer to a request. Notifications that come before it wait their turn.
    pub async fn answer(&mut self, id: u64) -> Value {
        if let Some(place) = self.waiting.iter().position(|message| message["id"] == id) {
            return self.waiting.remove(place).unwrap();
        }
        loop {
            let message = self.next_raw().await.expect("the server must answer");
            if message["id"] == id {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// Calls and returns the whole answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.answer(id).await
    }

    /// Calls and returns the result.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Calls and returns the code of the error.
    pub async fn fail(&mut self, method: &str, params: Value) -> i64 {
        let answer = self.ask(method, params).await;
        answer["error"]["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    /// Subscribes and returns the id. No notification of the subscription may come before it.
    pub async fn subscribe(&mut self, method: &str, params: Value) -> String {
        let answer = self.ask(method, params).await;
        let id = answer["result"].as_str();
        let id = id
            .unwrap_or_else(|| panic!("{method}: {answer}"))
            .to_owned();
        let early = |message: &Value| message["params"]["subscription"] == id.as_str();
        assert!(
            !self.waiting.iter().any(early),
            "{method} notifies before its answer"
        );
        id
    }

    /// The next notification of a subscription: its `method` and `result`.
    pub async fn notification(&mut self, subscription: &str) -> (String, Value) {
        let is_it = |message: &Value| message["params"]["subscription"] == subscription;
        let message = match self.waiting.iter().position(is_it) {
            Some(place) => self.waiting.remove(place).unwrap(),
            None => loop {
                let message = self.next_raw().await.expect("a notification must come");
                if is_it(&message) {
                    break message;
                }
                self.waiting.push_back(message);
            },
        };
        let method = message["method"].as_str().unwrap().to_owned();
        (method, message["params"]["result"].clone())
    }

    /// Notifications that have come and that nobody has asked for.
    pub fn unread(&self) -> impl Iterator<Item = &Value> {
        self.waiting.iter()
    }

    /// The next notification of a follow subscription.
    pub async fn event(&mut self, subscription: &str) -> Value {
        let (method, event) = self.notification(subscription).await;
        assert_eq!(method, "chainHead_v1_followEvent");
        event
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// The answer to one HTTP request.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Response {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// Sends one HTTP request on a connection of its own.
pub async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n",
        body.len()
    );
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    // A server that refuses a large body answers and closes before it has all of it.
    let _written = stream.write_all(body).await;
    let head = soon(read_head(&mut stream)).await.to_lowercase();
    let mut body = Vec::new();
    let _read = soon(stream.read_to_end(&mut body)).await;
    Response {
        status: head
            .get(9..12)
            .and_then(|code| code.parse().ok())
            .unwrap_or_default(),
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// Calls over HTTP and returns the whole answer.
pub async fn post(address: SocketAddr, request: &Value) -> Value {
    http(address, "POST", "/", &[], request.to_string().as_bytes())
        .await
        .json()
}
