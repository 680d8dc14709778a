//! Certificates of mail servers, receivers and registries: who is trusted, and what is said where nobody is.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};

use crate::authority::Authority;
use crate::command::{Outcome, Place};
use crate::receivers::{Door, MailServer, behind_tls};

/// Runs a command that trusts the authority whose certificate is in a file, and nobody else.
fn trusting(place: &Place, file: &str, args: &[&str]) -> Outcome {
    let output = place.command(args).env("SSL_CERT_FILE", place.path(file)).output().expect("the program starts");
    Outcome {
        code: output.status.code().expect("the program ends by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A place that knows two authorities: `own.pem`, which vouches for the servers of the test, and `other.pem`.
fn place() -> (Place, Authority) {
    let (place, own) = (Place::new(), Authority::named("own"));
    place.write("own.pem", own.pem());
    place.write("other.pem", Authority::named("other").pem());
    (place, own)
}

/// A server that answers whatever it is asked over TLS with `{}`; its port.
fn https(authority: &Authority) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let config = authority.server();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Some(mut stream) = behind_tls(stream, &config) else { continue };
            let mut asked = Vec::new();
            let mut piece = [0; 4096];
            // Head and body come together or one after the other; what is asked does not matter.
            while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(length) if length > 0 => asked.extend_from_slice(&piece[..length]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            stream.conn.send_close_notify();
            let _ = stream.flush();
            let _ = stream.read(&mut piece);
        }
    });
    port
}

#[test]
fn mail_goes_through_starttls_and_tls_to_a_server_that_is_trusted_and_to_no_other() {
    let (place, own) = place();
    for (security, door) in [("starttls", Door::StartTls(own.server())), ("tls", Door::Tls(own.server()))] {
        let server = MailServer::behind(door);
        place.write("mail.password", "hunter2\n");
        place.write(
            "gaitkeeper.toml",
            format!(
                "[notify.mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"{security}\"\nuser = \"u\"\n\
                 password_file = \"mail.password\"\nfrom = \"g@shop.example\"\nto = [\"a@shop.example\"]\n",
                server.port()
            ),
        );
        let out = trusting(&place, "other.pem", &["notify", "test"]).exits(4).out;
        assert!(out.contains("findings.mail: not sent") && out.contains("SSL_CERT_FILE"), "{security}: {out}");
        assert!(out.contains("UnknownIssuer") && !out.contains("hunter2"), "{security}: {out}");
        assert_eq!(server.mails().len(), 0, "{security}");
        let out = trusting(&place, "own.pem", &["notify", "test"]).exits(0).out;
        assert!(out.contains("findings.mail: sent"), "{security}: {out}");
        let mails = server.mails();
        assert!(mails.len() == 1 && mails[0].contains("this channel works"), "{security}: {mails:?}");
        assert_eq!(server.logins(), 1, "the password goes to who is trusted alone");
    }
}

#[test]
fn a_server_that_offers_no_tls_gets_neither_mail_nor_password() {
    let (place, _) = place();
    let server = MailServer::start();
    place.write("mail.password", "hunter2\n");
    place.write(
        "gaitkeeper.toml",
        format!(
            "[notify.mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"starttls\"\nuser = \"u\"\n\
             password_file = \"mail.password\"\nfrom = \"g@shop.example\"\nto = [\"a@shop.example\"]\n",
            server.port()
        ),
    );
    let out = trusting(&place, "own.pem", &["notify", "test"]).exits(4).out;
    assert!(out.contains("findings.mail: not sent"), "{out}");
    assert_eq!((server.mails().len(), server.logins()), (0, 0));
}

#[test]
fn a_receiver_and_a_registry_of_an_own_authority_are_trusted_by_the_same_setting() {
    let (place, own) = place();
    let port = https(&own);
    place.write("hook.url", format!("https://127.0.0.1:{port}/hook"));
    place.write("hook.key", crate::notify::SECRET);
    let settings = "[notify.webhook]\nurl_file = \"hook.url\"\nsecret_file = \"hook.key\"\n[network]\nattempts = 1\n";
    place.write("gaitkeeper.toml", settings);
    let out = trusting(&place, "other.pem", &["notify", "test"]).exits(4).out;
    assert!(out.contains("UnknownIssuer") && out.contains("SSL_CERT_FILE"), "{out}");
    let out = trusting(&place, "own.pem", &["notify", "test"]).exits(0).out;
    assert!(out.contains("findings.webhook: sent"), "{out}");

    let registry = format!("https://127.0.0.1:{port}/");
    let pull = ["pull", "--archive", "archive", "--registry", &registry, "loom"];
    let refused = trusting(&place, "other.pem", &pull).exits(1);
    assert!(refused.out.contains("UnknownIssuer") && refused.out.contains("SSL_CERT_FILE"), "{}", refused.out);
    let answered = trusting(&place, "own.pem", &pull);
    assert!(!answered.out.contains("UnknownIssuer"), "an answer, though no packument: {}", answered.out);
    assert!(answered.out.contains("1 failed"), "{}", answered.out);
}
