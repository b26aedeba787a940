//! The emitter: any data, in any place, is read back as itself.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use plimsoll::yaml::emit::{Data, Place, block, double_quoted, flow, string};
use plimsoll_fuzz::{data, read};

fuzz_target!(|bytes: &[u8]| {
    let data = data(&mut Unstructured::new(bytes), 3);
    for text in [block(&data, 0), flow(&data), format!("[{}, z]\n", flow(&data))] {
        let parsed = read(&text);
        assert!(parsed.diagnostics.is_empty(), "{text:?}: {:?}", parsed.diagnostics);
        let [document] = parsed.documents.as_slice() else { panic!("{text:?} is not one document") };
        let root = document.root();
        let node = if text.ends_with(", z]\n") { root.items().next().unwrap_or(root) } else { root };
        assert_eq!(Data::from_node(node), data, "{text:?}");
    }
    let Data::String(word) = &data else { return };
    for text in [
        format!("a: {}\nz: 1\n", string(word, Place::Block)),
        format!("{}: 1\n", string(word, Place::Block)),
        format!("- {}\n- z\n", string(word, Place::Block)),
        format!("[{}, z]\n", string(word, Place::Flow)),
        format!("{{z: {}}}\n", string(word, Place::Flow)),
        format!("a: {}\n", double_quoted(word)),
    ] {
        let parsed = read(&text);
        assert!(parsed.diagnostics.is_empty(), "{text:?}: {:?}", parsed.diagnostics);
        let root = parsed.documents[0].root();
        let value = root.items().next().map(|item| item.as_str());
        let of_map = root.entries().next().map(|entry| entry.value.as_str().or(Some(entry.name())));
        assert_eq!(value.or(of_map).flatten(), Some(word.as_str()), "{text:?}");
    }
});
