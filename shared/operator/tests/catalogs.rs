//! Catalogs: what is merged stays, the same content gives the same image, and hostile text is refused.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use omps_operator::catalog::{
    Entry, Layer, Package, Upload, Uploaded, check, image, layer_number, read_layer, read_objects,
};
use serde_json::json;

fn uploaded(version: &str, replaces: Option<&str>) -> Uploaded {
    let name = format!("p.v{version}");
    let image = format!("quay.io/org/p@sha256:{}", "a".repeat(64));
    let package = json!({"type": "olm.package", "value": {"packageName": "p", "version": version}});
    Uploaded {
        bundle: json!({
            "schema": "olm.bundle", "name": name, "package": "p", "image": image,
            "properties": [package],
        }),
        entry: Entry {
            name,
            replaces: replaces.map(str::to_owned),
            skips: Vec::new(),
            skip_range: None,
        },
        icon: None,
    }
}

fn upload(root: &str, bundles: Vec<Uploaded>) -> Upload {
    Upload {
        default_channel: Some("stable".into()),
        lists_all_channels: true,
        channels: BTreeMap::from([("stable".into(), vec![root.into()])]),
        bundles,
    }
}

fn first() -> Package {
    let upload = upload("p.v1.0.0", vec![uploaded("1.0.0", None)]);
    Package::empty("p").merge(&upload).unwrap().package
}

#[test]
fn a_second_head_is_refused_in_opm_s_words_with_the_remedy() {
    let refused = first()
        .merge(&upload(
            "p.v1.2.0",
            vec![uploaded("1.2.0", Some("p.v1.1.0"))],
        ))
        .unwrap_err();
    assert_eq!(
        refused.refusal.leaves(),
        ["multiple channel heads found in graph: p.v1.0.0, p.v1.2.0"]
    );
    assert_eq!(
        refused.advice[0].message,
        "p.v1.2.0 does not lead on from p.v1.0.0, the head of stable in the catalog: give it replaces: p.v1.0.0, \
         or skips: [p.v1.0.0], or another channel, or push p.v1.1.0 first"
    );
}

#[test]
fn a_bundle_in_the_middle_stays_marked_until_it_can_go() {
    let two = upload("p.v1.1.0", vec![uploaded("1.1.0", Some("p.v1.0.0"))]);
    let two = first().merge(&two).unwrap().package;
    let three = upload("p.v1.2.0", vec![uploaded("1.2.0", Some("p.v1.1.0"))]);
    let three = two.merge(&three).unwrap().package;
    let deleted = three.delete(&["p.v1.1.0".into()]);
    assert_eq!(deleted.kept, ["p.v1.1.0"]);
    assert_eq!(deleted.package.bundles(), three.bundles());
    let deleted = deleted.package.delete(&["p.v1.2.0".into()]);
    assert_eq!(deleted.package, first());
}

#[test]
fn layers_come_back_and_the_image_has_its_label_and_annotations() {
    let packages = BTreeMap::from([("p".to_owned(), first().bytes())]);
    let number = layer_number("p");
    let (layer, blob) = Layer::pack(number, &packages).unwrap();
    assert_eq!(read_layer(&blob.bytes, 1 << 20).unwrap(), packages);
    assert!(read_layer(&blob.bytes, 100).is_err());
    let (base, _) = Layer::base().unwrap();
    let (config, manifest) = image(&base, &BTreeMap::from([(number, layer)])).unwrap();
    let [config, manifest] = [config, manifest]
        .map(|blob| serde_json::from_slice::<serde_json::Value>(&blob.bytes).unwrap());
    assert_eq!(
        config["config"]["Labels"],
        json!({"operators.operatorframework.io.index.configs.v1": "/configs"})
    );
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 2);
    assert_eq!(config["history"].as_array().unwrap().len(), 2);
    assert_eq!(
        manifest["layers"][1]["annotations"],
        json!({"omps.catalog.layer": number.to_string()})
    );
}

#[test]
fn a_catalog_is_read_back_strictly() {
    let bytes = first().bytes();
    assert_eq!(Package::read("p", &bytes).unwrap(), first());
    let text = String::from_utf8(bytes).unwrap();
    for (what, odd) in [
        (
            "a key twice",
            text.replacen("\"name\"", "\"name\":\"p\",\"name\"", 1),
        ),
        (
            "an unknown key",
            text.replacen("\"name\"", "\"Name\":\"p\",\"name\"", 1),
        ),
        ("a byte order mark", format!("\u{feff}{text}")),
        ("a trailing comma", text.replacen("}\n", ",}\n", 1)),
        ("YAML", "schema: olm.package\nname: p\n".to_owned()),
    ] {
        assert!(Package::read("p", odd.as_bytes()).is_err(), "{what}");
    }
    assert!(Package::read("q", text.as_bytes()).is_err());
}

#[test]
fn deep_text_is_refused() {
    for text in [
        "[".repeat(1 << 20),
        format!("{{\"a\":{}", "[".repeat(1 << 20)),
    ] {
        let objects = read_objects(text.as_bytes());
        assert!(objects.is_err() || check(&objects.unwrap()).is_err());
        assert!(Package::read("p", text.as_bytes()).is_err());
    }
}

#[test]
fn the_graph_has_an_arrow_for_each_edge() {
    let two = upload("p.v1.1.0", vec![uploaded("1.1.0", Some("p.v1.0.0"))]);
    let two = first().merge(&two).unwrap().package;
    assert_eq!(
        two.mermaid(),
        "flowchart LR\n  subgraph c0[\"stable\"]\n    c0b0[\"p.v1.0.0\"]\n    c0b1([\"p.v1.1.0\"])\n    c0b0 --> c0b1\n  end\n"
    );
}
