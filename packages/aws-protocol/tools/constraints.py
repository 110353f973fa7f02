"""Writes overlay/constraints/*.json: lengths, ranges, whole numbers and anchored patterns of input members.

The SDK's schemas carry none of them; botocore's models do. Run with a Python that has botocore:
    .cache/python-latest/bin/python tools/constraints.py [service ...]
Only services whose endpoints check inputs by their model are taken. Enumerations are left out on purpose: services add
values, and a server knows best which it takes; but for those whose refusal clients depend on, of services where nothing
else is taken. Patterns that are not anchored on both sides are left out too, since
services differ in whether they must match the whole text.
"""
import gzip, json, pathlib, re, sys
import botocore

HERE = pathlib.Path(__file__).resolve().parent.parent
NAMES = {"auto-scaling": "autoscaling", "eventbridge": "events", "cloudwatch-logs": "logs"}
SERVICES = "auto-scaling cloudwatch cloudwatch-logs dynamodb eventbridge iam kms lambda scheduler secretsmanager ssm sts".split()
ENUMS = {
    "s3": "ObjectCannedACL BucketCannedACL MetadataDirective TaggingDirective EncodingType StorageClass ServerSideEncryption ObjectLockMode "
    "ObjectLockLegalHoldStatus ObjectLockRetentionMode ChecksumAlgorithm ChecksumType RequestPayer Payer ObjectOwnership BucketVersioningStatus "
    "MFADelete ExpirationStatus Permission".split(),
    "sqs": ["QueueAttributeName"],
}
DATA = pathlib.Path(botocore.__file__).parent / "data"
WHOLE = {"integer", "long", "short", "byte"}

# The first two try a run of spaces in exponentially many ways, the third letters in cubically many. What stands in for
# them matches the same text in one.
LINEAR = {
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"^\t*[\x20-\x7E][\t\x20-\x7E]*$",
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": r"^\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*$",
    r"^[a-z0-9A-Z]+[\.\-\w]*[a-z0-9A-Z]+$": r"^[a-z0-9A-Z][\.\-\w]*[a-z0-9A-Z]$",
}


def model_names(service):
    names = set()
    for line in (HERE / "models" / (service + ".json")).read_text().splitlines():
        if not re.match(r'\[(1|2|3|4|-3),"', line):
            continue
        shape = json.loads(line.rstrip(","))
        if shape[0] == 1:
            names.add(shape[1] + "[]")
        elif shape[0] == 2:
            names.update([shape[1] + ".key", shape[1] + ".value"])
        else:
            names.update(shape[1] + "." + member for member in shape[3])
    return names


for service in sys.argv[1:] or SERVICES + list(ENUMS):
    file = sorted((DATA / NAMES.get(service, service)).glob("*/service-2.json.gz"))[-1]
    model = json.loads(gzip.open(file).read())
    shapes, known, found, seen = model["shapes"], model_names(service), {}, set()

    def entry(name):
        shape = shapes[name]
        if service in ENUMS:
            return [None, None, None, shape["enum"]] if name in ENUMS[service] else []
        pattern = shape.get("pattern", "")
        anchored = pattern.startswith("^") and pattern.endswith("$") and len(pattern) < 200 and not re.search(r"\\p|\(\?[^:]", pattern)
        if "|" in pattern and not re.fullmatch(r"\^\(.*\)\$", pattern):
            anchored = False
        values = [shape.get("min"), shape.get("max"), LINEAR.get(pattern, pattern) if anchored else None, None, 1 if shape["type"] in WHOLE else None]
        if shape["type"] in ("float", "double") or "enum" in shape:
            values[2] = None
        while values and values[-1] is None:
            values.pop()
        return values

    def visit(name):
        if name in seen:
            return
        seen.add(name)
        shape = shapes[name]
        inner = {"structure": [(name + "." + k, v["shape"]) for k, v in shape.get("members", {}).items()]}
        if shape["type"] == "list":
            inner["list"] = [(name + "[]", shape["member"]["shape"])]
        if shape["type"] == "map":
            inner["map"] = [(name + ".key", shape["key"]["shape"]), (name + ".value", shape["value"]["shape"])]
        for at, target in inner.get(shape["type"], []):
            values = entry(target)
            if values and at in known:
                found[at] = values
            visit(target)

    for operation in model["operations"].values():
        if "input" in operation:
            visit(operation["input"]["shape"])
    lines = ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":")) for k, v in sorted(found.items()))
    source = "botocore %s, data/%s (Apache-2.0), by tools/constraints.py" % (botocore.__version__, "/".join(file.parts[-3:]))
    out = HERE / "overlay" / "constraints" / (service + ".json")
    out.parent.mkdir(exist_ok=True)
    out.write_text('{"source":%s,"constraints":{\n%s\n}}\n' % (json.dumps(source), lines))
    print(service, len(found), out.stat().st_size)
