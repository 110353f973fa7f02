"""Every action of SQS that this AWS CLI knows, in one process: `python sqs_cli.py`, with the environment that names region and key."""

import io
import json
import os
import re
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

driver = create_clidriver()
operations = driver.session.get_service_model("sqs").operation_names
known = {re.sub("(?<!^)([A-Z])", r"-\1", name).lower() for name in operations}
done = set()


def run(*words):
    done.add(words[0])
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        # The CLI of 2022 does not read AWS_ENDPOINT_URL.
        code = driver.main(["--endpoint-url", os.environ["AWS_ENDPOINT_URL"], "sqs", *words])
    return code, out.getvalue(), err.getvalue()


def aws(*words):
    code, out, err = run(*words)
    assert code == 0, (words, err)
    return json.loads(out) if out.strip() else {}


def refused(error, *words):
    code, _, err = run(*words)
    assert code != 0 and f"({error})" in err, (words, err)


url = aws("create-queue", "--queue-name", "cli", "--attributes", "VisibilityTimeout=60", "--tags", "team=red")["QueueUrl"]
queue = ("--queue-url", url)
assert aws("get-queue-url", "--queue-name", "cli")["QueueUrl"] == url
assert aws("list-queues", "--queue-name-prefix", "cl")["QueueUrls"] == [url]
refused("AWS.SimpleQueueService.NonExistentQueue", "get-queue-url", "--queue-name", "none")
arn = aws("get-queue-attributes", *queue, "--attribute-names", "All")["Attributes"]["QueueArn"]
dead = aws("create-queue", "--queue-name", "cli-dead")["QueueUrl"]
dead_arn = arn + "-dead"
policy = json.dumps({"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 9})})
aws("set-queue-attributes", *queue, "--attributes", policy)
assert aws("list-dead-letter-source-queues", "--queue-url", dead)["queueUrls"] == [url]
aws("tag-queue", *queue, "--tags", "cost=7")
aws("untag-queue", *queue, "--tag-keys", "team")
assert aws("list-queue-tags", *queue)["Tags"] == {"cost": "7"}
account = arn.split(":")[4]
aws("add-permission", *queue, "--label", "one", "--aws-account-ids", account, "--actions", "SendMessage")
aws("remove-permission", *queue, "--label", "one")

sent = aws("send-message", *queue, "--message-body", "hello", "--message-attributes", "n={DataType=Number,StringValue=1}")
(message,) = aws("receive-message", *queue, "--message-attribute-names", "All", "--wait-time-seconds", "5")["Messages"]
assert (message["Body"], message["MD5OfMessageAttributes"]) == ("hello", sent["MD5OfMessageAttributes"])
handle = ("--receipt-handle", message["ReceiptHandle"])
aws("change-message-visibility", *queue, *handle, "--visibility-timeout", "120")
aws("delete-message", *queue, *handle)
refused("ReceiptHandleIsInvalid", "delete-message", *queue, "--receipt-handle", "nonsense")
batch = aws("send-message-batch", *queue, "--entries", "Id=a,MessageBody=one", "Id=b,MessageBody=two")
assert [each["Id"] for each in batch["Successful"]] == ["a", "b"]
got = []
while len(got) < 2:
    more = aws("receive-message", *queue, "--max-number-of-messages", "10", "--wait-time-seconds", "5")
    got += more.get("Messages", [])
entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(got)]
hidden = json.dumps([{**each, "VisibilityTimeout": 60} for each in entries])
assert len(aws("change-message-visibility-batch", *queue, "--entries", hidden)["Successful"]) == 2
assert len(aws("delete-message-batch", *queue, "--entries", json.dumps(entries))["Successful"]) == 2
if "start-message-move-task" in known:
    task = aws("start-message-move-task", "--source-arn", dead_arn)["TaskHandle"]
    (running,) = aws("list-message-move-tasks", "--source-arn", dead_arn)["Results"]
    # It may have moved all already: there was nothing to move.
    if running["Status"] == "RUNNING":
        aws("cancel-message-move-task", "--task-handle", task)
    else:
        refused("AWS.SimpleQueueService.UnsupportedOperation", "cancel-message-move-task", "--task-handle", task)
aws("purge-queue", *queue)
for each in (url, dead):
    aws("delete-queue", "--queue-url", each)
assert not known - done, known - done
print(len(done))
