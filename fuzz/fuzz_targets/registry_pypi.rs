#![no_main]
use lockgate_fuzz::registry_pypi as target;

libfuzzer_sys::fuzz_target!(init: lockgate_fuzz::plant(target::seeds()), |data: &[u8]| target::check(data));
