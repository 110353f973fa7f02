"""Every action of EventBridge Scheduler that this AWS CLI knows, in one process: `python scheduler_cli.py`, with the environment that names region and key."""

import io
import json
import os
import re
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

driver = create_clidriver()
operations = driver.session.get_service_model("scheduler").operation_names
known = {re.sub("(?<!^)([A-Z])", r"-\1", name).lower() for name in operations}
done = set()


def run(service, *words):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        # The CLI of 2022 does not read AWS_ENDPOINT_URL.
        code = driver.main(["--endpoint-url", os.environ["AWS_ENDPOINT_URL"], service, *words])
    return code, out.getvalue(), err.getvalue()


def answer(service, *words):
    code, out, err = run(service, *words)
    assert code == 0, (words, err)
    return json.loads(out) if out.strip() else {}


def aws(*words):
    done.add(words[0])
    return answer("scheduler", *words)


def refused(error, *words):
    done.add(words[0])
    code, _, err = run("scheduler", *words)
    assert code != 0 and f"({error})" in err, (words, err)


queue = answer("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
attributes = answer("sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "QueueArn")["Attributes"]
target = ("--target", f"Arn={attributes['QueueArn']},RoleArn=arn:aws:iam::000000000000:role/any,Input=hello")
name = ("--name", "cli")
off = ("--flexible-time-window", "Mode=OFF")
every = ("--schedule-expression", "rate(5 minutes)")

made = aws("create-schedule", *name, *every, *off, *target)
assert made["ScheduleArn"].endswith(":schedule/default/cli"), made
refused("ConflictException", "create-schedule", *name, *every, *off, *target)
refused("ValidationException", "create-schedule", "--name", "bad", "--schedule-expression", "often", *off, *target)
noon = ("--schedule-expression", "cron(0 12 ? * MON-FRI *)", "--schedule-expression-timezone", "Europe/Berlin")
aws("update-schedule", *name, *noon, *off, *target, "--state", "DISABLED")
got = aws("get-schedule", *name)
assert (got["State"], got["ScheduleExpression"], got["Target"]["Input"]) == ("DISABLED", noon[1], "hello"), got
assert [each["Name"] for each in aws("list-schedules", "--name-prefix", "cl", "--state", "DISABLED")["Schedules"]] == ["cli"]
window = ("--flexible-time-window", "Mode=FLEXIBLE,MaximumWindowInMinutes=3")
aws("update-schedule", *name, *every, *window, *target, "--start-date", "2100-01-01T00:00:00Z", "--end-date", "2100-01-02T00:00:00Z")
got = aws("get-schedule", *name)
# Some versions print the number that is sent.
assert str(got["StartDate"])[:10] in ("2100-01-01", "4102444800") and got["FlexibleTimeWindow"]["MaximumWindowInMinutes"] == 3, got
aws("delete-schedule", *name)
refused("ResourceNotFoundException", "get-schedule", *name)
group = aws("get-schedule-group", "--name", "default")
assert [each["Arn"] for each in aws("list-schedule-groups")["ScheduleGroups"]] == [group["Arn"]]
assert aws("list-tags-for-resource", "--resource-arn", group["Arn"])["Tags"] == []
refused("NotImplemented", "create-schedule-group", "--name", "mine")
refused("NotImplemented", "delete-schedule-group", "--name", "mine")
refused("NotImplemented", "tag-resource", "--resource-arn", group["Arn"], "--tags", "Key=a,Value=b")
refused("NotImplemented", "untag-resource", "--resource-arn", group["Arn"], "--tag-keys", "a")
assert not known - done, known - done
print(len(done))
