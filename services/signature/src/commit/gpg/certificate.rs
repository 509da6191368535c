//! A primary key with its user ids and subkeys, and what its own signatures say of them.

use super::{
    key::Key,
    packet::{self, Packet},
    signature::{MAY_SIGN, Signature, about},
};
use crate::commit::Rejection;
use chrono::{DateTime, TimeDelta, Utc};
use std::cmp::Reverse;

#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) primary: Part,
    users: Vec<User>,
    pub(super) subkeys: Vec<Part>,
}

/// A key and the signatures that follow it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) key: Key,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone)]
struct User {
    /// `None`: a picture.
    id: Option<String>,
    hashed: Vec<u8>,
    signatures: Vec<Signature>,
}

/// Which key of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Primary,
    Subkey(usize),
}

/// What a key's own signatures say of it.
#[derive(Debug, Clone, Copy)]
struct Standing {
    flags: Option<u8>,
    expires_after: Option<TimeDelta>,
}

impl Certificate {
    /// The certificates of a keyring. A key that cannot be read is left out with all that follows it: nobody can have
    /// signed with it.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn all(packets: &[Packet<'_>]) -> Result<Vec<Self>, &'static str> {
        let mut found: Vec<Self> = Vec::new();
        let mut last = Last::Nothing;
        for packet in packets {
            match packet.kind {
                packet::SECRET_KEY | packet::SECRET_SUBKEY => return Err("it holds a secret key"),
                packet::PUBLIC_KEY => {
                    last = Last::Nothing;
                    if let Some(key) = Key::read(packet.body) {
                        found.push(Self { primary: Part::new(key), users: Vec::new(), subkeys: Vec::new() });
                        last = Last::Primary;
                    }
                }
                packet::MARKER | packet::TRUST | packet::PADDING => {}
                packet::SIGNATURE if found.is_empty() && last == Last::Nothing => return Err("it is a signature"),
                kind => {
                    if let Some(certificate) = found.last_mut().filter(|_| last != Last::Nothing) {
                        last = certificate.add(kind, packet.body, last);
                    }
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, kind: u8, body: &[u8], last: Last) -> Last {
        match kind {
            packet::USER_ID | packet::USER_ATTRIBUTE => {
                let picture = kind == packet::USER_ATTRIBUTE;
                let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
                let hashed = [&[if picture { 0xd1 } else { 0xb4 }][..], &length, body].concat();
                let id = (!picture).then(|| String::from_utf8_lossy(body).into_owned());
                self.users.push(User { id, hashed, signatures: Vec::new() });
                Last::User
            }
            packet::PUBLIC_SUBKEY => match Key::read(body) {
                Some(key) => {
                    self.subkeys.push(Part::new(key));
                    Last::Subkey
                }
                None => Last::Unreadable,
            },
            packet::SIGNATURE => {
                let signatures = match last {
                    Last::Primary => Some(&mut self.primary.signatures),
                    Last::User => self.users.last_mut().map(|user| &mut user.signatures),
                    Last::Subkey => self.subkeys.last_mut().map(|part| &mut part.signatures),
                    Last::Nothing | Last::Unreadable => None,
                };
                // One that cannot be read gives nothing and is of a kind that GnuPG does not make.
                if let (Some(signatures), Ok(signature)) = (signatures, Signature::read(body)) {
                    signatures.push(signature);
                }
                last
            }
            _ => Last::Unreadable,
        }
    }

    /// Takes in what another copy of the same key brings: a revocation may stand in one of them alone.
    pub(super) fn merge(&mut self, other: Self) {
        self.primary.signatures.extend(other.primary.signatures);
        for user in other.users {
            match self.users.iter_mut().find(|known| known.hashed == user.hashed) {
                Some(known) => known.signatures.extend(user.signatures),
                None => self.users.push(user),
            }
        }
        for part in other.subkeys {
            match self.subkeys.iter_mut().find(|known| known.key.hashed == part.key.hashed) {
                Some(known) => known.signatures.extend(part.signatures),
                None => self.subkeys.push(part),
            }
        }
    }

    pub(super) fn part(&self, which: Which) -> &Part {
        match which {
            Which::Primary => &self.primary,
            Which::Subkey(number) => &self.subkeys[number],
        }
    }

    /// Whether the key may have signed data at `made`, by what is known `now`; `others` are asked for revokers' keys.
    pub(super) fn check(
        &self,
        which: Which,
        made: DateTime<Utc>,
        now: DateTime<Utc>,
        others: &[Self],
    ) -> Result<(), Rejection> {
        self.check_primary_revocation(others)?;
        let primary = self.standing(now).ok_or_else(|| Rejection::NotBound { key: self.primary.key.name() })?;
        self.primary.check_times(primary, made, now)?;
        let part = self.part(which);
        match which {
            // Where nothing is said, the key may do what its kind can, as GnuPG has it.
            Which::Primary if primary.flags.unwrap_or(MAY_SIGN) & MAY_SIGN == 0 => {
                Err(Rejection::NotForSigning { key: part.key.name() })
            }
            Which::Primary => Ok(()),
            Which::Subkey(_) => part.check_times(self.check_subkey(part, now)?, made, now),
        }
    }

    /// User ids that the key vouches for and has not revoked.
    pub(super) fn users(&self, now: DateTime<Utc>) -> Vec<String> {
        let vouched = self.users.iter().filter(|user| self.vouched(user, now).is_some());
        vouched.filter_map(|user| user.id.clone()).collect()
    }

    fn check_primary_revocation(&self, others: &[Self]) -> Result<(), Rejection> {
        let key = &self.primary.key;
        let data: &[&[u8]] = &[&key.hashed];
        for signature in self.primary.about(about::KEY_REVOKED) {
            if signature.verify_revocation(key, data).is_ok() || self.by_revoker(signature, data, others) {
                return Err(Rejection::KeyRevoked { key: key.name(), why: why(signature) });
            }
        }
        Ok(())
    }

    /// Whether somebody whom the owner entitled made it. Where that one's key is not here, the revocation is believed.
    fn by_revoker(&self, signature: &Signature, data: &[&[u8]], others: &[Self]) -> bool {
        let key = &self.primary.key;
        let own = self.primary.about(about::KEY).filter(|own| own.verify_revocation(key, &[&key.hashed]).is_ok());
        let revokers: Vec<_> = own.flat_map(|own| &own.says.revokers).collect();
        let named = |fingerprint: &[u8]| {
            signature.issuers.iter().any(|issuer| fingerprint == issuer || fingerprint.ends_with(issuer))
        };
        revokers.into_iter().filter(|fingerprint| named(fingerprint)).any(|fingerprint| {
            let revoker = others.iter().find(|other| other.primary.key.fingerprint == *fingerprint);
            revoker.is_none_or(|other| signature.verify_revocation(&other.primary.key, data).is_ok())
        })
    }

    /// What the primary key says of itself, alone and with a user id: of each matter, what was said of it last.
    fn standing(&self, now: DateTime<Utc>) -> Option<Standing> {
        let key = &self.primary.key;
        let direct = self.primary.about(about::KEY).filter(|signature| holds(signature, key, &[&key.hashed], now));
        let users = self.users.iter().filter_map(|user| self.vouched(user, now));
        let newest = |signature: &&Signature| signature.says.made;
        let mut said: Vec<_> = [direct.max_by_key(newest), users.max_by_key(newest)].into_iter().flatten().collect();
        said.sort_by_key(|signature| Reverse(signature.says.made));
        (!said.is_empty()).then(|| Standing {
            flags: said.iter().find_map(|signature| signature.says.flags),
            expires_after: said.iter().find_map(|signature| signature.says.key_expires_after),
        })
    }

    /// The newest signature by which the key owns the user id, if it did not take that back.
    fn vouched<'a>(&self, user: &'a User, now: DateTime<Utc>) -> Option<&'a Signature> {
        let key = &self.primary.key;
        let data: &[&[u8]] = &[&key.hashed, &user.hashed];
        let own = user.signatures.iter().filter(|signature| about::USER.contains(&signature.about));
        let newest = own.filter(|signature| holds(signature, key, data, now)).max_by_key(|own| own.says.made)?;
        let mut revoked = user.signatures.iter().filter(|signature| signature.about == about::USER_REVOKED);
        let is_revoked = revoked
            .any(|signature| signature.says.made >= newest.says.made && signature.verify_revocation(key, data).is_ok());
        (!is_revoked).then_some(newest)
    }

