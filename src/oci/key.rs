//! Keys: ECDSA over P-256, in PEM, private ones encrypted as cosign does it.

use super::error::OciError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// What stands before the point in the DER of a public key over P-256.
const PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// What cosign encrypts keys with takes 64 MiB; a file that asks for more than 256 MiB is none of its.
const COSTLIEST: u8 = 18;

/// A key that verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    point: Vec<u8>,
}

/// A key that signs.
pub struct PrivateKey {
    pair: EcdsaKeyPair,
}

impl PublicKey {
    /// Reads a `cosign.pub`.
    pub fn read(name: &str, text: &str) -> Result<Self, OciError> {
        let wrong =
            |reason: &str| OciError::Unreadable { what: format!("the key `{name}`"), reason: reason.to_owned() };
        let (label, der) = pem(text).ok_or_else(|| wrong("it is not in PEM"))?;
        if label != "PUBLIC KEY" {
            return Err(wrong("it is no public key; `cosign.pub` holds one"));
        }
        match der.strip_prefix(&PREFIX) {
            Some(point) if point.len() == 65 && point[0] == 4 => Ok(Self { point: point.to_vec() }),
            _ => Err(wrong("it is none of ECDSA over P-256, the kind that cosign makes")),
        }
    }

    /// Tells whether a signature, in DER, is one of these bytes by this key.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point).verify(bytes, signature).is_ok()
    }

    /// Gives the name by which bundles hint at a key.
    pub fn hint(&self) -> String {
        STANDARD.encode(Sha256::digest([&PREFIX[..], &self.point].concat()))
    }
}

impl PrivateKey {
    /// Reads a `cosign.key`, encrypted or not.
    pub fn read(name: &str, text: &str, password: &[u8]) -> Result<Self, OciError> {
        let wrong =
            |reason: &str| OciError::Unreadable { what: format!("the key `{name}`"), reason: reason.to_owned() };
        let (label, bytes) = pem(text).ok_or_else(|| wrong("it is not in PEM"))?;
        let der = match label.as_str() {
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
                decrypt(&bytes, password).map_err(wrong)?
            }
            "PRIVATE KEY" => bytes,
            _ => return Err(wrong("it is no private key that cosign writes")),
        };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der, &SystemRandom::new())
            .map_err(|_| wrong("it is none of ECDSA over P-256, the kind that cosign makes"))?;
        Ok(Self { pair })
    }

    /// Signs bytes: ECDSA over their SHA-256, in DER.
    pub fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, OciError> {
        let signed = self.pair.sign(&SystemRandom::new(), bytes);
        let failed = |_| OciError::Setup("this machine gives no random numbers to sign with".to_owned());
        signed.map(|signature| signature.as_ref().to_vec()).map_err(failed)
    }

    /// Gives the key that verifies.
    pub fn public(&self) -> PublicKey {
        PublicKey { point: self.pair.public_key().as_ref().to_vec() }
    }
}

/// Takes the first block out of a PEM: its label and its bytes.
fn pem(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    Some((label.to_owned(), STANDARD.decode(body).ok()?))
}

