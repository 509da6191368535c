//! The few messages of PostgreSQL's protocol that set-up needs, for programs without a database client.
//!
//! Protocol 3.0, simple queries (PostgreSQL manual, chapter 55), SCRAM-SHA-256 (RFC 5802, RFC 7677). The
//! server proves in turn that it knows the password, so another program on the port learns nothing.

use crate::{
    error::{ClusterError, Doing, Result},
    home::random_hex,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

/// Longest message that is read.
const MESSAGE: usize = 1 << 20;
/// Most iterations that a server may ask for.
const ITERATIONS: u32 = 1_000_000;
/// Longest silence.
const SILENCE: Duration = Duration::from_secs(120);

/// The values of one row in text; `None` is NULL.
pub type Row = Vec<Option<String>>;

#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(port: u16, user: &str, password: &str, database: &str) -> Result<Self> {
        let doing = || format!("connect to PostgreSQL on port {port}");
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).doing(doing)?;
        stream.set_read_timeout(Some(SILENCE)).doing(doing)?;
        let mut client = Self { stream };
        let parameters = format!("user\0{user}\0database\0{database}\0\0");
        let mut startup = 196_608_u32.to_be_bytes().to_vec();
        startup.extend_from_slice(parameters.as_bytes());
        client.send(None, &startup)?;
        client.authenticate(password)?;
        client.until_ready()?;
        Ok(client)
    }

    /// All statements of `sql` in one transaction, unless it says otherwise.
    pub(crate) fn execute(&mut self, sql: &str) -> Result<()> {
        self.query(sql).map(drop)
    }

    /// As [`Self::execute`], with the rows that came, each value as PostgreSQL writes it in text.
    pub(crate) fn query(&mut self, sql: &str) -> Result<Vec<Row>> {
        if sql.contains('\0') {
            return Err(refused("the statement holds a NUL"));
        }
        self.send(Some(b'Q'), format!("{sql}\0").as_bytes())?;
        self.until_ready()
    }

    fn authenticate(&mut self, password: &str) -> Result<()> {
        let nonce = random_hex()?;
        let first = format!("n=,r={nonce}");
        let mut expected = None;
        loop {
            let (kind, body) = self.receive()?;
            if kind != b'R' {
                return Err(refused(&error_text(kind, &body)));
            }
            let (code, data) = body.split_first_chunk::<4>().ok_or_else(|| refused("its answer is too short"))?;
            match (u32::from_be_bytes(*code), &expected) {
                (10, None) => {
                    let mut answer = b"SCRAM-SHA-256\0".to_vec();
                    let message = format!("n,,{first}");
                    answer.extend_from_slice(&u32::try_from(message.len()).unwrap_or(0).to_be_bytes());
                    answer.extend_from_slice(message.as_bytes());
                    self.send(Some(b'p'), &answer)?;
                }
                (11, None) => {
                    let challenge = std::str::from_utf8(data).map_err(|_| refused("its challenge is not text"))?;
                    let (answer, proof) = scram(password, &nonce, &first, challenge)?;
                    self.send(Some(b'p'), answer.as_bytes())?;
                    expected = Some(proof);
                }
                (12, Some(proof)) if data.strip_prefix(b"v=") == Some(proof.as_bytes()) => {}
                (0, Some(_)) => return Ok(()),
                _ => return Err(refused("it does not prove that it knows the password")),
            }
        }
    }

    /// Reads to `ReadyForQuery`; the first error on the way is the answer, else the rows.
    fn until_ready(&mut self) -> Result<Vec<Row>> {
        let mut outcome = Ok(Vec::new());
        loop {
            let (kind, body) = self.receive()?;
            match kind {
                b'Z' => return outcome,
                b'E' if outcome.is_ok() => outcome = Err(refused(&error_text(kind, &body))),
                b'D' => {
                    let row = row(&body).ok_or_else(|| refused("a row of its answer is malformed"))?;
                    outcome = outcome.map(|mut rows| {
                        rows.push(row);
                        rows
                    });
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, kind: Option<u8>, body: &[u8]) -> Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(|_| refused("the statement is too long"))?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.stream.write_all(&message).doing(|| "write to PostgreSQL".to_owned())
    }

    fn receive(&mut self) -> Result<(u8, Vec<u8>)> {
        let doing = || "read from PostgreSQL".to_owned();
        let mut header = [0_u8; 5];
        self.stream.read_exact(&mut header).doing(doing)?;
        let [kind, length @ ..] = header;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if !(4..=MESSAGE).contains(&length) {
            return Err(refused("its answer is too long"));
        }
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body).doing(doing)?;
        Ok((kind, body))
    }
}

