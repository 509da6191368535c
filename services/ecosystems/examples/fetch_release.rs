//! Asks a registry for one release and fetches the files that would be read, to try a registry out:
//! `fetch_release npm https://registry.example.test/ left-pad 1.3.0 [ARTIFACT_HOST...]`.

use lockgate_ecosystems::{Client, Limits, RegistryConfig, adapter};
use lockgate_model::{Ecosystem, Release};
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ecosystem, url, name, version, artifact_hosts @ ..] = &arguments[..] else {
        return Err("give ecosystem, registry, name and version".into());
    };
    let ecosystem: Ecosystem = ecosystem.parse()?;
    let (artifact_hosts, limits) = (artifact_hosts.to_vec(), Limits::default());
    let config = RegistryConfig { ecosystem, url: url.parse()?, artifact_hosts, token: None, limits };
    let client = Client::new(vec![config], "lockgate-example")?;
    let release = Release::new(ecosystem, name, version);
    let start = Instant::now();
    let published = client.release(&release).await?;
    println!("{}", serde_json::to_string_pretty(&published)?);
    eprintln!("metadata in {:?}", start.elapsed());
    for file in adapter(ecosystem).protocol().files_to_read(&published) {
        let bytes = client.artifact(&release, file).await?;
        let compared: Vec<_> = file.digests.iter().map(|digest| digest.matches(&bytes)).collect();
        println!("{}: {} bytes, digests {compared:?}", file.file, bytes.len());
    }
    Ok(())
}
