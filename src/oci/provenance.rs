//! Helm's provenance files: what a chart says of itself and the digest of its archive, signed by OpenPGP.

use super::error::OciError;
use crate::package::digest;
use crate::source::SourceMap;
use crate::yaml::emit::{Data, block};
use crate::yaml::parse;
use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, Deserializable, SignedPublicKey, SignedPublicSubKey, SignedSecretKey,
    SignedSecretSubKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{Duration, KeyDetails, KeyVersion, Password, SigningKey, Tag, Timestamp};

/// What stands between the chart's metadata and the digests.
const BORDER: &str = "\n...\n";
/// No provenance file is larger.
const LIMIT: usize = 1 << 20;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 24 * 60 * 60;

/// Public keys of OpenPGP.
#[derive(Clone, Debug)]
pub struct Ring {
    keys: Vec<SignedPublicKey>,
}

/// A private key of OpenPGP.
pub struct Signer {
    key: SignedSecretKey,
    password: Password,
}

impl Ring {
    /// Tells whether bytes look like keys of OpenPGP.
    pub fn looks_like(bytes: &[u8]) -> bool {
        bytes.starts_with(b"-----BEGIN PGP") || bytes.first().is_some_and(|first| first & 0x80 != 0) || is_keybox(bytes)
    }

    /// Reads a keyring, as `gpg --export` writes it, armoured or not. Keys of kinds that nobody uses any more are left out.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, OciError> {
        let keys = keys(name, bytes)?;
        Ok(Self { keys })
    }

    /// Verifies a provenance file of an archive; gives who signed it, else why it proves nothing. `now` is in seconds since
    /// 1970.
    pub fn verify(&self, provenance: &[u8], file: &str, archive: &[u8], now: u64) -> Result<String, String> {
        let no_text = || "the provenance file is no text that OpenPGP signed".to_owned();
        let text = std::str::from_utf8(provenance).ok().filter(|text| text.len() <= LIMIT).ok_or_else(no_text)?;
        let (message, _) = CleartextSignedMessage::from_string(text).map_err(|_| no_text())?;
        let signed = message.signed_text();
        let mut reason = "the provenance file is signed by another key".to_owned();
        let mut signer = None;
        for (key, signature) in self.keys.iter().flat_map(|key| message.signatures().iter().map(move |one| (key, one)))
        {
            match stands(key, signature, signed.as_bytes(), now) {
                Some(Ok(())) => signer = signer.or(Some(key)),
                Some(Err(why)) => reason = why,
                None => {}
            }
        }
        let signer = signer.ok_or(reason)?;
        let told = told(&signed.replace("\r\n", "\n"), file);
        match told {
            Some(told) if told == digest(archive) => Ok(called(signer)),
            Some(told) => Err(format!("the provenance file tells of {told}, and the archive is {}", digest(archive))),
            None => Err(format!("the provenance file tells nothing of `{file}`")),
        }
    }
}

impl Signer {
    /// Reads a private key, the one whose name or fingerprint holds what is `wanted`, and opens it.
    pub fn read(name: &str, bytes: &[u8], wanted: Option<&str>, password: &[u8]) -> Result<Self, OciError> {
        let wrong = |reason: String| OciError::Unreadable { what: format!("the keyring `{name}`"), reason };
        let mut keys: Vec<SignedSecretKey> = keys(name, bytes)?;
        let names = |key: &SignedSecretKey| {
            let users = key.details.users.iter().filter_map(|user| user.id.as_str().map(str::to_lowercase));
            users.chain([key.primary_key.fingerprint().to_string()]).collect::<Vec<_>>()
        };
        if let Some(wanted) = wanted.map(str::to_lowercase) {
            keys.retain(|key| names(key).iter().any(|name| name.contains(&wanted)));
        }
        let key = match (keys.len(), keys.pop()) {
            (1, Some(key)) => key,
            (0, _) => return Err(wrong(format!("no private key in it is called `{}`", wanted.unwrap_or_default()))),
            _ => return Err(wrong("it holds several private keys that may be meant".to_owned())),
        };
        Ok(Self { key, password: Password::from(password) })
    }

