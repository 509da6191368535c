//! Mutated git objects: whatever they are, the properties of `hostile/` hold.

#[expect(unreachable_pub, reason = "the fuzz targets use it from outside")]
#[path = "hostile/git_objects.rs"]
mod git_objects;

lockgate_hostile::holds! { 150; trees_and_commits: git_objects }
