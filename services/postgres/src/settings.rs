//! How the server is set up.

/// What a power cut may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing that was committed.
    #[default]
    Durable,
    /// The cluster: for tests, which it makes several times faster.
    Fast,
}

/// How a server is stopped (PostgreSQL manual, `pg_ctl stop`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Connections are ended, everything is written.
    Fast,
    /// Nothing is written: the next start recovers as after a crash. Nothing that was committed is lost.
    Immediate,
}

impl Shutdown {
    pub(crate) fn mode(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

/// The settings that differ from PostgreSQL's own (PostgreSQL manual, chapter 19), as options of `postgres`.
/// `pg_ctl` hands them to a shell.
pub(crate) fn options(port: u16, durability: Durability) -> String {
    let port = port.to_string();
    let safe = if durability == Durability::Durable { "on" } else { "off" };
    let settings = [
        // Loopback alone, and no socket in a folder that others share.
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("max_connections", "200"),
        ("shared_buffers", "128MB"),
        ("jit", "off"),
        ("timezone", "UTC"),
        ("fsync", safe),
        ("full_page_writes", safe),
        ("logging_collector", "on"),
        ("log_directory", "../log"),
        // A week of logs, a file a day, overwritten when the day comes round.
        ("log_filename", "postgresql-%a.log"),
        ("log_truncate_on_rotation", "on"),
        ("log_rotation_age", "1d"),
        // Statements may hold payloads and addresses of people.
        ("log_min_error_statement", "panic"),
    ];
    settings.map(|(name, value)| format!("-c '{name}={value}'")).join(" ")
}
