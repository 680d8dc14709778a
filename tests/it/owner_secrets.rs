//! A whole secret survives nowhere: not in what is read, not in warnings, not in errors.

use gaitkeeper::acquire::owner::network::truncated;
use gaitkeeper::acquire::owner::secret::scrubbed;
use gaitkeeper::acquire::owner::{audit, inventory, read};
use gaitkeeper::baseline::credentials::rotation::{Policy, Reason, rotations};

/// Invented tokens of every known form; put together here, so that none stands in this file.
fn secrets() -> Vec<String> {
    let body = "aB3dE5fG7h".repeat(6);
    let hex = "0123456789abcdef".repeat(3);
    let mut all: Vec<String> = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_"]
        .iter()
        .map(|start| format!("{start}{}", &body[..36]))
        .collect();
    all.push(format!("github_pat_{}_{}", &body[..22], &body[..59]));
    all.push(format!("rubygems_{hex}"));
    all.push(format!("pypi-AgE{body}-{body}_x"));
    all.push(format!("cio{}", &body[..32]));
    all
}

#[test]
fn a_live_secret_in_an_inventory_is_shortened_and_told() {
    let legacy = "0f0e0d0c-1b1a-4908-8706-050403020100".to_owned();
    for secret in secrets().into_iter().chain([legacy]) {
        let text = format!("[{{\"key\":\"k\",\"token\":\"{secret}\",\"created\":\"2026-01-01T00:00:00Z\"}}]");
        let taken = inventory::parse(text.as_bytes()).expect("inventory");
        assert!(!format!("{taken:?}").contains(&secret[9..]), "{taken:?}");
        let masked = taken.rows[0].masked.as_deref().expect("masked");
        assert_eq!(masked, format!("{}...{}", &secret[..8], &secret[secret.len() - 4..]));
        assert!(taken.rows[0].exposed && taken.warnings[0].contains("[0]"), "{:?}", taken.warnings);
        let due = rotations(&taken.rows, &[], &Policy::default(), 1_767_312_000_000);
        assert_eq!(due.due[0].reasons[0], Reason::Exposed);
    }
}

#[test]
fn a_secret_in_any_field_of_any_file_is_shortened() {
    for secret in secrets() {
        let keeps = |shown: String| assert!(!shown.contains(&secret), "{shown}");
        for field in ["key", "name", "description", "created", "expiry", "readonly", "cidr", "scopes", "permissions"] {
            for value in
                [format!("\"{secret}\""), format!("[\"x {secret} y\"]"), format!("[{{\"name\":\"{secret}\"}}]")]
            {
                let text =
                    format!("[{{\"key\":\"k\",\"{field}\":{value},\"token\":\"npm_a...b\"}},{{\"{secret}\":1}}]");
                keeps(format!("{:?}", inventory::parse(text.as_bytes())));
                keeps(format!("{:?}", read(text.as_bytes(), &truncated)));
            }
        }
        for field in ["actor", "action", "token", "token_id", "package", "country", "ip", "time", "hashed_token"] {
            let text = format!("{{\"time\":1788336000,\"action\":\"a\",\"{field}\":\"with {secret}, so\"}}");
            keeps(format!("{:?}", audit::parse(text.as_bytes(), &truncated)));
            let table = format!("time,action,{field}2,token\n1788336000,{secret},{secret},\"={secret}\"\n");
            keeps(format!("{:?}", audit::parse(table.as_bytes(), &truncated)));
            keeps(format!("{:?}", audit::parse(format!("{secret},{field}\n1,2\n").as_bytes(), &truncated)));
        }
        for broken in
            [format!("[{{\"token\":\"{secret}\""), format!("{{{secret}}}"), format!("[{secret}]"), secret.clone()]
        {
            keeps(format!("{:?}", inventory::parse(broken.as_bytes())));
            keeps(format!("{:?}", read(broken.as_bytes(), &truncated)));
        }
    }
}

#[test]
fn a_log_that_holds_secrets_says_so() {
    let secret = &secrets()[5];
    let text = format!("time,action,token\n1788336000,publish,{secret}\n1788336001,publish,ci\n");
    let taken = audit::parse(text.as_bytes(), &truncated).expect("log");
    assert_eq!((taken.secrets, taken.warnings.len()), (1, 1));
    assert_eq!(taken.rows[0].token.as_deref(), Some(format!("{}...{}", &secret[..8], &secret[36..]).as_str()));
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    let hash = "q3Rk9vXbTm2Lp8YwZc1aHgq3Rk9vXbTm2Lp8YwZc1aHg=";
    let plain = [
        "npm_config_registry_of_a_package_that_was_published",
        "npm.package_version_published",
        "6d1f2a3c-0000-4000-8000-000000000001",
        "pypi-publish",
        hash,
        "precious-things",
        "ä",
    ];
    for text in plain {
        assert_eq!(scrubbed(text), text);
    }
    let hidden = format!("npm_a-npm_{}", "aB3dE5fG7h".repeat(4));
    assert_eq!(scrubbed(&hidden), "npm_a-npm_aB3d...fG7h");
    let secret = &secrets()[0];
    assert_eq!(scrubbed(&format!("ä <{secret}> ö")), format!("ä <{}...{}> ö", &secret[..8], &secret[36..]));
}