/// Decrypts what cosign encrypted: a key out of the password by scrypt, a box of NaCl with it.
fn decrypt(bytes: &[u8], password: &[u8]) -> Result<Vec<u8>, &'static str> {
    let json: Json = serde_json::from_slice(bytes).map_err(|_| "its encryption is not described in JSON")?;
    let decoded = |json: &Json| json.as_str().and_then(|text| STANDARD.decode(text).ok());
    if json["kdf"]["name"] != "scrypt" || json["cipher"]["name"] != "nacl/secretbox" {
        return Err("it is encrypted in another way than cosign does it");
    }
    let parameters = &json["kdf"]["params"];
    let number = |key: &str| parameters[key].as_u64().and_then(|number| u32::try_from(number).ok());
    let (Some(cost), Some(r), Some(p)) = (number("N"), number("r"), number("p")) else {
        return Err("its encryption lacks parameters");
    };
    let log = u8::try_from(cost.checked_ilog2().unwrap_or_default()).unwrap_or(u8::MAX);
    if !cost.is_power_of_two() || log > COSTLIEST || r > 8 || p > 4 {
        return Err("its encryption asks for too much");
    }
    let parameters = scrypt::Params::new(log, r, p, 32).map_err(|_| "its encryption has impossible parameters")?;
    let parts = (decoded(&json["kdf"]["salt"]), decoded(&json["cipher"]["nonce"]), decoded(&json["ciphertext"]));
    let (Some(salt), Some(nonce), Some(sealed)) = parts else { return Err("its encryption lacks parts") };
    if nonce.len() != 24 {
        return Err("its encryption has a wrong nonce");
    }
    let mut key = [0; 32];
    scrypt::scrypt(password, &salt, &parameters, &mut key).map_err(|_| "its encryption has impossible parameters")?;
    let opened = XSalsa20Poly1305::new((&key).into()).decrypt(nonce.as_slice().into(), sealed.as_slice());
    opened.map_err(|_| "the password does not open it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `cosign generate-key-pair` for this test, with the password `sea salt`.
    const ENCRYPTED: &str = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6\nOCwicCI6MX0sInNhbHQiOiJRcW1MQnIyT1JkU2U3N2p1MXNld3lmbG9VTHIvMmFN\nczllK2tWY1BmSDcwPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\nIiwibm9uY2UiOiI4TE54R3RZTEJ0RG1maDN1ZTRYVUxMeTBJT0s2dXBhLyJ9LCJj\naXBoZXJ0ZXh0IjoiSGdDeWpyNHFkVE5NS3BXc0RQWTBJcU1ZN0NyQXpsa2tDclh2\nMlJENTg2dFpyMzIzTkJQYmg4VTdQRjY1VlZqUFlIRjhpL1BWcnBrakhzU2dRayt0\nbjZLQ01oWnJoRmwwTUMybVBaVW92eUhyOEY0MWo5TloxSENJaWFrM0UwQlJtaTdi\nWmpEakJvcGMwd08xbis2VjdNRkNGdGFRTlU3Wm5EakRDZGN2a2pjZ3Jiei8xeUhI\neWFVZFhqbFFJL3kzQzhpTXptNnZhZmM4Nmc9PSJ9\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0Z4LqeOuoVHIi2Rft4FS5cwCS8Aq\nl/D2hXjkoyI2LRbugEQBgE1NZMJlh45l+dcDpHJ60mpNjF8ODbrUld3mnQ==\n-----END PUBLIC KEY-----\n";

    #[test]
    fn keys_of_cosign_sign_and_verify() {
        let private = PrivateKey::read("cosign.key", ENCRYPTED, b"sea salt").expect("opens");
        let public = PublicKey::read("cosign.pub", PUBLIC).expect("is a key");
        assert_eq!(private.public(), public);
        let signature = private.sign(b"a hull").expect("signs");
        assert!(public.verifies(b"a hull", &signature));
        assert!(!public.verifies(b"a hole", &signature));
        let told = PrivateKey::read("cosign.key", ENCRYPTED, b"pepper").err().expect("stays shut").to_string();
        assert_eq!(told, "the key `cosign.key` cannot be read: the password does not open it");
        for (text, told) in
            [("", "not in PEM"), (ENCRYPTED, "no public key"), (&PUBLIC.replace("MFkw", "MFkx"), "ECDSA over P-256")]
        {
            assert!(PublicKey::read("x", text).expect_err("is none").to_string().contains(told), "{told}");
        }
        assert!(PrivateKey::read("x", PUBLIC, b"").is_err());
        let costly = br#"{"kdf":{"name":"scrypt","params":{"N":1073741824,"r":8,"p":1},"salt":""},"cipher":{"name":"nacl/secretbox","nonce":""},"ciphertext":""}"#;
        assert_eq!(decrypt(costly, b""), Err("its encryption asks for too much"));
    }
}
