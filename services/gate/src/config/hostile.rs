//! Mutated configurations: what is read is written and read the same, and no text breaks the reader.

use super::Config;

const WHOLE: &str = r#"data_dir = "/var/lib/lockgate"
[server]
listen = "0.0.0.0:8080"
public_url = "https://gate.example.test/"
max_body_bytes = 1000
[database]
url_file = "/run/u"
[github]
api_url = "https://api.example.test/"
web_url = "https://git.example.test/"
client_id = "Iv1"
private_key_file = "/run/k"
webhook_secret_files = ["/run/a", "/run/b"]
[registries.npm]
url = "https://npm.example.test/"
artifact_hosts = ["files.example.test"]
lockfile_addresses = ["https://l.example.test/"]
token_file = "/run/t"
[pins]
popular = "/n"
[[pins.internal]]
ecosystem = "npm"
names = ["@acme/*"]
registry = "https://npm.example.test/acme/"
[policy]
dir = "/p"
[work]
workers = 2
attempts = 3
[telemetry]
json = true
otlp_endpoint = "http://127.0.0.1:4318/v1/traces"
"#;

/// A fixed sequence (Knuth's MMIX generator), so that what fails once fails always.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound.max(1)
    }
}

#[test]
fn whatever_is_read_is_written_and_read_the_same() {
    let mut dice = Dice(1);
    let mut read = 0;
    for _ in 0..3_000 {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for _ in 0..dice.below(3) {
            let (at, length) = (dice.below(bytes.len()), dice.below(60));
            match dice.below(3) {
                0 => bytes[at] = dice.below(128) as u8,
                1 => drop(bytes.drain(at..(at + length).min(bytes.len()))),
                _ => bytes.insert(at, dice.below(256) as u8),
            }
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let Ok(config) = toml::from_str::<Config>(&text) else { continue };
        read += 1;
        let written = toml::to_string(&config).unwrap();
        assert!(written.len() < 12 * text.len() + 4096, "{} bytes of {}", written.len(), text.len());
        let again: Config = toml::from_str(&written).unwrap();
        assert_eq!(toml::to_string(&again).unwrap(), written);
        let _ = (config.registry_hosts(), config.registry_aliases(), config.git_cache(), config.validate());
    }
    assert!(read > 1_000, "only {read} of 3,000 were configurations: the mutations are too coarse to say anything");
}
