#![no_main]
use lockgate_fuzz::archive_tar_gz as target;

libfuzzer_sys::fuzz_target!(init: lockgate_fuzz::plant(target::seeds()), |data: &[u8]| target::check(data));