/// The client's final message, and the signature that the server must answer with.
fn scram(password: &str, nonce: &str, first: &str, challenge: &str) -> Result<(String, String)> {
    let field = |name: &str| challenge.split(',').find_map(|f| f.strip_prefix(name));
    let malformed = || refused("its challenge is malformed");
    let both = field("r=").filter(|r| r.starts_with(nonce) && r.len() > nonce.len()).ok_or_else(malformed)?;
    let salt = field("s=").and_then(|s| STANDARD.decode(s).ok()).ok_or_else(malformed)?;
    let iterations: u32 = field("i=").and_then(|i| i.parse().ok()).ok_or_else(malformed)?;
    if !(4096..=ITERATIONS).contains(&iterations) {
        return Err(malformed());
    }
    let salted = salted(password, &salt, iterations);
    let client_key = mac(&salted, b"Client Key");
    // "biws": the base64 of "n,,", no channel binding.
    let last = format!("c=biws,r={both}");
    let all = format!("{first},{challenge},{last}");
    let signature = mac(&Sha256::digest(client_key), all.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(k, s)| k ^ s).collect();
    let server = mac(&mac(&salted, b"Server Key"), all.as_bytes());
    Ok((format!("{last},p={}", STANDARD.encode(proof)), STANDARD.encode(server)))
}

/// PBKDF2 with one block (RFC 8018, section 5.2).
fn salted(password: &str, salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut block = mac(password.as_bytes(), &[salt, &[0, 0, 0, 1]].concat());
    let mut sum = block;
    for _ in 1..iterations {
        block = mac(password.as_bytes(), &block);
        sum.iter_mut().zip(block).for_each(|(s, b)| *s ^= b);
    }
    sum
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// `DataRow`: how many values, then each with its length before it; -1 is NULL.
fn row(body: &[u8]) -> Option<Row> {
    let (count, mut rest) = body.split_first_chunk::<2>()?;
    let mut values = Vec::new();
    for _ in 0..u16::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        values.push(match usize::try_from(i32::from_be_bytes(*length)) {
            Err(_) => None,
            Ok(length) => {
                let (value, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(String::from_utf8_lossy(value).into_owned())
            }
        });
    }
    rest.is_empty().then_some(values)
}

/// `ErrorResponse`: fields with a one-byte name; `M` is the message for people.
fn error_text(kind: u8, body: &[u8]) -> String {
    if kind != b'E' {
        return "its answer makes no sense".to_owned();
    }
    let message = body.split(|&b| b == 0).find_map(|field| field.strip_prefix(b"M"));
    message.map_or_else(|| "it failed without a message".to_owned(), |m| String::from_utf8_lossy(m).into_owned())
}

fn refused(why: &str) -> ClusterError {
    ClusterError::Server(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3; the user name stands in the first message there.
    #[test]
    fn scram_answers_as_the_rfc_does() {
        let nonce = "rOprNGfwEbeRWgbNEkqO";
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (answer, server) = scram("pencil", nonce, &format!("n=user,r={nonce}"), challenge).unwrap();
        assert!(answer.ends_with("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="), "{answer}");
        assert_eq!(server, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn a_challenge_for_another_nonce_or_with_few_iterations_is_refused() {
        for bad in ["r=other1,s=AAAA,i=4096", "r=mine,s=AAAA,i=4096", "r=mine1,s=AAAA,i=1", "r=mine1,s=!,i=4096", ""] {
            assert!(scram("p", "mine", "n=,r=mine", bad).is_err(), "{bad}");
        }
    }
}
