# The ten policies of tests/suite/real/policies.rs, for Plimsoll and for conftest. A message is `policy kind/name`.
package main

import rego.v1

template := input if input.kind == "Pod"

template := input.spec.template if input.kind in {"Deployment", "DaemonSet", "Job"}

template := input.spec.jobTemplate.spec.template if input.kind == "CronJob"

spec := template.spec

mains := object.get(spec, "containers", [])

inits := object.get(spec, "initContainers", [])

containers := array.concat(mains, inits)

lasting := array.concat(mains, [init | some init in inits; object.get(init, "restartPolicy", "") == "Always"])

windows if spec.os.name == "windows"

objection(policy) := sprintf("%s %s/%s", [policy, input.kind, input.metadata.name])

tagged(image) if {
	regex.match(`(^|/)[^/:]+:[^/:]+$`, image)
	not endswith(image, ":latest")
}

deny_tag contains objection("tag") if {
	some container in containers
	not contains(container.image, "@")
	not tagged(container.image)
}

deny_privileged contains objection("privileged") if {
	some container in containers
	container.securityContext.privileged == true
}

deny_network contains objection("network") if spec.hostNetwork == true

deny_path contains objection("path") if {
	some volume in spec.volumes
	volume.hostPath
}

deny_port contains objection("port") if {
	some container in containers
	some port in container.ports
	port.hostPort != 0
}

deny_filesystem contains objection("filesystem") if {
	not windows
	some container in containers
	not container.securityContext.readOnlyRootFilesystem == true
}

has_memory(holder) if sprintf("%v", [holder.resources.limits.memory]) != "0"

deny_memory contains objection("memory") if {
	some container in lasting
	not has_memory(container)
	not has_memory(spec)
}

ends if input.kind in {"Job", "CronJob"}

ends if spec.restartPolicy in {"Never", "OnFailure"}

deny_probe contains objection("probe") if {
	not ends
	some container in mains
	not container.livenessProbe
}

deny_service contains objection("service") if {
	input.kind == "Service"
	input.spec.type == "NodePort"
}

deny_label contains objection("label") if {
	input.kind in {"Deployment", "Service"}
	object.get(object.get(input.metadata, "labels", {}), "team", "") == ""
}
