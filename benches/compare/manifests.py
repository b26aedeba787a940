"""Manifests made from a seed: applications of workloads, Services, settings and what else stands beside them.

They are written as people and `helm template` write them: block style, now and then a short list or map in brackets.
"""

import os
import random


def container(r, name):
    yield f"        - name: {name}"
    yield f"          image: registry.example.com/{name}:{r.randint(1, 9)}.{r.randint(0, 20)}.0"
    if r.random() < 0.3:
        yield f"          args: [serve, \"--level={r.choice(['info', 'debug'])}\"]"
    port = "http" if name.endswith("-0") else f"http{name[name.rindex('-'):]}"
    if r.random() < 0.7:
        yield "          ports:"
        yield f"            - name: {port}"
        yield f"              containerPort: {r.choice([80, 8080, 9090])}"
    if r.random() < 0.7:
        yield "          resources:"
        yield "            requests:"
        yield f"              cpu: {r.choice(['100m', '1', '250m'])}"
        yield f"              memory: {r.choice(['64Mi', '128Mi'])}"
        if r.random() < 0.7:
            yield "            limits:"
            yield f"              memory: {r.choice(['128Mi', '2Gi'])}"
    for probe in ("livenessProbe", "readinessProbe"):
        if r.random() < 0.6:
            yield f"          {probe}:"
            yield "            httpGet:"
            yield "              path: /healthz"
            yield f"              port: {r.choice([port, '8080'])}"
    if r.random() < 0.6:
        yield "          securityContext:"
        yield "            allowPrivilegeEscalation: false"
        for field, values in (("runAsNonRoot", ["true"]), ("readOnlyRootFilesystem", ["true", "false"])):
            if r.random() < 0.7:
                yield f"            {field}: {r.choice(values)}"
        if r.random() < 0.5:
            yield "            capabilities:"
            yield "              drop: [ALL]"
    if r.random() < 0.7:
        yield "          env:"
        for number in range(r.randint(1, 8)):
            yield f"            - name: SETTING_{number}"
            yield f"              value: \"{r.randint(0, 999)}\""
        if r.random() < 0.4:
            yield from ("            - name: MODE", "              valueFrom:", "                configMapKeyRef:")
            yield from ("                  name: settings", "                  key: mode")


def workload(r, name, kind, wrong):
    yield from head("apps/v1", kind, name)
    yield f"    owner: team-{r.randint(1, 5)}"
    yield "spec:"
    if kind == "StatefulSet":
        yield f"  serviceName: {name}"
    if kind != "DaemonSet":
        yield f"  replicas: {'three' if wrong else r.randint(1, 5)}"
    elif wrong:
        yield "  minReadySeconds: soon"
    yield from ("  selector:", "    matchLabels:", f"      app: {name}", "  template:", "    metadata:", "      labels:")
    yield from (f"        app: {name}", "    spec:")
    if r.random() < 0.5:
        yield f"      serviceAccountName: {r.choice([name, 'default'])}"
    yield "      containers:"
    for part in range(r.randint(1, 3)):
        yield from container(r, f"{name}-{part}")


def head(api_version, kind, name):
    return (f"apiVersion: {api_version}", f"kind: {kind}", "metadata:", f"  name: {name}", "  labels:", f"    app: {name}")


def service(name):
    yield from head("v1", "Service", name)
    yield from ("spec:", "  selector:", f"    app: {name}", "  ports:", "    - name: http", "      port: 80", "      targetPort: http")


def others(r, name):
    yield [*head("v1", "ServiceAccount", name)]
    data = [f"  key-{number}: \"{r.random()}\"" for number in range(r.randint(3, 20))]
    text = ["  settings.ini: |", "    [server]", f"    workers = {r.randint(1, 9)}", "    # a line of its own", "", "    [log]", "    level = info"]
    yield [*head("v1", "ConfigMap", r.choice([name, "settings"])), "data:", "  mode: fast", *data, *(text if r.random() < 0.5 else [])]
    yield [*head("policy/v1", "PodDisruptionBudget", name), "spec:", "  maxUnavailable: 1", "  selector:", "    matchLabels:", f"      app: {name}"]
    yield [*head("networking.k8s.io/v1", "NetworkPolicy", name), "spec:", "  podSelector:", "    matchLabels:", f"      app: {name}", "  ingress:", "    - {}"]
    resources = r.choice(["pods", "secrets", "configmaps"])
    yield [*head("rbac.authorization.k8s.io/v1", "Role", name), "rules:", "  - apiGroups: [\"\"]", f"    resources: [{resources}]", "    verbs: [get, list]"]


def make(folder, count, seed, one_wrong_in=200):
    """Writes `count` objects below a folder: two to a file, ten files to an application's folder.

    Gives the applications' folders and how many objects have a field of a wrong type.
    """
    r = random.Random(seed)
    made, folders, wrong = 0, [], 0
    waiting = []

    def objects():
        nonlocal wrong
        part = 0
        while True:
            name = f"part-{part}"
            part += 1
            is_wrong = r.random() * one_wrong_in < 3.4
            wrong_of.append(is_wrong)
            yield [*workload(r, name, r.choice(["Deployment", "Deployment", "StatefulSet", "DaemonSet"]), is_wrong)], is_wrong
            yield [*service(name)], False
            for other in others(r, name):
                if r.random() < 0.28:
                    yield other, False

    wrong_of = []
    source = objects()
    while made < count:
        application = os.path.join(folder, f"app-{len(folders):05}")
        os.mkdir(application)
        folders.append(application)
        for number in range(10):
            waiting = [next(source) for _ in range(min(2, count - made))]
            made += len(waiting)
            wrong += sum(is_wrong for _, is_wrong in waiting)
            if waiting:
                with open(os.path.join(application, f"file-{number}.yaml"), "w") as file:
                    file.write("---\n".join("\n".join(lines) + "\n" for lines, _ in waiting))
    return folders, wrong