    fn check_subkey(&self, part: &Part, now: DateTime<Utc>) -> Result<Standing, Rejection> {
        let primary = &self.primary.key;
        let data: &[&[u8]] = &[&primary.hashed, &part.key.hashed];
        let revoked = |signature: &&Signature| signature.verify_revocation(primary, data).is_ok();
        if let Some(signature) = part.about(about::SUBKEY_REVOKED).find(revoked) {
            return Err(Rejection::KeyRevoked { key: part.key.name(), why: why(signature) });
        }
        let bound = part.about(about::SUBKEY).filter(|signature| holds(signature, primary, data, now));
        let newest = bound.max_by_key(|signature| signature.says.made);
        let newest = newest.ok_or_else(|| Rejection::NotBound { key: part.key.name() })?;
        let standing = Standing { flags: newest.says.flags, expires_after: newest.says.key_expires_after };
        if standing.flags.unwrap_or_default() & MAY_SIGN == 0 {
            return Err(Rejection::NotForSigning { key: part.key.name() });
        }
        let returned = newest.embedded.iter().filter_map(|body| Signature::read(body).ok());
        let mut returned = returned.filter(|signature| signature.about == about::PRIMARY_KEY);
        if !returned.any(|signature| holds(&signature, &part.key, data, now)) {
            return Err(Rejection::NotBound { key: part.key.name() });
        }
        Ok(standing)
    }
}

