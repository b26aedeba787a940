//! Secrets in manifests: what is clean, what is found, and that nothing of them is ever shown.

use crate::sandbox::Sandbox;

/// What stands for a secret, and is none.
const CLEAN: &str = r#"apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: { name: db }
spec: { encryptedData: { password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq1hIjeIwqSHmnOWp2v9Q0VXo6lqkWmJmKk0bH1Fq5 } }
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: { name: api }
spec:
  secretStoreRef: { name: vault, kind: ClusterSecretStore }
  data: [{ secretKey: password, remoteRef: { key: shop/api, property: password } }]
---
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: { name: vault-db }
spec: { provider: vault, parameters: { objects: "- objectName: password\n  secretPath: secret/data/db\n" } }
---
apiVersion: v1
kind: Secret
metadata: { name: sops }
stringData: { password: "ENC[AES256_GCM,data:q8A=,iv:x,tag:y,type:str]" }
sops: { mac: "ENC[AES256_GCM,data:x,iv:x,tag:y,type:str]", version: 3.9.0 }
---
apiVersion: v1
kind: Secret
metadata: { name: shell, annotations: { cert-manager.io/issuer-name: own } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, annotations: { checksum/secret: 9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015 } }
spec:
  containers:
    - name: web
      image: example.com/web:1.2.3
      args: ["--database=host=db password='$(DB_PASSWORD)' dbname=app"]
      env:
        - { name: DB_PASSWORD, valueFrom: { secretKeyRef: { name: db, key: password } } }
        - { name: PASSWORD_FILE, value: /run/secrets/password }
        - { name: TOKEN_URL, value: "https://login.example.com/token" }
        - { name: DATABASE_URL, value: "postgres://app:$(DB_PASSWORD)@db/app" }
"#;

#[test]
fn what_stands_for_a_secret_is_clean() {
    let sandbox = Sandbox::new(&[("k8s/a.yaml", CLEAN)]);
    let run = sandbox.run("lint k8s --profile strict --format json");
    assert_eq!(run.json()["summary"]["objects"], 6, "{}", run.stderr);
    let found: Vec<String> =
        run.rules().into_iter().filter(|rule| rule.contains("secret") && rule != "unused-secret").collect();
    assert_eq!(found, [""; 0]);
}

/// A token of a maker's form, put together here so that no file of the repository holds one.
fn token(start: &str, rest: &str, times: usize) -> String {
    format!("{start}{}", rest.repeat(times))
}

#[test]
fn no_format_shows_a_secret() {
    let secrets = [
        token("ghp_", "a1B2", 9),
        token("glpat-", "x9Yz", 5),
        token("sk_live_", "q7W8", 6),
        format!("{}.{}.{}", token("eyJ", "hb", 9), token("eyJ", "zd", 9), "s1".repeat(20)),
        "Tr0ub4dor&3".to_owned(),
        "hunter2".to_owned(),
        "aHVudGVyMg==".to_owned(),
        token("", "kQ7x2Lp9", 5),
        token("MIIEpAIBAAKCAQEA", "b3", 12),
    ];
    let [github, gitlab, stripe, jwt, password, word, encoded, random, key] = &secrets;
    let manifest = format!(
        r#"apiVersion: v1
kind: Secret
metadata: {{ name: raw }}
stringData: {{ password: "{password}", password: "{word}" }}
data: {{ other: {encoded}, wrong: "{password}%" }}
---
apiVersion: v1
kind: ConfigMap
metadata: {{ name: settings, annotations: {{ note: "{github}" }} }}
data:
  url: "postgres://app:{word}@db/app"
  app.properties: |
    token={stripe}
  key.pem: |
    -----BEGIN RSA PRIVATE KEY-----
    {key}
    -----END RSA PRIVATE KEY-----
---
apiVersion: v1
kind: Pod
metadata: {{ name: web }}
spec:
  containers:
    - name: web
      image: example.com/web:1.2.3
      args: ["--token={jwt}"]
      env:
        - {{ name: API_KEY, value: "{random}" }}
        - {{ name: GITLAB, value: "{gitlab}" }}
        - {{ name: DB_PASSWORD, value: "{password}" }}
        - {{ name: DB_PASSWORD, value: [{word}] }}
"#
    );
    let sandbox = Sandbox::new(&[("k8s/a.yaml", &manifest)]);
    for format in ["terminal", "json"] {
        for profile in ["default", "strict", "checkov"] {
            let run = sandbox.run(&format!("check k8s --profile {profile} --format {format}"));
            assert!(run.code == 1 && run.stdout.len() > 500, "{format}, {profile}: {}", run.stdout);
            for secret in &secrets {
                assert!(
                    !run.stdout.contains(secret.as_str()),
                    "{format}, {profile}: {secret} is shown\n{}",
                    run.stdout
                );
            }
        }
    }
}
