//! A proxy before the real server that misbehaves on purpose.

use http::{HeaderMap, Method, Request, StatusCode};
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooMany,
    Internal,
    Unavailable,
    /// The connection ends before the server sees the request.
    ResetBefore,
    /// The server does it, and nobody hears of it.
    ResetAfter,
    /// Half of the answer comes.
    Truncated,
    Slow,
    /// Another writer was faster.
    Conflict,
    /// Another writer changes the object a moment before.
    OtherWriter,
    /// From now on, nobody is who they say.
    Expired,
    Webhook,
    /// No answer comes.
    Hang,
    /// Discovery has its old form only.
    OldDiscovery,
    /// The server judges by a definition that was changed a moment ago.
    OldDefinition,
}

pub(super) const FAULTS: [Fault; 11] = [
    Fault::TooMany,
    Fault::Internal,
    Fault::Unavailable,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Truncated,
    Fault::Slow,
    Fault::Conflict,
    Fault::OtherWriter,
    Fault::Expired,
    Fault::Webhook,
];

/// Numbers that look random, and are the same for the same seed.
#[derive(Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What a proxy did.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) faults: Mutex<Vec<Fault>>,
}

/// A running proxy.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
    _runtime: tokio::runtime::Runtime,
}

type Judge = Arc<dyn Fn(&Method, &str) -> Option<Fault> + Send + Sync>;

impl Proxy {
    /// Starts one that asks a judge about every request.
    pub(super) fn start(
        kubeconfig: &str,
        judge: impl Fn(&Method, &str) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let seen = Arc::new(Seen::default());
        let judge: Judge = Arc::new(judge);
        let address = runtime.block_on(async {
            let read = Kubeconfig::read_from(Path::new(kubeconfig)).expect("a kubeconfig");
            let mut config =
                Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await.expect("a context");
            config.default_retry = false;
            let client = Client::try_from(config).expect("a client");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, client.clone(), Arc::clone(&judge), Arc::clone(&seen)));
                }
            });
            address
        });
        Self { address, seen, _runtime: runtime }
    }

    /// Writes a kubeconfig that leads here.
    pub(super) fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: proxy\nclusters: [{{ name: proxy, cluster: {{ server: \"http://{}\" }} }}]\nusers: [{{ name: proxy, user: {{ token: x }} }}]\ncontexts: [{{ name: proxy, context: {{ cluster: proxy, user: proxy }} }}]\n",
            self.address
        )
    }
}

async fn serve(mut stream: TcpStream, client: Client, judge: Judge, seen: Arc<Seen>) {
    let mut buffer = Vec::new();
    while let Some((method, path, headers, body)) = read_request(&mut stream, &mut buffer).await {
        let fault = judge(&method, &path);
        if let (Some(fault), Ok(mut faults)) = (fault, seen.faults.lock()) {
            faults.push(fault);
        }
        let status = |code: u16, reason: &str, message: &str| {
            let body = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code});
            (StatusCode::from_u16(code).expect("a code"), HeaderMap::new(), body.to_string().into_bytes())
        };
        let (code, answer_headers, answer) = match fault {
            Some(Fault::ResetBefore) => return,
            Some(Fault::TooMany) => {
                let (code, mut headers, body) = status(429, "TooManyRequests", "slow down");
                headers.insert("retry-after", "1".parse().expect("a value"));
                (code, headers, body)
            }
            Some(Fault::Internal) => status(500, "InternalError", "etcdserver: leader changed"),
            Some(Fault::Unavailable) => {
                (StatusCode::SERVICE_UNAVAILABLE, HeaderMap::new(), b"upstream is away".to_vec())
            }
            Some(Fault::Conflict) if method != Method::GET => status(
                409,
                "Conflict",
                "Operation cannot be fulfilled on things \"a\": the object has been modified; please apply your changes to the latest version and try again",
            ),
            Some(Fault::OldDefinition) => status(
                500,
                "",
                "failed to create typed patch object (a/one; example.com/v1, Kind=Light): .spec.glow: field not declared in schema",
            ),
            Some(Fault::Expired) => status(401, "Unauthorized", "Unauthorized"),
            Some(Fault::Webhook) if method != Method::GET => status(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"a.example.com\": failed to call webhook: Post \"https://a.b.svc:443/\": dial tcp 10.0.0.1:443: connect: connection refused",
            ),
            _ => {
                if fault == Some(Fault::Slow) {
                    tokio::time::sleep(Duration::from_millis(700)).await;
                }
                if fault == Some(Fault::Hang) {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                if fault == Some(Fault::OtherWriter) && method != Method::GET {
                    let target = format!("{}?fieldManager=other", path.split('?').next().unwrap_or_default());
                    let patch = format!(r#"{{"metadata":{{"annotations":{{"other":"{:p}"}}}}}}"#, &buffer[..]);
                    let request = Request::builder().method(Method::PATCH).uri(target);
                    let request = request.header("content-type", "application/merge-patch+json");
                    // What is not there yet, nobody can change.
                    let _ = client.send(request.body(Body::from(patch.into_bytes())).expect("a request")).await;
                }
                let mut request = Request::builder().method(method.clone()).uri(&path);
                let old = fault == Some(Fault::OldDiscovery);
                for name in ["content-type", "accept"].into_iter().filter(|name| !old || *name != "accept") {
                    if let Some(value) = headers.get(name) {
                        request = request.header(name, value);
                    }
                }
                let Ok(response) = client.send(request.body(Body::from(body)).expect("a request")).await else {
                    return;
                };
                let (head, body) = response.into_parts();
                let Ok(bytes) = body.collect_bytes().await else { return };
                (head.status, head.headers, bytes.to_vec())
            }
        };
        if fault == Some(Fault::ResetAfter) {
            return;
        }
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", code.as_u16(), answer.len());
        for name in ["content-type", "date", "warning", "retry-after"] {
            for value in answer_headers.get_all(name) {
                head += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
            }
        }
        head += "\r\n";
        let half = fault == Some(Fault::Truncated);
        let answer = if half { &answer[..answer.len() / 2] } else { &answer[..] };
        if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(answer).await.is_err() || half {
            return;
        }
    }
}

/// Reads a request of HTTP/1.1 whose body has a length.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(Method, String, HeaderMap, Vec<u8>)> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let mut chunk = vec![0; 16 << 10];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, path) = (words.next()?.parse().ok()?, words.next()?.to_owned());
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let name: http::HeaderName = name.to_lowercase().parse().ok()?;
        headers.append(name, value.trim().parse().ok()?);
    }
    let length: usize =
        headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or_default();
    let body_end = end + 4 + length;
    while buffer.len() < body_end {
        let mut chunk = vec![0; 64 << 10];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    }
    let body = buffer[end + 4..body_end].to_vec();
    buffer.drain(..body_end);
    Some((method, path, headers, body))
}
