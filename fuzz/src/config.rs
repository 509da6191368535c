//! The configuration's syntax: what is read is written and read the same. (Its type is the server's, and linking the
//! server would compile all of it again with counters; a test beside the type mutates whole configurations.)

use toml::Table;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(read) = text.parse::<Table>() else { return };
    let written = toml::to_string(&read).expect("a table is written");
    super::bounded("the configuration", written.len(), 40, data);
    let again: Table = written.parse().expect("what was written is read");
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
}

pub fn seeds() -> Vec<Vec<u8>> {
    [
        "data_dir = 'd'\n",
        "data_dir = \"/var/lib/lockgate\"\n[server]\nlisten = \"0.0.0.0:8080\"\npublic_url = \"https://gate.example.test/\"\nmax_body_bytes = 1000\n[database]\nurl_file = \"/run/u\"\n[github]\napi_url = \"https://api.example.test/\"\nweb_url = \"https://git.example.test/\"\nclient_id = \"Iv1\"\nprivate_key_file = \"/run/k\"\nwebhook_secret_files = [\"/run/a\", \"/run/b\"]\n[registries.npm]\nurl = \"https://npm.example.test/\"\nartifact_hosts = [\"f.example.test\"]\nlockfile_addresses = [\"https://l.example.test/\"]\ntoken_file = \"/run/t\"\n[policy]\ndir = \"/p\"\n[work]\nworkers = 2\nattempts = -1\n[telemetry]\njson = true\notlp_endpoint = \"http://127.0.0.1:4318/v1/traces\"\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
