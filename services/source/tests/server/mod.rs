//! git's own server program behind a small HTTP server on loopback, which counts what it sends and can misbehave.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use url::Url;

/// What the server does instead of its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mood {
    Serve,
    /// Every request is sent elsewhere.
    Redirect(String),
}

/// Serves every repository below one folder for as long as the process lives.
#[derive(Clone)]
pub(crate) struct Server {
    address: String,
    root: PathBuf,
    sent: Arc<AtomicU64>,
    requests: Arc<Mutex<Vec<String>>>,
    mood: Arc<Mutex<Mood>>,
}

impl Server {
    pub(crate) fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (sent, requests, mood) = (Arc::default(), Arc::default(), Arc::new(Mutex::new(Mood::Serve)));
        let server = Self { address, root: root.to_owned(), sent, requests, mood };
        let shared = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = shared.clone();
                thread::spawn(move || server.answer(stream));
            }
        });
        server
    }

    pub(crate) fn url(&self, repository: &str) -> Url {
        format!("http://{}/{repository}", self.address).parse().expect("a loopback address")
    }

    /// Bytes of bodies sent since the last call, and the requests for them.
    pub(crate) fn account(&self) -> (u64, Vec<String>) {
        let requests = std::mem::take(&mut *self.requests.lock().expect("no holder panics"));
        (self.sent.swap(0, Ordering::SeqCst), requests)
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *self.mood.lock().expect("no holder panics") = mood;
    }

    fn answer(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        while let Some(request) = Request::read(&mut reader) {
            self.requests.lock().expect("no holder panics").push(request.line.clone());
            let mood = self.mood.lock().expect("no holder panics").clone();
            let (status, headers, body) = match mood {
                Mood::Serve => self.backend(&request)?,
                Mood::Redirect(to) => ("301 Moved".into(), format!("Location: {to}\r\n"), Vec::new()),
            };
            self.sent.fetch_add(body.len() as u64, Ordering::SeqCst);
            let mut stream = &stream;
            write!(stream, "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).ok()?;
            stream.write_all(&body).ok()?;
        }
        Some(())
    }

    /// Runs `git http-backend`, which speaks CGI (RFC 3875).
    fn backend(&self, request: &Request) -> Option<(String, String, Vec<u8>)> {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut child = Command::new("git")
            .arg("http-backend")
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REQUEST_METHOD", &request.method)
            .env("CONTENT_TYPE", request.header("content-type"))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("GIT_PROTOCOL", request.header("git-protocol"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut input = child.stdin.take()?;
        let body = request.body.clone();
        let written = thread::spawn(move || input.write_all(&body));
        let output = child.wait_with_output().ok()?.stdout;
        let _ = written.join();
        let end = output.windows(4).position(|w| w == b"\r\n\r\n")?;
        let (mut status, mut headers) = ("200 OK".to_owned(), String::new());
        for line in String::from_utf8_lossy(&output[..end]).lines() {
            match line.strip_prefix("Status: ") {
                Some(other) => status = other.to_owned(),
                None => headers.push_str(&format!("{line}\r\n")),
            }
        }
        Some((status, headers, output[end + 4..].to_vec()))
    }
}

struct Request {
    line: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, target) = (words.next()?, words.next()?);
        let mut request = Self { line: line.trim().to_owned(), method, target, headers: Vec::new(), body: Vec::new() };
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.split_once(':') else { break };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if request.header("transfer-encoding") == "chunked" {
            request.body = chunked(reader)?;
        } else {
            request.body = vec![0; request.header("content-length").parse().unwrap_or(0)];
            reader.read_exact(&mut request.body).ok()?;
        }
        Some(request)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

fn chunked(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

/// A bare repository that is served, filled by `git fast-import`.
pub(crate) struct Origin {
    folder: PathBuf,
    commits: u64,
}

impl Origin {
    pub(crate) fn create(root: &Path, name: &str) -> Self {
        let folder = root.join(name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        let origin = Self { folder, commits: 0 };
        origin.git(&["init", "--quiet", "--bare", "--initial-branch=main"], b"");
        origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"], b"");
        origin.git(&["config", "uploadpack.allowFilter", "true"], b"");
        origin
    }

    pub(crate) fn git(&self, arguments: &[&str], input: &[u8]) -> String {
        let mut child = Command::new("git")
            .current_dir(&self.folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=mona", "-c", "user.email=mona@example.test"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("git is installed");
        let mut pipe = child.stdin.take().expect("it is piped");
        let input = input.to_vec();
        let written = thread::spawn(move || pipe.write_all(&input));
        let output = child.wait_with_output().expect("it was started");
        let _ = written.join();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// A commit on top of `main` with these files changed; returns its id.
    pub(crate) fn commit(&mut self, files: &[(&str, &[u8])]) -> String {
        self.commits += 1;
        let time = 1_750_000_000 + self.commits;
        let mut stream =
            format!("commit refs/heads/main\ncommitter M <m@example.test> {time} +0000\ndata 1\nm\n").into_bytes();
        if self.commits > 1 {
            stream.extend_from_slice(b"from refs/heads/main^0\n");
        }
        for (path, content) in files {
            stream.extend_from_slice(format!("M 100644 inline {path}\ndata {}\n", content.len()).as_bytes());
            stream.extend_from_slice(content);
            stream.push(b'\n');
        }
        self.git(&["fast-import", "--quiet", "--force"], &stream);
        self.git(&["rev-parse", "main"], b"")
    }
}
