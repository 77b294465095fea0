"""What holds of every rendering of the chart, whatever its values."""

import base64
import re

# Without these the API server refuses a label.
STANDARD_LABELS = {
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/component",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


class Manifests:
    """The manifests of one rendering."""

    def __init__(self, documents: list[dict], values: dict):
        self.documents = [document for document in documents if document]
        self.values = values

    def of_kind(self, kind: str) -> list[dict]:
        """All of one kind."""
        return [document for document in self.documents if document["kind"] == kind]

    @property
    def pod(self) -> dict:
        """The deployment's pod."""
        [deployment] = self.of_kind("Deployment")
        return deployment["spec"]["template"]

    @property
    def container(self) -> dict:
        """The one container in it."""
        [container] = self.pod["spec"]["containers"]
        return container

    @property
    def config(self) -> str:
        """tonkho.toml, as it would be mounted."""
        [config] = [one["data"]["tonkho.toml"] for one in self.of_kind("ConfigMap") if "tonkho.toml" in one["data"]]
        return config

    def environment(self, elsewhere: dict) -> dict:
        """The container's variables, as the kubelet would set them; `elsewhere` is what Secrets not of the chart hold."""
        secrets = dict(elsewhere)
        for secret in self.of_kind("Secret"):
            decoded = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
            secrets[secret["metadata"]["name"]] = decoded
        variables = {}
        for variable in self.container.get("env", []):
            if "value" in variable:
                variables[variable["name"]] = variable["value"]
            else:
                source = variable["valueFrom"]["secretKeyRef"]
                held = secrets.get(source["name"], {})
                if source["key"] not in held:
                    raise SystemExit(f"the Secret {source['name']} has no {source['key']}")
                variables[variable["name"]] = held[source["key"]]
        return variables


def complaints(manifests: Manifests) -> list[str]:
    """Everything that is wrong."""
    return [
        complaint
        for check in (labels, selectors, policies, hosts, secrets, pods, probes, endings)
        for complaint in check(manifests)
    ]


def labels(manifests: Manifests):
    """Everything carries the standard labels."""
    for document in [*manifests.documents, manifests.pod]:
        if missing := STANDARD_LABELS - document["metadata"]["labels"].keys():
            yield f"{document.get('kind', 'the pod')} lacks the labels {missing}"


def selectors(manifests: Manifests):
    """What selects pods selects those of the deployment, and not the one of `helm test`."""
    found = {
        "Deployment": lambda spec: spec["selector"]["matchLabels"],
        "Service": lambda spec: spec["selector"],
        "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
        "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
    }
    [test] = manifests.of_kind("Pod")
    for kind, selector in found.items():
        for document in manifests.of_kind(kind):
            wanted = selector(document["spec"]).items()
            if not wanted <= manifests.pod["metadata"]["labels"].items():
                yield f"{kind} does not select the pod"
            if wanted <= test["metadata"]["labels"].items():
                yield f"{kind} selects the pod of the test"
    for monitor in manifests.of_kind("ServiceMonitor"):
        [service] = manifests.of_kind("Service")
        if not monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items():
            yield "ServiceMonitor does not select the service"


def policies(manifests: Manifests):
    """A network policy lets the test in, and the gateway out to a name server and to Haravan."""
    [test] = manifests.of_kind("Pod")
    for policy in manifests.of_kind("NetworkPolicy"):
        selectors = [peer["podSelector"] for rule in policy["spec"]["ingress"] for peer in rule["from"][:1]]
        if not all(one["matchLabels"].items() <= test["metadata"]["labels"].items() for one in selectors):
            yield "the network policy keeps the pod of the test out"
        ports = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]}
        if ports != {53, 443}:
            yield f"the network policy lets the gateway out to {ports}"


def hosts(manifests: Manifests):
    """The ingress has one rule for each host, and lets Haravan's paths through for the hosts of shops."""
    for ingress in manifests.of_kind("Ingress"):
        rules = ingress["spec"]["rules"]
        if len(rules) != len({rule["host"] for rule in rules}):
            yield "the ingress has two rules for one host"
        own = manifests.values["ingress"]["hosts"]
        paths = {rule["host"]: {path["path"] for path in rule["http"]["paths"]} for rule in rules}
        for shop in manifests.values["config"]["shops"]:
            for host in {host.lower() for host in shop.get("hosts", [])} - set(own):
                if paths.get(host) != {"/com", "/admin"}:
                    yield f"the ingress lets {paths.get(host)} through to {host}"


def secrets(manifests: Manifests):
    """Nothing that is secret, and no key's digest, is outside a Secret."""
    values = manifests.values
    hidden = [*values.get("tokens", {}).values()]
    hidden += [value for key, value in values.get("webhooks", {}).items() if key != "enabled"]
    hidden += [key["sha256"] for key in values.get("keys", [])]
    for document in manifests.documents:
        if document["kind"] != "Secret":
            text = str(document)
            yield from (f"{document['kind']} tells {value}" for value in hidden if value and value in text)


def pods(manifests: Manifests):
    """Pods run as nobody, can write nowhere, and know no token of Kubernetes'."""
    for spec in [manifests.pod["spec"], *(pod["spec"] for pod in manifests.of_kind("Pod"))]:
        [container] = spec["containers"]
        inside, outside = container["securityContext"], spec["securityContext"]
        for what, holds in {
            "runs as non-root": outside["runAsNonRoot"] is True and 0 < outside["runAsUser"],
            "has seccomp": outside["seccompProfile"] == {"type": "RuntimeDefault"},
            "has a read-only root": inside["readOnlyRootFilesystem"] is True,
            "drops all capabilities": inside["capabilities"] == {"drop": ["ALL"]},
            "may not escalate": inside["allowPrivilegeEscalation"] is False,
            "has no token": spec["automountServiceAccountToken"] is False,
            "asks for memory and a CPU": container["resources"]["requests"].keys() >= {"cpu", "memory"},
            "has a limit of memory": "memory" in container["resources"]["limits"],
        }.items():
            if not holds:
                yield f"not so: the pod {what}"
    for account in manifests.of_kind("ServiceAccount"):
        if account["automountServiceAccountToken"] is not False:
            yield "the service account has a token"


def probes(manifests: Manifests):
    """Life and readiness are asked for where they are told."""
    wanted = {"startupProbe": "/health/live", "livenessProbe": "/health/live", "readinessProbe": "/health/ready"}
    for probe, path in wanted.items():
        if manifests.container[probe]["httpGet"]["path"] != path:
            yield f"{probe} does not ask {path}"


def endings(manifests: Manifests):
    """A pod has more time to end than all it does in that time."""
    grace = manifests.values["config"]["server"]["shutdown_grace"]
    grace = sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|s|m|h)", grace))
    pause = manifests.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    given = manifests.pod["spec"]["terminationGracePeriodSeconds"]
    if not grace + pause < given <= grace + pause + 10:
        yield f"{given} s to end, of which {pause} s are a pause and {grace} s the gateway's own"
