"""Charts made from a seed, each as Plimsoll's form in Jinja and as Helm's in Go templates, whose output is the same."""

import json
import os
import random

# One source for both forms: `<<name>>` is a value of a component, `<<$release>>` the release's name, and what stands between
# `<<each env>>` and `<<end>>` is repeated for its entries, `<<key>>` and `<<value>>`.
LABELS = """{i}app.kubernetes.io/name: <<name>>
{i}app.kubernetes.io/instance: <<$release>>"""

KINDS = {
    "deployment": """apiVersion: apps/v1
kind: Deployment
metadata:
  name: <<$release>>-<<name>>
  labels:
LABELS4
spec:
  replicas: <<replicas>>
  selector:
    matchLabels:
LABELS6
  template:
    metadata:
      labels:
LABELS8
    spec:
      serviceAccountName: <<$release>>-<<name>>
      containers:
        - name: <<name>>
          image: <<image>>:<<tag>>
          ports:
            - name: http
              containerPort: <<port>>
          env:
<<each env>>            - name: <<key>>
              value: "<<value>>"
<<end>>          readinessProbe:
            httpGet:
              path: <<path>>
              port: http
          resources:
            requests:
              cpu: <<cpu>>
              memory: <<memory>>
            limits:
              memory: <<memory>>
""",
    "service": """apiVersion: v1
kind: Service
metadata:
  name: <<$release>>-<<name>>
  labels:
LABELS4
spec:
  selector:
LABELS4
  ports:
    - name: http
      port: 80
      targetPort: http
""",
    "configmap": """apiVersion: v1
kind: ConfigMap
metadata:
  name: <<$release>>-<<name>>
  labels:
LABELS4
data:
<<each env>>  <<key>>: "<<value>>"
<<end>>""",
    "serviceaccount": """apiVersion: v1
kind: ServiceAccount
metadata:
  name: <<$release>>-<<name>>
  labels:
LABELS4
automountServiceAccountToken: false
""",
    "pdb": """apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: <<$release>>-<<name>>
  labels:
LABELS4
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
LABELS6
""",
}

OBJECTS = len(KINDS)


def source(kind):
    text = KINDS[kind]
    for indent in (4, 6, 8):
        text = text.replace(f"LABELS{indent}", LABELS.format(i=" " * indent))
    return text


def jinja(kind):
    text = source(kind).replace("<<each env>>", "{% for key, value in c.env|items %}\n").replace("<<end>>", "{% endfor %}\n")
    text = text.replace("<<$release>>", "{{ release.name }}").replace("<<key>>", "{{ key }}").replace("<<value>>", "{{ value }}")
    text = text.replace("<<", "{{ c.").replace(">>", " }}")
    return "{% for c in values.components %}\n---\n" + text + "{% endfor %}\n"


def go(kind):
    text = source(kind).replace("<<each env>>", "{{- range $key, $value := .env }}\n").replace("<<end>>", "{{- end }}\n")
    text = text.replace("<<$release>>", "{{ $.Release.Name }}").replace("<<key>>", "{{ $key }}").replace("<<value>>", "{{ $value }}")
    text = text.replace("<<", "{{ .").replace(">>", " }}")
    return "{{- range .Values.components }}\n---\n" + text + "{{- end }}\n"


def component(r, number):
    return {
        "name": f"part-{number}",
        "image": f"registry.example.com/part-{number}",
        "tag": f"{r.randint(1, 9)}.{r.randint(0, 20)}.0",
        "replicas": r.randint(1, 5),
        "port": r.choice([8000, 8080, 9090]),
        "path": r.choice(["/healthz", "/ready"]),
        "cpu": r.choice(["100m", "250m"]),
        "memory": r.choice(["64Mi", "128Mi", "1Gi"]),
        "env": {f"SETTING_{at}": f"{r.randint(0, 999)} of {at}" for at in range(r.randint(2, 6))},
    }


def yaml(value, indent=0):
    """Writes maps of maps, lists and scalars as block YAML."""
    pad = " " * indent
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield f"{pad}{key}:"
            yield from yaml(inner, indent + 2)
        elif isinstance(inner, list):
            yield f"{pad}{key}:"
            for item in inner:
                lines = [*yaml(item, indent + 4)]
                lines[0] = f"{pad}  - {lines[0].lstrip()}"
                yield from lines
        else:
            yield f"{pad}{key}: {json.dumps(inner) if isinstance(inner, str) and not inner[:1].isalpha() else inner}"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def schema():
    text, number = {"type": "string"}, {"type": "integer", "minimum": 1}
    fields = {"name": text, "image": text, "tag": text, "replicas": number, "port": number, "path": text, "cpu": text, "memory": text}
    item = {"type": "object", "required": [*fields], "properties": {**fields, "env": {"type": "object", "additionalProperties": text}}}
    return json.dumps({"type": "object", "properties": {"components": {"type": "array", "items": item}}}, indent=2) + "\n"


def make(folder, name, objects, seed, environments=(), files=1):
    """Writes a chart of about `objects` objects below `folder`, once in each form. Gives both folders.

    With `environments` there are values for each. `files` is how many files each kind's template is spread over.
    """
    r = random.Random(seed)
    count = max(1, objects // OBJECTS)
    values = "\n".join(yaml({"components": [component(r, number) for number in range(count)]})) + "\n"
    native, helm = os.path.join(folder, "plimsoll", name), os.path.join(folder, "helm", name)
    for chart, version, template in ((native, "plimsoll.dev/v1", jinja), (helm, "v2", go)):
        write(os.path.join(chart, "Chart.yaml"), f"apiVersion: {version}\nname: {name}\nversion: 0.1.0\n")
        write(os.path.join(chart, "values.yaml"), values)
        write(os.path.join(chart, "values.schema.json"), schema())
        for kind in KINDS:
            for number in range(files):
                text = template(kind)
                if files > 1:
                    # Each file writes its own objects: the same ones by other names.
                    text = text.replace("{{ release.name }}-", f"{{{{ release.name }}}}-f{number}-")
                write(os.path.join(chart, "templates", f"{kind}-{number}.yaml" if files > 1 else f"{kind}.yaml"), text)
    for at, environment in enumerate(environments):
        over = "\n".join(yaml({"components": [component(random.Random(f"{seed}{environment}"), number) for number in range(count)]})) + "\n"
        write(os.path.join(native, "environments", f"{environment}.yaml"), over)
        write(os.path.join(helm, f"values-{environment}.yaml"), over)
    return native, helm


def documents(text):
    """Gives the documents of rendered text, without comments and blank lines, sorted."""
    found, lines = [], []
    for line in [*text.splitlines(), "---"]:
        if line == "---":
            if lines:
                found.append("\n".join(lines))
            lines = []
        elif line.strip() and not line.startswith("#"):
            lines.append(line.rstrip())
    return sorted(found)
