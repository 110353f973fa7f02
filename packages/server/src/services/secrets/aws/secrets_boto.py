"""Every action of Secrets Manager that this boto3 knows: `python secrets_boto.py`, with the environment that names endpoint, region and key."""

import json
import os

import boto3
from botocore.exceptions import ClientError

# The boto3 of 2022 does not read AWS_ENDPOINT_URL.
secrets = boto3.client("secretsmanager", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
done = set()


def call(action, **members):
    done.add(action)
    return getattr(secrets, action)(**members)


def refused(code, action, **members):
    try:
        call(action, **members)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise AssertionError(f"{action} was not refused with {code}")


made = call("create_secret", Name="boto/db", SecretString="one", Description="d", Tags=[{"Key": "team", "Value": "red"}])
arn = made["ARN"]
assert arn.split(":")[6].startswith("boto/db-")
refused("ResourceExistsException", "create_secret", Name="boto/db", SecretString="two")
got = call("get_secret_value", SecretId="boto/db")
assert (got["SecretString"], got["VersionId"], got["VersionStages"]) == ("one", made["VersionId"], ["AWSCURRENT"]), got
refused("ResourceNotFoundException", "get_secret_value", SecretId="none")
put = call("put_secret_value", SecretId=arn, SecretBinary=b"\x00\xff\n")
assert call("get_secret_value", SecretId=arn)["SecretBinary"] == b"\x00\xff\n"
assert call("get_secret_value", SecretId=arn, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
call(
    "update_secret_version_stage",
    SecretId=arn,
    VersionStage="AWSCURRENT",
    MoveToVersionId=made["VersionId"],
    RemoveFromVersionId=put["VersionId"],
)
assert call("get_secret_value", SecretId=arn)["SecretString"] == "one"
versions = call("list_secret_version_ids", SecretId=arn)["Versions"]
assert {each["VersionId"] for each in versions} == {made["VersionId"], put["VersionId"]}
updated = call("update_secret", SecretId=arn, SecretString=json.dumps({"username": "ann", "password": "x"}), Description="e")
call("tag_resource", SecretId=arn, Tags=[{"Key": "cost", "Value": "7"}])
call("untag_resource", SecretId=arn, TagKeys=["team"])
described = call("describe_secret", SecretId=arn)
assert described["Description"] == "e" and described["Tags"] == [{"Key": "cost", "Value": "7"}], described
assert described["VersionIdsToStages"][updated["VersionId"]] == ["AWSCURRENT"]
assert [each["Name"] for each in call("list_secrets", Filters=[{"Key": "tag-key", "Values": ["cost"]}])["SecretList"]] == ["boto/db"]
rotated = call("rotate_secret", SecretId=arn, RotationRules={"AutomaticallyAfterDays": 30})
credentials = json.loads(call("get_secret_value", SecretId=arn, VersionId=rotated["VersionId"])["SecretString"])
assert credentials["username"] == "ann" and len(credentials["password"]) == 32
assert call("describe_secret", SecretId=arn)["RotationEnabled"] is True
call("cancel_rotate_secret", SecretId=arn)
refused(
    "InvalidParameterException",
    "rotate_secret",
    SecretId=arn,
    RotationLambdaARN="arn:aws:lambda:us-east-1:000000000000:function:f",
)
assert len(call("get_random_password", PasswordLength=20)["RandomPassword"]) == 20
if hasattr(secrets, "batch_get_secret_value"):
    batch = call("batch_get_secret_value", SecretIdList=["boto/db", "none"])
    assert [each["Name"] for each in batch["SecretValues"]] == ["boto/db"]
    assert batch["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"
assert "ResourcePolicy" not in call("get_resource_policy", SecretId=arn)
region = [{"Region": "eu-west-1"}]
refused("NotImplemented", "put_resource_policy", SecretId=arn, ResourcePolicy="{}")
refused("NotImplemented", "validate_resource_policy", SecretId=arn, ResourcePolicy="{}")
refused("NotImplemented", "delete_resource_policy", SecretId=arn)
refused("NotImplemented", "replicate_secret_to_regions", SecretId=arn, AddReplicaRegions=region)
refused("NotImplemented", "remove_regions_from_replication", SecretId=arn, RemoveReplicaRegions=["eu-west-1"])
refused("NotImplemented", "stop_replication_to_replica", SecretId=arn)
call("delete_secret", SecretId=arn, RecoveryWindowInDays=7)
refused("InvalidRequestException", "get_secret_value", SecretId=arn)
refused("InvalidRequestException", "create_secret", Name="boto/db", SecretString="one")
call("restore_secret", SecretId=arn)
call("delete_secret", SecretId=arn, ForceDeleteWithoutRecovery=True)
refused("ResourceNotFoundException", "describe_secret", SecretId=arn)

# Of a later model than the door's, about policies and replicas too.
newer = {"associate_cross_account_replica", "disassociate_cross_account_replica", "list_resource_policies"}
missing = set(secrets.meta.method_to_api_mapping) - done - newer
assert not missing, missing
print(boto3.__version__, len(done))