impl Part {
    fn new(key: Key) -> Self {
        Self { key, signatures: Vec::new() }
    }

    fn about(&self, about: u8) -> impl Iterator<Item = &Signature> {
        self.signatures.iter().filter(move |signature| signature.about == about)
    }

    fn check_times(&self, standing: Standing, made: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Rejection> {
        let key = || self.key.name();
        if made < self.key.created {
            return Err(Rejection::KeyNotYetValid { key: key(), from: self.key.created });
        }
        match standing.expires_after.and_then(|after| self.key.created.checked_add_signed(after)) {
            Some(at) if at <= now => Err(Rejection::KeyExpired { key: key(), at }),
            _ => Ok(()),
        }
    }
}

/// Whether `key` made it over `data`, and it counts `now`.
fn holds(signature: &Signature, key: &Key, data: &[&[u8]], now: DateTime<Utc>) -> bool {
    let Some(made) = signature.says.made.filter(|made| *made <= now) else { return false };
    let ends = signature.says.expires_after.and_then(|after| made.checked_add_signed(after));
    ends.is_none_or(|ends| ends > now) && signature.may_be_by(key) && signature.verify(key, data).is_ok()
}

/// RFC 9580, 5.2.3.31.
fn why(signature: &Signature) -> &'static str {
    match signature.says.revocation {
        Some(1) => "its owner has a new key",
        Some(2) => "it was stolen or lost",
        Some(3) => "it is no longer used",
        Some(32) => "its user id is no longer valid",
        _ => "no reason is given",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// No certificate is open.
    Nothing,
    Primary,
    User,
    Subkey,
    /// Signatures of it belong to nothing that we know.
    Unreadable,
}
