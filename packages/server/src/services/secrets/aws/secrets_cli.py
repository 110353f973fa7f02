"""Every action of Secrets Manager that this AWS CLI knows, in one process: `python secrets_cli.py`, with the environment that names region and key."""

import io
import json
import os
import re
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

driver = create_clidriver()
operations = driver.session.get_service_model("secretsmanager").operation_names
known = {re.sub("(?<!^)([A-Z])", r"-\1", name).lower() for name in operations}
done = set()


def run(*words):
    done.add(words[0])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        # The CLI of 2022 does not read AWS_ENDPOINT_URL.
        code = driver.main(["--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "secretsmanager", *words])
    return code, out.getvalue(), err.getvalue()


def aws(*words):
    code, out, err = run(*words)
    assert code == 0, (words, err)
    return json.loads(out) if out.strip() else {}


def refused(error, *words):
    code, _, err = run(*words)
    assert code != 0 and f"({error})" in err, (words, err)


made = aws("create-secret", "--name", "cli/db", "--secret-string", "one", "--tags", "Key=team,Value=red")
secret = ("--secret-id", made["ARN"])
assert aws("get-secret-value", "--secret-id", "cli/db")["SecretString"] == "one"
refused("ResourceNotFoundException", "get-secret-value", "--secret-id", "none")
put = aws("put-secret-value", *secret, "--secret-string", "two", "--version-stages", "AWSPENDING")
assert put["VersionStages"] == ["AWSPENDING"]
move = ("--move-to-version-id", put["VersionId"], "--remove-from-version-id", made["VersionId"])
aws("update-secret-version-stage", *secret, "--version-stage", "AWSCURRENT", *move)
assert aws("get-secret-value", *secret)["SecretString"] == "two"
assert len(aws("list-secret-version-ids", *secret, "--include-deprecated")["Versions"]) == 2
aws("update-secret", *secret, "--description", "d")
aws("tag-resource", *secret, "--tags", "Key=cost,Value=7")
aws("untag-resource", *secret, "--tag-keys", "team")
described = aws("describe-secret", *secret)
assert (described["Description"], described["Tags"]) == ("d", [{"Key": "cost", "Value": "7"}]), described
listed = aws("list-secrets", "--filters", "Key=name,Values=cli/")["SecretList"]
assert [each["Name"] for each in listed] == ["cli/db"]
aws("rotate-secret", *secret, "--rotation-rules", "AutomaticallyAfterDays=30")
aws("cancel-rotate-secret", *secret)
assert len(aws("get-random-password", "--password-length", "20", "--exclude-punctuation")["RandomPassword"]) == 20
if "batch-get-secret-value" in known:
    assert len(aws("batch-get-secret-value", "--secret-id-list", "cli/db")["SecretValues"]) == 1
aws("get-resource-policy", *secret)
refused("NotImplemented", "put-resource-policy", *secret, "--resource-policy", "{}")
refused("NotImplemented", "validate-resource-policy", "--resource-policy", "{}")
refused("NotImplemented", "delete-resource-policy", *secret)
refused("NotImplemented", "replicate-secret-to-regions", *secret, "--add-replica-regions", "Region=eu-west-1")
refused("NotImplemented", "remove-regions-from-replication", *secret, "--remove-replica-regions", "eu-west-1")
refused("NotImplemented", "stop-replication-to-replica", *secret)
aws("delete-secret", *secret, "--recovery-window-in-days", "7")
refused("InvalidRequestException", "get-secret-value", *secret)
aws("restore-secret", *secret)
aws("delete-secret", *secret, "--force-delete-without-recovery")
assert not known - done, known - done
print(len(done))
