"""Every action of SQS that this boto3 knows: `python sqs_boto.py`, with the environment that names endpoint, region and key."""

import hashlib
import json
import os

import boto3
from botocore.exceptions import ClientError

# The boto3 of 2022 does not read AWS_ENDPOINT_URL.
sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
done = set()


def call(action, **members):
    done.add(action)
    return getattr(sqs, action)(**members)


def refused(code, action, **members):
    try:
        call(action, **members)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise AssertionError(f"{action} was not refused with {code}")


def attributes(url, *names):
    return call("get_queue_attributes", QueueUrl=url, AttributeNames=list(names)).get("Attributes")


made = call("create_queue", QueueName="boto", Attributes={"VisibilityTimeout": "60"}, tags={"team": "red"})
url = made["QueueUrl"]
assert call("create_queue", QueueName="boto")["QueueUrl"] == url
refused("QueueAlreadyExists", "create_queue", QueueName="boto", Attributes={"VisibilityTimeout": "61"})
assert call("get_queue_url", QueueName="boto")["QueueUrl"] == url
refused("AWS.SimpleQueueService.NonExistentQueue", "get_queue_url", QueueName="none")
assert "QueueUrls" not in call("list_queues", QueueNamePrefix="none")
assert call("list_queues", QueueNamePrefix="bo")["QueueUrls"] == [url]
arn = attributes(url, "QueueArn")["QueueArn"]
account = arn.split(":")[4]
assert attributes(url, "All")["MaximumMessageSize"] == "1048576"
dead = call("create_queue", QueueName="boto-dead")["QueueUrl"]
dead_arn = attributes(dead, "QueueArn")["QueueArn"]
policy = {"deadLetterTargetArn": dead_arn, "maxReceiveCount": "1000"}
call("set_queue_attributes", QueueUrl=url, Attributes={"DelaySeconds": "0", "RedrivePolicy": json.dumps(policy)})
refused("InvalidAttributeValue", "set_queue_attributes", QueueUrl=url, Attributes={"DelaySeconds": "901"})
assert call("list_dead_letter_source_queues", QueueUrl=dead)["queueUrls"] == [url]
assert call("list_queue_tags", QueueUrl=url)["Tags"] == {"team": "red"}
call("tag_queue", QueueUrl=url, Tags={"cost": "7"})
call("untag_queue", QueueUrl=url, TagKeys=["team"])
assert call("list_queue_tags", QueueUrl=url)["Tags"] == {"cost": "7"}
call("add_permission", QueueUrl=url, Label="one", AWSAccountIds=[account], Actions=["SendMessage"])
call("remove_permission", QueueUrl=url, Label="one")
assert attributes(url, "Policy") is None

body = "<hello> & \u00fcn\u00efcode \U0001f600\n"
sent = call(
    "send_message",
    QueueUrl=url,
    MessageBody=body,
    MessageAttributes={
        "text": {"DataType": "String", "StringValue": "\u00e4"},
        "bytes": {"DataType": "Binary.raw", "BinaryValue": b"\x00\xff\r\n"},
    },
    MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}},
)
assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
receive = {"QueueUrl": url, "AttributeNames": ["All"], "MessageAttributeNames": ["All"], "WaitTimeSeconds": 5}
(message,) = call("receive_message", **receive)["Messages"]
assert message["Body"] == body
assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff\r\n"
assert message["Attributes"]["AWSTraceHeader"] == "Root=1"
assert message["Attributes"]["ApproximateReceiveCount"] == "1"
handle = message["ReceiptHandle"]
call("change_message_visibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
(message,) = call("receive_message", **receive)["Messages"]
call("delete_message", QueueUrl=url, ReceiptHandle=handle)
call("delete_message", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
assert "Messages" not in call("receive_message", QueueUrl=url)
refused("ReceiptHandleIsInvalid", "delete_message", QueueUrl=url, ReceiptHandle="nonsense")

entries = [{"Id": str(n), "MessageBody": f"body {n}"} for n in range(10)]
answer = call("send_message_batch", QueueUrl=url, Entries=entries)
assert len(answer["Successful"]) == 10 and "Failed" not in answer
refused(
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "send_message_batch", QueueUrl=url, Entries=[entries[0], entries[0]]
)
got = []
while len(got) < 10:
    got += call("receive_message", QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
handles = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(got)]
hidden = [{**each, "VisibilityTimeout": 60} for each in handles]
assert len(call("change_message_visibility_batch", QueueUrl=url, Entries=hidden)["Successful"]) == 10
answer = call("delete_message_batch", QueueUrl=url, Entries=[*handles[1:], {"Id": "bad", "ReceiptHandle": "nonsense"}])
assert len(answer["Successful"]) == 9
assert answer["Failed"][0]["Code"] == "ReceiptHandleIsInvalid" and answer["Failed"][0]["SenderFault"] is True
counts = attributes(url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
assert set(counts) == {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}, counts

fifo = call("create_queue", QueueName="boto.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
group = {"QueueUrl": fifo["QueueUrl"], "MessageGroupId": "g"}
first = call("send_message", MessageBody="one", **group)
assert call("send_message", MessageBody="one", **group)["SequenceNumber"] == first["SequenceNumber"]
(message,) = call("receive_message", QueueUrl=fifo["QueueUrl"], AttributeNames=["All"], MaxNumberOfMessages=10)["Messages"]
assert message["Attributes"]["MessageGroupId"] == "g"
assert message["Attributes"]["SequenceNumber"] == first["SequenceNumber"]

if hasattr(sqs, "start_message_move_task"):
    task = call("start_message_move_task", SourceArn=dead_arn)["TaskHandle"]
    (running,) = call("list_message_move_tasks", SourceArn=dead_arn)["Results"]
    assert running["SourceArn"] == dead_arn
    if running["Status"] == "RUNNING":
        assert call("cancel_message_move_task", TaskHandle=task)["ApproximateNumberOfMessagesMoved"] == 0
call("purge_queue", QueueUrl=url)
refused("AWS.SimpleQueueService.PurgeQueueInProgress", "purge_queue", QueueUrl=url)
for each in (url, dead, fifo["QueueUrl"]):
    call("delete_queue", QueueUrl=each)
refused("AWS.SimpleQueueService.NonExistentQueue", "delete_queue", QueueUrl=url)

missing = set(sqs.meta.method_to_api_mapping) - done
assert not missing, missing
print(boto3.__version__, len(done))
