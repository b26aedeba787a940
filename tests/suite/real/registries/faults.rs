//! A proxy that cuts, delays, truncates, refuses, lies and leads elsewhere: whatever happens, a push is complete or absent,
//! a pull is verified or failed, the cache holds what its names say, and credentials go to no other host.
//!
//! Every run has a seed. The short test goes over a few; `cargo test --test suite faults -- --ignored` goes over 300.

use super::server::{Asks, Kind, LOGIN, Server, run};
use super::succeed;
use crate::sandbox::{Run, Sandbox};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is done to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The registry never hears of the request.
    Lost,
    /// It does, and its answer gets lost.
    Cut,
    CutWithin,
    Delay,
    Truncate,
    Status(u16),
    WrongDigest,
    WrongByte,
    TooLong,
    Elsewhere,
}

const FAULTS: [Fault; 15] = [
    Fault::Cut,
    Fault::CutWithin,
    Fault::Delay,
    Fault::Truncate,
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(429),
    Fault::Status(500),
    Fault::Status(503),
    Fault::WrongDigest,
    Fault::WrongByte,
    Fault::TooLong,
    Fault::Elsewhere,
    Fault::Cut,
];

/// A generator of the next number, the same for the same seed.
fn next(state: &AtomicU64) -> u64 {
    let step = |state: u64| state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let before =
        state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| Some(step(state))).unwrap_or_default();
    step(before) >> 33
}

/// Reads a request: its head, and its body.
fn request(connection: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match connection.read(&mut chunk) {
            // Whoever asks whether TLS is spoken here is told at once that it is not.
            Ok(read) if read > 0 && (!bytes.is_empty() || chunk[0] != 0x16) => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        match connection.read(&mut chunk) {
            Ok(read) if read > 0 => body.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
    Some((head, body))
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Serves connections, each by a thread of its own, until the process ends.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(connection));
        }
    });
    address
}

/// Starts a host that answers anything, and notes who sent it credentials.
fn elsewhere() -> (String, Arc<Mutex<Vec<String>>>) {
    let leaked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&leaked);
    let host = listen(move |mut connection| {
        let Some((head, _)) = request(&mut connection) else { return };
        if header(&head, "authorization").is_some() {
            noted.lock().expect("no thread panicked").push(head.lines().next().unwrap_or_default().to_owned());
        }
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nnobody");
    });
    (host, leaked)
}

