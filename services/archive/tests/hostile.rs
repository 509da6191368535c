//! Mutated archives and differences: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/archives.rs"]
mod archives;

lockgate_hostile::holds! {
    60;
    gzipped_tars: archives::tar_gz,
    zips: archives::zip,
    differences: archives::diff,
}