    /// Writes the provenance file of an archive. `now` is in seconds since 1970.
    pub fn sign(&self, chart: &Data, file: &str, archive: &[u8], now: u64) -> Result<String, OciError> {
        let text = format!("{}{BORDER}files:\n  {file}: {}", block(chart, 0).trim_end(), digest(archive));
        // As gpg chooses: the newest subkey that may sign, else the key itself.
        let key = self.key.to_public_key();
        let able = |subkey: &&SignedSecretSubKey| may_sign(&key, Some(&subkey.signed_public_key()), now).is_ok();
        let subkey = self.key.secret_subkeys.iter().filter(able).max_by_key(|subkey| subkey.key.created_at().as_secs());
        let signed = match (subkey, may_sign(&key, None, now)) {
            (Some(subkey), _) => self.by(&subkey.key, &text, now),
            (None, Ok(())) => self.by(&self.key.primary_key, &text, now),
            (None, Err(reason)) => Err(format!("it {reason}")),
        };
        signed.map_err(|reason| OciError::Setup(format!("the key does not sign: {reason}")))
    }

    fn by(&self, key: &impl SigningKey, text: &str, now: u64) -> Result<String, String> {
        if key.version() != KeyVersion::V4 {
            return Err("it is of another version than 4, which Helm does not read".to_owned());
        }
        let failed = |error: pgp::errors::Error| error.to_string();
        let mut config = SignatureConfig::v4(SignatureType::Text, key.algorithm(), HashAlgorithm::Sha512);
        let subpacket = |data| Subpacket::regular(data).map_err(failed);
        let now = Timestamp::from_secs(u32::try_from(now).unwrap_or(u32::MAX));
        config.hashed_subpackets = vec![
            subpacket(SubpacketData::SignatureCreationTime(now))?,
            subpacket(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        ];
        config.unhashed_subpackets = vec![subpacket(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
        let message = CleartextSignedMessage::new(text, config, key, &self.password).map_err(failed)?;
        message.to_armored_string(ArmorOptions::default()).map_err(failed)
    }
}

fn is_keybox(bytes: &[u8]) -> bool {
    bytes.get(8..12) == Some(b"KBXf".as_slice())
}

fn keys<K: Deserializable>(name: &str, bytes: &[u8]) -> Result<Vec<K>, OciError> {
    let wrong =
        |reason: &str| OciError::Unreadable { what: format!("the keyring `{name}`"), reason: reason.to_owned() };
    if is_keybox(bytes) {
        return Err(wrong("it is in GnuPG's own format; `gpg --export` writes one that others read"));
    }
    let keys: Vec<K> = if bytes.starts_with(b"-----BEGIN PGP") {
        K::from_armor_many_buf(bytes).map(|(keys, _)| keys.filter_map(Result::ok).collect()).unwrap_or_default()
    } else {
        K::from_bytes_many(bytes).map(|keys| keys.filter_map(Result::ok).collect()).unwrap_or_default()
    };
    if keys.is_empty() { Err(wrong("it holds no key of this kind")) } else { Ok(keys) }
}

/// Judges a signature by a key: none where it is not by this key, else why it does not count.
fn stands(key: &SignedPublicKey, signature: &Signature, text: &[u8], now: u64) -> Option<Result<(), String>> {
    let primary = signature.verify(&key.primary_key, text).is_ok();
    let subkey = key.public_subkeys.iter().find(|subkey| signature.verify(&subkey.key, text).is_ok());
    if !primary && subkey.is_none() {
        return None;
    }
    let subkey = subkey.filter(|_| !primary);
    let by_key = |reason| format!("the provenance file is signed by a key that {reason}");
    Some(counts(key, subkey, signature, now).and_then(|()| may_sign(key, subkey, now).map_err(by_key)))
}

/// Says why a signature does not count, whoever made it.
fn counts(
    key: &SignedPublicKey,
    subkey: Option<&SignedPublicSubKey>,
    signature: &Signature,
    now: u64,
) -> Result<(), String> {
    let strong = [
        HashAlgorithm::Sha224,
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
        HashAlgorithm::Sha3_256,
        HashAlgorithm::Sha3_512,
    ];
    let born = subkey.map_or(key.primary_key.created_at(), |subkey| subkey.key.created_at());
    let reason = match signature.created() {
        _ if signature.hash_alg().is_none_or(|hash| !strong.contains(&hash)) => {
            "the provenance file is signed over a digest that can be forged"
        }
        None => "the signature does not tell when it was made",
        Some(made) if u64::from(made.as_secs()) > now + SKEW => "the signature was made in the future",
        Some(made) if made.as_secs() < born.as_secs() => "the signature is older than its key",
        Some(_) if is_over(signature.created(), signature.signature_expiration_time(), now) => {
            "the signature has expired"
        }
        Some(_) => return Ok(()),
    };
    Err(reason.to_owned())
}

/// Says why a key, or one of its subkeys, may not sign: not now, and so not ever, as who signed says himself when that was.
fn may_sign(key: &SignedPublicKey, subkey: Option<&SignedPublicSubKey>, now: u64) -> Result<(), &'static str> {
    let primary = &key.primary_key;
    if key.details.revocation_signatures.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
        return Err("was revoked");
    }
    // What the key says of itself: the newest counts, but nothing that it says by a name that it has taken back.
    let direct = key.details.direct_signatures.iter().filter(|own| own.typ() == Some(SignatureType::Key));
    let direct = newest(direct.filter(|own| own.verify_key(primary).is_ok()));
    let by_names = key.details.users.iter().filter_map(|user| {
        let certifies = |own: &&Signature| own.verify_certification(primary, Tag::UserId, &user.id).is_ok();
        newest(user.signatures.iter().filter(certifies)).filter(|own| own.typ() != Some(SignatureType::CertRevocation))
    });
    let holds = |own: &&Signature| !is_over(own.created(), own.signature_expiration_time(), now);
    let own = newest(direct.into_iter().chain(by_names).filter(holds)).ok_or("says nothing of itself")?;
    if is_over(Some(primary.created_at()), own.key_expiration_time(), now) {
        return Err("has expired");
    }
    let Some(subkey) = subkey else {
        let flags = own.key_flags();
        let silent = !(flags.certify() || flags.encrypt_comms() || flags.encrypt_storage() || flags.authentication());
        return if flags.sign() || silent { Ok(()) } else { Err("is not for signing") };
    };
    // Whoever holds such a packet means it: it is not held against the key.
    if subkey.signatures.iter().any(|one| one.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("was revoked");
    }
    let bindings = subkey.signatures.iter().filter(|one| one.typ() == Some(SignatureType::SubkeyBinding));
    let bindings = bindings.filter(|one| one.verify_subkey_binding(primary, &subkey.key).is_ok());
    let binding = newest(bindings.filter(holds)).ok_or("its primary key does not know")?;
    let back =
        binding.embedded_signature().is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    if !binding.key_flags().sign() || !back {
        return Err("is not for signing");
    }
    if is_over(Some(subkey.key.created_at()), binding.key_expiration_time(), now) {
        return Err("has expired");
    }
    Ok(())
}

fn newest<'s>(signatures: impl Iterator<Item = &'s Signature>) -> Option<&'s Signature> {
    signatures.max_by_key(|signature| signature.created().map(Timestamp::as_secs))
}

