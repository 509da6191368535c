//! A conversation with a server that speaks version 2 of git's protocol over HTTP: objects by id, as packs.
//!
//! gix's own fetch works in references; it asks for everything that they reach. Asked for here are commits by id, one
//! level of history, without file contents (a *partial clone*, gitprotocol-v2(5) "filter"), and then the few contents
//! that are wanted, by id too. A commit that is here already is named (`have`), so that only what it lacks is sent.

use crate::server::{Failure, Server};
use gix::{
    ObjectId,
    odb::pack,
    progress::Discard,
    protocol::{
        self, Handshake,
        fetch::{self, Arguments, Context, Negotiate, Options, Shallow, Tags, negotiate},
        transport::{
            Protocol, Service,
            client::{
                TransportWithoutIO,
                blocking_io::http::{self, Transport, reqwest::Remote},
            },
        },
    },
};
use std::{
    fs,
    io::{self, BufRead, Read},
    num::NonZeroU32,
    sync::atomic::AtomicBool,
    time::Duration,
};

/// Largest single allocation that received objects may cause. A lockfile or a tree beyond it would be refused anyway.
const ALLOCATION_BYTES: usize = 128 << 20;
/// The same, where a server cannot leave file contents out: they may be anything that a repository holds.
const WHOLE_ALLOCATION_BYTES: usize = 1 << 30;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) wants: &'a [ObjectId],
    /// Commits that are here whole, but for file contents.
    pub(crate) haves: &'a [ObjectId],
    /// Commits alone come without the past.
    pub(crate) shallow: bool,
    /// Leave file contents out, where the server can.
    pub(crate) without_contents: bool,
}

/// An open conversation.
pub(crate) struct Session {
    transport: Transport<Remote>,
    handshake: Handshake,
}

impl Session {
    /// Greets the server: one request.
    pub(crate) fn open(server: &Server<'_>, timeout: Duration) -> Result<Self, Failure> {
        let greet = || -> Result<_, gix::Error> {
            let url = gix::url::parse(server.url.as_str())?;
            let mut transport = http::connect::<Remote>(url, Protocol::V2, false);
            transport.configure(&server.transport(timeout))?;
            // No credential helper is ever asked: the token is all there is.
            let handshake =
                protocol::handshake(&mut transport, Service::UploadPack, |_| Ok(None), Vec::new(), &mut Discard)?;
            Ok((transport, handshake))
        };
        let (transport, handshake) = greet().map_err(|error| server.sort(&error))?;
        if handshake.server_protocol_version != Protocol::V2 {
            let message = "it does not speak version 2 of git's protocol".to_owned();
            return Err(Failure::Other(server.unsupported(message)));
        }
        Ok(Self { transport, handshake })
    }

    /// Receives one pack into `repo` and returns the bytes that came: one request. Nothing wanted that the server lacks
    /// is passed over in silence.
    pub(crate) fn receive(
        &mut self,
        repo: &gix::Repository,
        ask: Ask<'_>,
        interrupt: &AtomicBool,
    ) -> Result<u64, gix::Error> {
        let mut received = 0;
        let shallow = if ask.shallow { Shallow::DepthAtRemote(NonZeroU32::MIN) } else { Shallow::NoChange };
        let options = Options {
            shallow_file: repo.shallow_file()?,
            shallow: &shallow,
            tags: Tags::None,
            reject_shallow_remote: false,
        };
        let context = Context {
            handshake: &mut self.handshake,
            transport: &mut self.transport,
            user_agent: ("agent", Some(protocol::agent(concat!("lockgate-", env!("CARGO_PKG_VERSION"))))),
            trace_packetlines: false,
        };
        let alloc_limit_bytes = if ask.without_contents { ALLOCATION_BYTES } else { WHOLE_ALLOCATION_BYTES };
        protocol::fetch(
            &mut Once { ask },
            |reader, progress, interrupt| {
                let mut counted = Counted { reader, bytes: &mut received };
                let written = pack::Bundle::write_to_directory(
                    &mut counted,
                    Some(&repo.objects.store_ref().path().join("pack")),
                    progress,
                    interrupt,
                    Some(repo.objects.clone()),
                    repo.object_hash(),
                    pack::bundle::write::Options {
                        alloc_limit_bytes: Some(alloc_limit_bytes),
                        ..pack::bundle::write::Options::default()
                    },
                )?;
                // It keeps a garbage collector away, of which there is none.
                if let Some(keep) = written.keep_path {
                    let _ = fs::remove_file(keep);
                }
                Ok(true)
            },
            Discard,
            interrupt,
            context,
            options,
        )?;
        Ok(received)
    }
}

/// Says everything at once: all wants, all haves, done. There is nothing to find out in rounds.
struct Once<'a> {
    ask: Ask<'a>,
}

impl Negotiate for Once<'_> {
    fn mark_complete_and_common_ref(&mut self) -> Result<negotiate::Action, gix::Error> {
        Ok(negotiate::Action::MustNegotiate { remote_ref_target_known: Vec::new() })
    }

    fn add_wants(&mut self, arguments: &mut Arguments, _known: &[bool]) -> bool {
        if self.ask.without_contents && arguments.can_use_filter() {
            arguments.filter("blob:none");
        }
        self.ask.wants.iter().for_each(|id| arguments.want(id));
        !self.ask.wants.is_empty()
    }

    fn one_round(
        &mut self,
        _state: &mut negotiate::one_round::State,
        arguments: &mut Arguments,
        _previous: Option<&fetch::Response>,
    ) -> Result<(negotiate::Round, bool), gix::Error> {
        self.ask.haves.iter().for_each(|id| arguments.have(id));
        let sent = self.ask.haves.len();
        let round = negotiate::Round {
            haves_sent: sent,
            in_vain: 0,
            haves_to_send: sent,
            previous_response_had_at_least_one_in_common: false,
        };
        Ok((round, true))
    }
}

struct Counted<'a> {
    reader: &'a mut dyn BufRead,
    bytes: &'a mut u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        *self.bytes += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        *self.bytes += amount as u64;
        self.reader.consume(amount);
    }
}