/// Starts a proxy before a registry that does to each answer what is chosen for its request.
pub(super) fn proxy(
    upstream: String,
    elsewhere: String,
    choose: impl Fn(&str) -> Option<Fault> + Send + Sync + 'static,
) -> String {
    listen(move |mut connection| {
        let Some((head, body)) = request(&mut connection) else { return };
        let fault = choose(&head);
        if let Some(Fault::Status(status)) = fault {
            let text = format!("HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = connection.write_all(text.as_bytes());
            return;
        }
        if fault == Some(Fault::Lost) {
            return;
        }
        let (answer_head, mut answer) = forward(&upstream, &head, &body);
        let mut lines: Vec<String> = answer_head.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
        lines.retain(|line| {
            !["content-length", "connection", "transfer-encoding"]
                .iter()
                .any(|name| line.to_lowercase().starts_with(name))
        });
        let is_head = head.starts_with("HEAD ");
        let told: Option<usize> = header(&answer_head, "content-length").and_then(|text| text.parse().ok());
        let mut length = if is_head { told.unwrap_or(0) } else { answer.len() };
        match fault {
            Some(Fault::Cut) => return,
            Some(Fault::CutWithin) => answer.truncate(answer.len() / 2),
            Some(Fault::Truncate) => {
                answer.truncate(answer.len() / 2);
                length = if is_head { length / 2 } else { answer.len() };
            }
            Some(Fault::Delay) => std::thread::sleep(Duration::from_millis(60)),
            Some(Fault::WrongByte) => {
                if let Some(byte) = answer.last_mut() {
                    *byte ^= 1;
                }
            }
            Some(Fault::TooLong) if !is_head => {
                answer.extend_from_slice(b"more");
                length = answer.len();
            }
            Some(Fault::WrongDigest) => {
                for line in &mut lines {
                    if line.to_lowercase().starts_with("docker-content-digest") {
                        *line = format!("Docker-Content-Digest: sha256:{}", "0".repeat(64));
                    }
                }
            }
            Some(Fault::Elsewhere) => {
                lines.retain(|line| !line.to_lowercase().starts_with("location"));
                // A place to upload to is another one; everything else is a redirect.
                if !head.starts_with("POST ") {
                    "HTTP/1.1 307 Temporary Redirect".clone_into(&mut lines[0]);
                }
                lines.push(format!("Location: http://{elsewhere}/v2/elsewhere"));
            }
            _ => {}
        }
        lines[0] = lines[0].replace("HTTP/1.0", "HTTP/1.1");
        let text = format!("{}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        let _ = connection
            .write_all(text.as_bytes())
            .and_then(|()| if is_head { Ok(()) } else { connection.write_all(&answer) });
        let _ = connection.shutdown(Shutdown::Write);
    })
}

/// Starts a proxy that does something to about every fourth answer, and notes what.
fn faulty(upstream: String, elsewhere: String, seed: u64) -> (String, Arc<Mutex<Vec<Fault>>>) {
    let state = AtomicU64::new(seed);
    let struck = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&struck);
    let choose = move |_: &str| {
        let roll = next(&state);
        let fault = roll.is_multiple_of(4).then(|| FAULTS[(roll / 4) as usize % FAULTS.len()]);
        noted.lock().expect("no thread panicked").extend(fault);
        fault
    };
    (proxy(upstream, elsewhere, choose), struck)
}

fn forward(upstream: &str, head: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut connection = TcpStream::connect(upstream).expect("the registry runs");
    let (first, rest) = head.split_once("\r\n").expect("a request has a first line");
    // By the older protocol the answer comes in one piece, and ends with the connection.
    let first = first.replace("HTTP/1.1", "HTTP/1.0");
    connection.write_all(format!("{first}\r\n{rest}").as_bytes()).expect("the registry reads");
    connection.write_all(body).expect("the registry reads");
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    let body = answer.split_off(end);
    (String::from_utf8_lossy(&answer).into_owned(), body)
}

/// What became of a push or a pull, and what it met.
struct Met {
    succeeded: bool,
    faults: Vec<Fault>,
}

/// Pushes and pulls once through the proxy, and looks at what came of it.
fn one(server: &Server, elsewhere: &str, seed: u64) -> [Met; 2] {
    let sandbox = Sandbox::new(&[
        ("shop/Chart.yaml", &format!("apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.{seed}\n")),
        ("shop/values.yaml", "a: 1\n"),
    ]);
    let direct = format!("{}/faults", server.host);
    let (proxy, struck) = faulty(server.host.clone(), elsewhere.to_owned(), seed);
    let met = |run: &Run| Met {
        succeeded: run.code == 0,
        faults: std::mem::take(&mut *struck.lock().expect("no thread panicked")),
    };
    let through = format!("{proxy}/faults");
    let hosts = [server.host.as_str(), through.split('/').next().unwrap_or_default()];
    let auth = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{}:{}", LOGIN.0, LOGIN.1));
    let auths: Vec<String> = hosts.iter().map(|host| format!("\"{host}\": {{ \"auth\": \"{auth}\" }}")).collect();
    sandbox.write("home/.docker/config.json", format!("{{ \"auths\": {{ {} }} }}", auths.join(", ")));
    succeed(&sandbox, "package shop --skip-checks");
    let package = format!("shop-1.0.{seed}.tgz");
    let bytes = std::fs::read(sandbox.path(&package)).expect("was written");
    let same = |path: &str| std::fs::read(sandbox.path(path)).expect("was written") == bytes;

    let push = run(&sandbox, &format!("push {package} oci://{through}"), "");
    let pushed = met(&push);
    assert!([0, 2].contains(&push.code), "seed {seed}: {} {}", push.code, push.stderr);
    assert!(!push.stderr.contains(LOGIN.1) && !push.stderr.contains(&auth), "seed {seed}: {}", push.stderr);
    let there = run(&sandbox, &format!("pull oci://{direct}/shop:1.0.{seed} -d direct"), "");
    if there.code == 0 {
        assert!(same(&format!("direct/{package}")), "seed {seed}: what is there is whole");
    } else {
        assert!(push.code != 0, "seed {seed}: a push that succeeded is there: {}", there.stderr);
        assert!(there.stderr.contains("there is no "), "seed {seed}: it is absent, not broken: {}", there.stderr);
    }
    succeed(&sandbox, &format!("push {package} oci://{direct}"));
    let _ = std::fs::remove_dir_all(sandbox.path("home/.cache"));
    let pull = run(&sandbox, &format!("pull oci://{through}/shop:1.0.{seed} -d pulled"), "");
    assert!([0, 2].contains(&pull.code), "seed {seed}: {} {}", pull.code, pull.stderr);
    let written = sandbox.path(&format!("pulled/{package}"));
    if pull.code == 0 {
        assert!(same(&format!("pulled/{package}")), "seed {seed}: what was pulled is what was pushed");
    } else {
        assert!(!written.exists(), "seed {seed}: a pull that failed writes nothing");
    }
    check_cache(&sandbox.path("home/.cache/plimsoll/blobs/sha256"), seed);
    [pushed, met(&pull)]
}

/// Holds every file of the cache against its name.
fn check_cache(folder: &Path, seed: u64) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let digest = plimsoll::package::digest(&std::fs::read(entry.path()).expect("can be read"));
        assert_eq!(format!("sha256:{}", name.trim_end_matches(".tgz")), digest, "seed {seed}: the cache is poisoned");
    }
}

