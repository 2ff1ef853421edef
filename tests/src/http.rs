//! A running server, and asking it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::Onemap;

/// A server on a free port of the loopback; stops when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Server {
    /// Starts `onemap serve` on the store.
    pub fn start(onemap: &Onemap) -> Self {
        Self::start_with(onemap, &["serve", "--listen", "127.0.0.1:0"])
    }

    /// Starts a command that serves (`serve`, `demo`).
    pub fn start_with(onemap: &Onemap, args: &[&str]) -> Self {
        let mut child = onemap
            .command()
            .current_dir(crate::root())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("the server ended before it listened").unwrap();
            if let Some(url) = line.strip_prefix("onemap serves ") {
                break url.to_owned();
            }
        };
        // Keep reading, so that the server never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> Answer {
        get(&format!("{}{path}", self.url), &[])
    }

    /// Sends a request with a JSON body.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &serde_json::Value,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        send(method, &format!("{}{path}", self.url), &all, body.as_bytes())
    }

    /// Returns the address, without `http://`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for a path with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(&format!("{}{path}", self.url), headers)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, by lower-case name.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Body, as sent (not unpacked).
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns a header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("not JSON ({e}): {}", String::from_utf8_lossy(&self.body)))
    }
}

/// Asks for a URL; every status is an answer.
pub fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, &[])
}

/// Sends a request with a body; every status is an answer.
pub fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    thread_local! {
        /// One connection for each thread, as a browser keeps its own.
        static AGENT: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
    }
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let agent = AGENT.with(Clone::clone);
    let response = if body.is_empty() {
        agent.run(request.body(()).unwrap())
    } else {
        agent.run(request.body(body).unwrap())
    };
    let response = response.unwrap_or_else(|error| panic!("{method} {url}: {error}"));
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let mut body = Vec::new();
    response.into_body().into_reader().read_to_end(&mut body).unwrap();
    Answer { status, headers, body }
}
