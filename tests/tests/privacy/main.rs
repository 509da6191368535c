//! What must not be seen is not, who reads is noted, what is old goes, and nothing else is asked.

mod access_log;
mod canary;
mod outbound;
mod secrets;
mod stage;