fn runs(seeds: std::ops::Range<u64>) {
    let Some(server) = Server::start(Kind::Referrers, Asks::Password, false) else { return };
    let (elsewhere, leaked) = elsewhere();
    let queue = Mutex::new(seeds.clone());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some(seed) = queue.lock().expect("no thread panicked").next() else { break };
                    let result = one(&server, &elsewhere, seed);
                    done.lock().expect("no thread panicked").push(result);
                }
            });
        }
    });
    let leaked = leaked.lock().expect("no thread panicked");
    assert!(leaked.is_empty(), "credentials went to another host: {leaked:?}");
    let done = done.into_inner().expect("no thread panicked");
    let count = |which: usize| done.iter().filter(|met| met[which].succeeded).count();
    let (pushed, pulled) = (count(0), count(1));
    println!("{} runs: {pushed} pushes and {pulled} pulls succeeded, the others failed whole", done.len());
    for (at, fault) in FAULTS[..FAULTS.len() - 1].iter().enumerate() {
        let told = |of: usize| {
            let hit: Vec<&Met> = done.iter().map(|met| &met[of]).filter(|met| met.faults.contains(fault)).collect();
            format!("{} of {}", hit.iter().filter(|met| met.succeeded).count(), hit.len())
        };
        let struck = done.iter().flatten().flat_map(|met| &met.faults).filter(|met| *met == fault).count();
        println!("{at:2} {fault:?}: {struck} times; got over by {} pushes, {} pulls", told(0), told(1));
    }
    assert_eq!(done.len() as u64, seeds.end - seeds.start);
    assert!(pushed > 0 && pulled > 0 && pushed + pulled < 2 * done.len(), "faults both failed and were got over");
}

#[test]
fn faults_leave_nothing_half_done() {
    // 26: a proxy that leads the question for a blob to another host, which says that it is there.
    runs(16..32);
}

#[test]
#[ignore = "takes minutes; the short test above goes over fewer seeds"]
fn faults_of_300_seeds_leave_nothing_half_done() {
    runs(0..300);
}

fn length(head: &str) -> u64 {
    header(head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn is_piece(head: &str) -> bool {
    head.contains("/blobs/uploads/") && length(head) > 1000
}

fn is_manifest(head: &str) -> bool {
    head.starts_with("PUT ") && head.contains("/manifests/")
}

#[test]
fn a_push_that_was_cut_sends_only_what_is_missing() {
    let mut state = 7u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    let sandbox = Sandbox::new(&[("shop/Chart.yaml", "apiVersion: plimsoll.dev/v1\nname: shop\nversion: 1.0.0\n")]);
    sandbox.write("shop/files/noise", (0..64 << 10).map(|_| noise()).collect::<Vec<u8>>());
    succeed(&sandbox, "package shop --skip-checks");
    for (cut_at, again) in [(is_piece as fn(&str) -> bool, true), (is_manifest as fn(&str) -> bool, false)] {
        let Some(server) = Server::start(Kind::Distribution, Asks::Nothing, false) else { return };
        let cutting = Arc::new(AtomicBool::new(true));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (is_cutting, noted) = (Arc::clone(&cutting), Arc::clone(&requests));
        let host = proxy(server.host.clone(), String::new(), move |head| {
            if head.contains("/blobs/uploads/") && length(head) > 0 {
                noted.lock().expect("no thread panicked").push(length(head));
            }
            (is_cutting.load(Ordering::Relaxed) && cut_at(head)).then_some(Fault::Lost)
        });
        let push = format!("push shop-1.0.0.tgz oci://{host}/charts");
        let cut = run(&sandbox, &push, "");
        assert!(cut.code == 2 && cut.stderr.contains("cannot reach"), "{}", cut.stderr);
        let first: Vec<u64> = std::mem::take(&mut *requests.lock().expect("no thread panicked"));
        assert!(first.iter().any(|length| *length < 1000), "the config was sent: {first:?}");
        let absent = run(&sandbox, &format!("pull oci://{}/charts/shop:1.0.0", server.host), "");
        assert!(absent.code == 2 && absent.stderr.contains("there is no "), "{}", absent.stderr);
        cutting.store(false, Ordering::Relaxed);
        succeed(&sandbox, &push);
        let second = requests.lock().expect("no thread panicked").clone();
        let sent: u64 = second.iter().sum();
        assert!(second.iter().all(|length| *length > 1000), "the config is not sent again: {second:?}");
        assert_eq!(sent > 64 << 10, again, "what is there is not sent again: {second:?}");
        succeed(&sandbox, &format!("pull oci://{}/charts/shop:1.0.0 -d back", server.host));
        let bytes = |path: &str| std::fs::read(sandbox.path(path)).expect("is there");
        assert_eq!(bytes("back/shop-1.0.0.tgz"), bytes("shop-1.0.0.tgz"));
    }
}
