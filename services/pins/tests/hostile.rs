//! Mutated files that name what is taken from elsewhere: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/files.rs"]
mod files;

lockgate_hostile::holds! {
    500;
    workflows: files::workflow,
    actions: files::action,
    container_files: files::container,
    compose_files: files::compose,
    hook_files: files::hooks,
    submodule_files: files::modules,
}