/// Tells whether something that lasts for a while is over; without an end it is not.
fn is_over(from: Option<Timestamp>, lasts: Option<Duration>, now: u64) -> bool {
    let lasts = lasts.filter(|lasts| lasts.as_secs() > 0);
    from.zip(lasts).is_some_and(|(from, lasts)| u64::from(from.as_secs()) + u64::from(lasts.as_secs()) < now)
}

/// Names a key by its first user and its fingerprint.
fn called(key: &SignedPublicKey) -> String {
    let user = key.details.users.first().and_then(|user| user.id.as_str()).unwrap_or_default();
    let user: String = user.chars().filter(|c| !c.is_control()).take(100).collect();
    format!("{user} ({})", key.primary_key.fingerprint())
}

/// Finds what a signed text tells of a file: its digest.
fn told(text: &str, file: &str) -> Option<String> {
    // Two borders could be read in two ways.
    let (_, sums) = text.split_once(BORDER).filter(|(_, sums)| !sums.contains(BORDER))?;
    let parsed = parse(&SourceMap::new().add("provenance", sums));
    let sums = parsed.documents.first().filter(|_| parsed.diagnostics.is_empty())?.root().get("files")?;
    let mut named = sums.entries().filter(|entry| entry.name() == file);
    let first = named.next()?;
    named.next().is_none().then(|| first.value.text().to_owned())
}
