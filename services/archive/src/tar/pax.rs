//! pax extended headers: records `length key=value\n` (POSIX.1-2001, pax, "Extended Header").

/// What an extension says about the next entry, or about all that follow.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// pax `path`.
    pub(crate) path: Option<Vec<u8>>,
    /// GNU long name.
    pub(crate) long_name: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    /// GNU sparse records: the bytes that follow are not the file's content as it will stand on disk.
    pub(crate) sparse: bool,
}

impl Overrides {
    pub(crate) fn extend(&mut self, later: Self) {
        self.path = later.path.or(self.path.take());
        self.long_name = later.long_name.or(self.long_name.take());
        self.link = later.link.or(self.link.take());
        self.size = later.size.or(self.size);
        self.sparse |= later.sparse;
    }
}

/// # Errors
/// What is wrong with the records.
pub(crate) fn parse(mut body: &[u8]) -> Result<Overrides, &'static str> {
    let mut overrides = Overrides::default();
    // Some writers pad with NULs.
    while body.first().is_some_and(|b| *b != 0) {
        let space = body.iter().take(20).position(|b| *b == b' ').ok_or("a pax record has no length")?;
        let length = decimal(&body[..space]).ok_or("a pax record's length is not a number")?;
        let length = usize::try_from(length).map_err(|_| "a pax record is too long")?;
        let record = body.get(space + 1..length).ok_or("a pax record is longer than its header")?;
        let record = record.strip_suffix(b"\n").ok_or("a pax record does not end with a line break")?;
        let equals = record.iter().position(|b| *b == b'=').ok_or("a pax record has no =")?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            // An empty value takes the override back.
            b"path" => overrides.path = (!value.is_empty()).then(|| value.to_vec()),
            b"linkpath" => overrides.link = (!value.is_empty()).then(|| value.to_vec()),
            b"size" => overrides.size = Some(decimal(value).ok_or("a pax size is not a number")?),
            _ if key.starts_with(b"GNU.sparse.") => overrides.sparse = true,
            _ => {}
        }
        body = body.get(length..).unwrap_or_default();
    }
    Ok(overrides)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_broken_ones_refused() {
        let overrides = parse(b"12 path=a/b\n11 size=42\n").unwrap();
        assert_eq!((overrides.path.as_deref(), overrides.size), (Some(&b"a/b"[..]), Some(42)));
        for broken in
            [&b"x path=a\n"[..], b"99 path=a\n", b"9 path=ab", b"5 path\n", b"11 size=4x\n", b"0 a=b\n", b"2 \n"]
        {
            assert!(parse(broken).is_err(), "{broken:?}");
        }
    }
}
