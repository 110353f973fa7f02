"""Carries cases from the fuzzer through botocore: reads one JSON case a line, writes one JSON result a line.

Values are tagged: {"$time": ms}, {"$hex": "..."}. Members that this botocore does not know are cut from both sides, and
named in the result.
"""
import datetime, io, json, sys
import botocore, botocore.session
from botocore.config import Config
from botocore.eventstream import EventStream
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
session = botocore.session.get_session()
clients = {}
UTC = datetime.timezone.utc


def client(service):
    if service not in clients:
        options = dict(retries={"max_attempts": 0}, parameter_validation=False, inject_host_prefix=False, s3={"addressing_style": "path"})
        newer = dict(request_checksum_calculation="when_required", response_checksum_validation="when_required")
        try:
            config = Config(**options, **newer)
        except TypeError:
            config = Config(**options)
        clients[service] = session.create_client(
            service, endpoint_url=endpoint, config=config, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )
    return clients[service]


def hollowed(kept, item):
    """Emptied by the cutting: a form could not say it."""
    return kept in ({}, []) and item not in ({}, [])


def untag(value, shape, cut, path, prune=False):
    if shape is None:
        return value
    kind = shape.type_name
    if kind == "structure" and isinstance(value, list):
        return [untag(event, shape, cut, path + "[]", prune) for event in value]
    if kind == "structure":
        if getattr(shape, "is_document_type", False):
            return value
        out = {}
        for name, item in value.items():
            if name not in shape.members:
                cut.append(path + "." + name)
            else:
                kept = untag(item, shape.members[name], cut, path + "." + name, prune)
                if not (prune and hollowed(kept, item)):
                    out[name] = kept
        return out
    if kind == "list":
        kept = [(untag(item, shape.member, cut, path + "[]", prune), item) for item in value]
        return [k for k, item in kept if not (prune and hollowed(k, item))]
    if kind == "map":
        return {key: untag(item, shape.value, cut, path + "{}", prune) for key, item in value.items()}
    if isinstance(value, dict):
        if "$time" in value:
            return datetime.datetime.fromtimestamp(value["$time"] / 1000, UTC)
        if "$hex" in value:
            return bytes.fromhex(value["$hex"])
    return value


def tag(value):
    if isinstance(value, dict):
        return {key: tag(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tag(item) for item in value]
    if isinstance(value, datetime.datetime):
        return {"$time": round(value.timestamp() * 1000)}
    if isinstance(value, (bytes, bytearray)):
        return {"$hex": bytes(value).hex()}
    if isinstance(value, EventStream):
        return [tag(event) for event in value]
    if hasattr(value, "read"):
        return {"$hex": value.read().hex()}
    return value


print(json.dumps({"version": botocore.__version__}), flush=True)
for line in sys.stdin:
    case = json.loads(line)
    result = {}
    try:
        c = client(case["service"])
        model = c.meta.service_model
        if case["operation"] not in model.operation_names:
            result["unknown"] = True
        else:
            operation = model.operation_model(case["operation"])
            cut = []
            params = untag(case["input"], operation.input_shape, cut, "", True) if operation.input_shape else {}
            result["input"] = tag(params)
            out_cut = []
            result["output"] = tag(untag(case["output"], operation.output_shape, out_cut, "")) if operation.output_shape else {}
            result["cut"] = cut + out_cut
            for name in getattr(operation.input_shape, "members", {}):
                shape = operation.input_shape.members[name]
                if shape.type_name == "blob" and name in params and shape.serialization.get("streaming"):
                    params[name] = io.BytesIO(params[name])
            answer = c._make_api_call(case["operation"], params)
            answer.pop("ResponseMetadata", None)
            result["seen"] = tag(answer)
    except ClientError as error:
        result["error"] = {"code": error.response["Error"].get("Code"), "message": error.response["Error"].get("Message"), "status": error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")}
    except Exception as error:
        result["failed"] = type(error).__name__ + ": " + str(error)[:300]
    print(json.dumps(result), flush=True)
