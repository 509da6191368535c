//! What a trusted root names, and for when: what is asked of it beside sigstore-verify.

use chrono::{DateTime, Utc};
use sigstore_verify::{
    trust_root::TrustedRoot,
    types::{DerCertificate, LogKeyId, TimeRange},
};
use std::fmt;
use x509_cert::{Certificate, der::Decode, time::Validity};

/// Kinds of what a trusted root names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    CertificateAuthority,
    CertificateLog,
    Log,
    TimestampAuthority,
}

/// That the time of all that a trusted root names of a kind is over: what was signed since cannot be verified by it.
///
/// Nothing else says of a `trusted_root.json` that it is out of date: it has no date of its own, and something that was
/// added or taken back since leaves no trace in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub role: Role,
    /// When the last of them ended.
    pub at: DateTime<Utc>,
}

/// A log of signatures.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) id: LogKeyId,
    pub(super) window: Option<TimeRange>,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) logs: Vec<Log>,
    windows: Vec<(Role, Option<TimeRange>)>,
}

impl Known {
    pub(super) fn of(root: &TrustedRoot) -> Self {
        let authorities = root.certificate_authorities.iter().map(|a| (Role::CertificateAuthority, a.valid_for));
        let published = root.ctlogs.iter().map(|log| (Role::CertificateLog, log.public_key.valid_for));
        let logs = root.tlogs.iter().map(|log| (Role::Log, log.public_key.valid_for));
        let stamps = root.timestamp_authorities.iter().map(|a| (Role::TimestampAuthority, a.valid_for));
        let log = |log: &sigstore_verify::trust_root::TransparencyLog| Log {
            id: log.log_id.key_id.clone(),
            window: log.public_key.valid_for,
        };
        Self {
            logs: root.tlogs.iter().map(log).collect(),
            windows: authorities.chain(published).chain(logs).chain(stamps).collect(),
        }
    }

    pub(super) fn log(&self, id: &LogKeyId) -> Option<&Log> {
        self.logs.iter().find(|log| log.id == *id)
    }

    /// When the last of a kind ended, if all of them had by `time` (seconds since 1970).
    pub(super) fn ended(&self, role: Role, time: i64) -> Option<Ended> {
        let windows = self.windows.iter().filter(|(of, _)| *of == role);
        let ends: Option<Vec<i64>> = windows.map(|(_, window)| Some((*window)?.end?.as_second())).collect();
        let last = ends?.into_iter().max().filter(|&last| last < time)?;
        Some(Ended { role, at: DateTime::from_timestamp(last, 0)? })
    }

    /// Each kind of which all had ended by `time`.
    pub(super) fn all_ended(&self, time: i64) -> Vec<Ended> {
        [Role::CertificateAuthority, Role::CertificateLog, Role::Log, Role::TimestampAuthority]
            .into_iter()
            .filter_map(|role| self.ended(role, time))
            .collect()
    }
}

/// Lets no authority be trusted for a time in which one of its certificates does not hold. sigstore-verify takes each of
/// them as an anchor, and of an anchor nobody looks at the validity: an intermediate authority that had expired, and whose
/// key may have been given up since, would still vouch for who signs.
pub(super) fn narrow(root: &mut TrustedRoot) -> Result<(), String> {
    let authorities = root.certificate_authorities.iter_mut().map(|a| (&a.cert_chain, &mut a.valid_for));
    let stamps = root.timestamp_authorities.iter_mut().map(|a| (&a.cert_chain, &mut a.valid_for));
    for (chain, window) in authorities.chain(stamps) {
        for certificate in &chain.certificates {
            *window = Some(within(*window, validity(&certificate.raw_bytes)?)?);
        }
    }
    Ok(())
}

fn validity(der: &DerCertificate) -> Result<Validity, String> {
    let certificate = Certificate::from_der(der.as_bytes()).map_err(|error| format!("a certificate: {error}"))?;
    Ok(certificate.tbs_certificate.validity)
}

fn within(window: Option<TimeRange>, validity: Validity) -> Result<TimeRange, String> {
    let time = |time: x509_cert::time::Time| time.to_system_time().try_into().map_err(|_| "a time beyond all eras");
    let (from, to) = (time(validity.not_before)?, time(validity.not_after)?);
    Ok(match window {
        None => TimeRange::new(from, Some(to)),
        Some(window) => TimeRange::new(window.start.max(from), Some(window.end.map_or(to, |end| end.min(to)))),
    })
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateAuthority => "certificate authorities",
            Self::CertificateLog => "certificate logs",
            Self::Log => "logs",
            Self::TimestampAuthority => "timestamp authorities",
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all its {} ended by {}", self.role, self.at.format("%Y-%m-%d %H:%M:%SZ"))
    }
}
