//! What `lockgate doctor` warns about: files that other accounts of the machine can read or change.

use crate::config::Config;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

/// One sentence for each file whose permissions are too wide. A file that is missing is another part's finding.
pub(super) fn warnings(config_file: &Path, config: &Config) -> Vec<String> {
    let secrets = config.secret_files().into_iter().filter_map(|(key, file)| readable_by_others(&key, file));
    let changeable = [("the configuration", config_file), ("data_dir", &config.data_dir)];
    let changeable = changeable.into_iter().chain(config.policy.dir.as_deref().map(|dir| ("policy.dir", dir)));
    secrets.chain(changeable.filter_map(|(what, path)| writable_by_others(what, path))).collect()
}

fn readable_by_others(key: &str, file: &Path) -> Option<String> {
    let metadata = fs::metadata(file).ok()?;
    let mode = metadata.permissions().mode() & 0o777;
    // A service's own group (root:lockgate 0640) is a common way to hand a secret over.
    let wide =
        mode & 0o007 != 0 || (mode & 0o020 != 0) || (mode & 0o040 != 0 && metadata.gid() == 0 && metadata.uid() != 0);
    wide.then(|| {
        let shown = file.display();
        format!("{key}: other accounts can read or change {shown} (mode {mode:04o}); run `chmod 600 {shown}`")
    })
}

fn writable_by_others(what: &str, path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o022 != 0).then(|| {
        let shown = path.display();
        format!("{what}: other accounts can change {shown} (mode {mode:04o}); run `chmod go-w {shown}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_permissions_are_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "secret").unwrap();
        for (mode, warned) in [
            (0o600, false),
            (0o400, false),
            (0o440, false),
            (0o640, false),
            (0o644, true),
            (0o604, true),
            (0o660, true),
        ] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let warning = readable_by_others("registries.npm.token_file", &file);
            assert_eq!(warning.is_some(), warned, "{mode:o}");
            if let Some(warning) = warning {
                assert!(warning.contains("chmod 600") && !warning.contains("secret"), "{warning}");
            }
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(writable_by_others("the configuration", &file).unwrap().contains("chmod go-w"));
        assert!(readable_by_others("x", &folder.path().join("absent")).is_none());
    }
}
