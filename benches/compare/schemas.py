"""The schemas that kubeconform reads, made from Kubernetes' OpenAPI document in the layout that it looks for.

As the published ones: one file for each kind, references put in, unknown fields refused, null taken wherever a field may be
left out.
"""

import json
import os
import subprocess
import tempfile

KUBERNETES = "v1.37.1"


def openapi():
    """Gives the OpenAPI document of a release, out of Go's module cache."""
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{KUBERNETES}"]
    # Outside any module, so that no go.mod has to list what is downloaded.
    answer = subprocess.run(command, capture_output=True, check=True, cwd=tempfile.gettempdir()).stdout
    with open(os.path.join(json.loads(answer)["Dir"], "api/openapi-spec/swagger.json")) as file:
        return json.load(file)


def whole(schema, definitions, inside=()):
    """Gives a schema with its references put in; one that leads back to where it stands may hold anything."""
    reference = schema.get("$ref")
    if reference:
        name = reference.rsplit("/", 1)[1]
        if name in inside:
            return {}
        return whole(definitions[name], definitions, (*inside, name))
    if schema.get("format") == "int-or-string" or inside and inside[-1].endswith("Quantity"):
        kinds = ["string", "number"] if inside and inside[-1].endswith("Quantity") else ["string", "integer"]
        return {"oneOf": [{"type": [kind, "null"]} for kind in kinds]}
    made = {key: value for key, value in schema.items() if key in ("type", "required", "enum", "description", "format")}
    if made.get("format") in ("int32", "int64", "double", "byte"):
        del made["format"]
    if "properties" in schema:
        made["properties"] = {name: whole(field, definitions, inside) for name, field in schema["properties"].items()}
        made["additionalProperties"] = False
        for name, field in made["properties"].items():
            if name not in schema.get("required", ()) and isinstance(field.get("type"), str):
                field["type"] = [field["type"], "null"]
    elif "additionalProperties" in schema:
        made["additionalProperties"] = whole(schema["additionalProperties"], definitions, inside)
    if "items" in schema:
        made["items"] = whole(schema["items"], definitions, inside)
        if isinstance(made["items"].get("type"), str):
            made["items"]["type"] = [made["items"]["type"], "null"]
    return made


def write(folder):
    """Writes a file for each kind. Gives what to tell kubeconform."""
    definitions = openapi()["definitions"]
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            group = kind["group"].split(".")[0]
            parts = [kind["kind"].lower(), *([group] if group else []), kind["version"].lower()]
            schema = {"$schema": "http://json-schema.org/schema#", **whole({"$ref": f"#/{name}"}, definitions)}
            if not {"apiVersion", "kind"} <= set(schema.get("properties", {})):
                continue
            schema["properties"]["apiVersion"]["enum"] = [f"{kind['group']}/{kind['version']}" if group else kind["version"]]
            schema["properties"]["kind"]["enum"] = [kind["kind"]]
            with open(os.path.join(folder, "-".join(parts) + ".json"), "w") as file:
                json.dump(schema, file)
    return os.path.join(folder, "{{ .ResourceKind }}{{ .KindSuffix }}.json")
