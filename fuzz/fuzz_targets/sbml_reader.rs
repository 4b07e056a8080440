//! Any bytes as an SBML file: refused, or read, and what was read can be written and read again.
#![no_main]

use kurtz_model::format::sbml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match sbml::read(bytes, "fuzzed.xml") {
        Err(refused) => assert!(!refused.to_string().is_empty()),
        Ok((network, _)) => {
            let Ok(text) = sbml::write(&network) else { return };
            let again = sbml::read(text.as_bytes(), "written.xml").map(|(network, _)| network.reactions.len());
            assert_eq!(again.expect("what is written can be read"), network.reactions.len(), "{text}");
        }
    }
});
