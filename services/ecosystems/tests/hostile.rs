//! Mutated lockfiles, registry answers and versions: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/lockfiles.rs"]
mod lockfiles;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/registries.rs"]
mod registries;
#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/versions.rs"]
mod versions;

lockgate_hostile::holds! {
    400;
    npm_lockfiles: lockfiles::npm,
    uv_lockfiles: lockfiles::uv,
    poetry_lockfiles: lockfiles::poetry,
    pylock_lockfiles: lockfiles::pylock,
    requirements_files: lockfiles::requirements,
    cargo_lockfiles: lockfiles::cargo,
    npm_packuments: registries::npm,
    pypi_answers: registries::pypi,
    cargo_index_entries: registries::cargo,
    version_order: versions,
}
