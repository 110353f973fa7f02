"""Every action of EventBridge Scheduler: `python scheduler_boto.py`, with the environment that names endpoint, region and key."""

import datetime
import os

import boto3
from botocore.exceptions import ClientError

# The boto3 of 2022 does not read AWS_ENDPOINT_URL.
url = os.environ["AWS_ENDPOINT_URL"]
scheduler = boto3.client("scheduler", endpoint_url=url)
sqs = boto3.client("sqs", endpoint_url=url)
done = set()


def call(action, **members):
    done.add(action)
    return getattr(scheduler, action)(**members)


def refused(code, action, **members):
    try:
        call(action, **members)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise AssertionError(f"{action} was not refused with {code}")


queue = sqs.create_queue(QueueName="boto")["QueueUrl"]
queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
target = {"Arn": queue_arn, "RoleArn": "arn:aws:iam::000000000000:role/any", "Input": "hello"}
spec = {"ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}

made = call("create_schedule", Name="boto", ScheduleExpressionTimezone="Europe/Berlin", **spec)
assert made["ScheduleArn"].split(":")[5] == "schedule/default/boto", made
refused("ConflictException", "create_schedule", Name="boto", **spec)
got = call("get_schedule", Name="boto")
assert (got["State"], got["Target"]["Input"], got["Target"]["Arn"]) == ("ENABLED", "hello", queue_arn), got
assert isinstance(got["CreationDate"], datetime.datetime)
refused("ResourceNotFoundException", "get_schedule", Name="none")
refused("ValidationException", "create_schedule", Name="bad", **{**spec, "ScheduleExpression": "rate(5 minuets)"})
# As scripts change a schedule: read it, and send all of it again.
members = {name: got[name] for name in ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "Target", "FlexibleTimeWindow")}
call("update_schedule", **members, State="DISABLED")
again = call("get_schedule", Name="boto")
assert again["State"] == "DISABLED" and all(again[name] == got[name] for name in members), again
assert [each["Name"] for each in call("list_schedules", NamePrefix="bo", State="DISABLED")["Schedules"]] == ["boto"]
pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 1})
assert [each["Target"]["Arn"] for page in pages for each in page["Schedules"]] == [queue_arn]
window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 3}
begin = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
call("update_schedule", Name="boto", StartDate=begin, EndDate=begin + datetime.timedelta(days=1), **{**spec, "FlexibleTimeWindow": window})
got = call("get_schedule", Name="boto")
assert (got["StartDate"], got["EndDate"] - begin, got["FlexibleTimeWindow"]) == (begin, datetime.timedelta(days=1), window), got
call("delete_schedule", Name="boto")
refused("ResourceNotFoundException", "delete_schedule", Name="boto")

group = call("get_schedule_group", Name="default")
assert [each["Arn"] for each in call("list_schedule_groups")["ScheduleGroups"]] == [group["Arn"]]
assert call("list_tags_for_resource", ResourceArn=group["Arn"])["Tags"] == []
refused("NotImplemented", "create_schedule_group", Name="mine")
refused("NotImplemented", "delete_schedule_group", Name="mine")
refused("NotImplemented", "tag_resource", ResourceArn=group["Arn"], Tags=[{"Key": "a", "Value": "b"}])
refused("NotImplemented", "untag_resource", ResourceArn=group["Arn"], TagKeys=["a"])

missing = {name for name in scheduler.meta.method_to_api_mapping} - done
assert not missing, missing
print(boto3.__version__, len(done))
