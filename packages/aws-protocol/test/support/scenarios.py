"""Scenarios with boto3, of any age: python scenarios.py <endpoint>. Prints one line a scenario, exits 1 on a failure."""
import datetime, io, os, sys, time, traceback, urllib.error, urllib.request
import boto3, botocore
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
KEY = dict(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region_name="us-east-1")
failures = 0


def client(name, **config):
    return boto3.client(name, endpoint_url=ENDPOINT, config=Config(retries={"max_attempts": 0}, **config), **KEY)


def scenario(run):
    global failures
    try:
        run()
        print("ok", run.__name__)
    except Exception:
        failures += 1
        print("FAILED", run.__name__)
        traceback.print_exc(file=sys.stdout)


def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert got == (code, status), (got, error)
        assert error.response["ResponseMetadata"].get("RequestId"), error.response
        return error.response
    raise AssertionError("no error: " + code)


def sqs():
    c = client("sqs")
    name = "py-" + botocore.__version__.replace(".", "-")
    url = c.create_queue(QueueName=name, Attributes={"DelaySeconds": "0"})["QueueUrl"]
    body = "h\u00e9llo <&> \u2028 \U0001f600"
    c.send_message(QueueUrl=url, MessageBody=body, MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}})
    c.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}, {"Id": "2", "MessageBody": "y"}])
    got = c.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert [m["Body"] for m in got] == [body, "x", "y"], got
    assert got[0]["MessageAttributes"]["b"]["BinaryValue"] == b"\0\xff"
    done = c.delete_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])
    assert len(done["Successful"]) == 3
    assert c.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"
    assert url in c.list_queues()["QueueUrls"]
    refused("AWS.SimpleQueueService.NonExistentQueue", 400, c.get_queue_url, QueueName="nope")
    try:
        c.get_queue_url(QueueName="nope")
    except c.exceptions.QueueDoesNotExist:
        pass
    refused("NotImplemented", 501, c.add_permission, QueueUrl=url, Label="l", AWSAccountIds=["1"], Actions=["*"])
    c.delete_queue(QueueUrl=url)


def sns():
    c = client("sns")
    arn = c.create_topic(Name="py")["TopicArn"]
    assert c.publish(TopicArn=arn, Message="a+b c%", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})["MessageId"] == "6-1"
    assert {"TopicArn": arn} in c.list_topics()["Topics"]
    refused("NotFound", 404, c.publish, TopicArn="arn:none", Message="x")


def secrets_manager():
    c = client("secretsmanager")
    name = "py" + botocore.__version__
    c.create_secret(Name=name, SecretBinary=b"\x01\x02")
    got = c.get_secret_value(SecretId=name)
    assert got["SecretBinary"] == b"\x01\x02" and got["CreatedDate"].timestamp() == 1700000000.123, got
    refused("ResourceNotFoundException", 400, c.get_secret_value, SecretId="none")


def lambda_invoke():
    c = client("lambda")
    got = c.invoke(FunctionName="arn:aws:lambda:us-east-1:0:function:f", Payload=b'{"a":1}')
    assert got["Payload"].read() == b'{"echo":{"a":1}}' and got["StatusCode"] == 200
    assert c.list_functions()["Functions"][0]["FunctionName"] == "f"
    refused("ResourceNotFoundException", 404, c.invoke, FunctionName="missing")
    if not hasattr(c, "invoke_with_response_stream"):
        print("   (this version has no invoke_with_response_stream)")
        return
    stream = c.invoke_with_response_stream(FunctionName="f")["EventStream"]
    text = b"".join(e["PayloadChunk"]["Payload"] for e in stream if "PayloadChunk" in e)
    assert text == b"one two three", text


def ec2():
    c = client("ec2")
    got = c.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running", "pending"]}])
    ids = [i["InstanceId"] for r in got["Reservations"] for i in r["Instances"]]
    assert ids == ["i-1", "i-2"], ids
    assert got["Reservations"][0]["Instances"][0]["Tags"] == [{"Key": "Name", "Value": "web <0>"}]
    pages = list(c.get_paginator("describe_instances").paginate())
    assert len(pages) == 1
    refused("InvalidInstanceID.NotFound", 400, c.describe_instances, InstanceIds=["i-9"])
    c.create_tags(Resources=["i-1"], Tags=[{"Key": "a", "Value": "b"}])
    refused("NotImplemented", 501, c.describe_vpcs)


def others():
    assert client("sts").get_caller_identity()["UserId"] == "tester"
    refused("NoSuchEntity", 404, client("iam").get_user, UserName="nobody")
    refused("ResourceNotFoundException", 404, client("scheduler").get_schedule, Name="x")
    c = client("cloudwatch")
    at = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc)
    name = "py" + botocore.__version__
    c.put_metric_data(Namespace="n", MetricData=[{"MetricName": name, "Value": 1.5, "Timestamp": at}])
    points = c.get_metric_statistics(Namespace="n", MetricName=name, StartTime=at, EndTime=at, Period=60, Statistics=["Average"])["Datapoints"]
    assert points == [{"Timestamp": at, "Average": 1.5, "Unit": "Count"}], points


def bad_keys():
    c = boto3.client("sqs", endpoint_url=ENDPOINT, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="wrong", region_name="us-east-1")
    refused("SignatureDoesNotMatch", 400 if "json" in c.meta.service_model.metadata["protocol"] else 403, c.list_queues)
    s3 = boto3.client("s3", endpoint_url=ENDPOINT, aws_access_key_id="NOBODY", aws_secret_access_key="wrong", region_name="us-east-1")
    refused("InvalidAccessKeyId", 403, s3.list_buckets)


def fetch(url, data=None, method="GET"):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def s3():
    bucket = "py-" + botocore.__version__.replace(".", "-")
    c = client("s3", s3={"addressing_style": "path"})
    c.create_bucket(Bucket=bucket)
    assert bucket in [b["Name"] for b in c.list_buckets()["Buckets"]]
    key = "dir/a b+c&d=\u00e9.bin"
    data = os.urandom(100000)
    c.put_object(Bucket=bucket, Key=key, Body=data, ContentType="text/x", Metadata={"one": "1"})
    got = c.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == data and got["Metadata"] == {"one": "1"} and got["ContentType"] == "text/x"
    assert "ContentEncoding" not in got, got["ContentEncoding"]
    part = c.get_object(Bucket=bucket, Key=key, Range="bytes=10-19")
    assert part["Body"].read() == data[10:20] and part["ResponseMetadata"]["HTTPStatusCode"] == 206
    known = c.meta.service_model.shape_for("ChecksumAlgorithm").enum
    tried = []
    for name in ["CRC32", "SHA1", "SHA256", "CRC32C", "CRC64NVME"]:
        if name not in known:
            continue
        try:
            c.put_object(Bucket=bucket, Key="sum", Body=io.BytesIO(data), ChecksumAlgorithm=name)
            tried.append(name)
        except Exception as error:
            # CRC32C and CRC64NVME need the awscrt package.
            if "crt" not in str(error).lower():
                raise
    print("   checksums:", *tried)
    assert "CRC32" in tried and "SHA256" in tried
    body = os.urandom(5 << 20)
    up = c.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    parts = [{"PartNumber": i + 1, "ETag": c.upload_part(Bucket=bucket, Key="big", UploadId=up, PartNumber=i + 1, Body=b)["ETag"]} for i, b in enumerate([body, b"end"])]
    c.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=up, MultipartUpload={"Parts": parts})
    assert c.head_object(Bucket=bucket, Key="big")["ContentLength"] == len(body) + 3
    c.upload_fileobj(io.BytesIO(body * 4), bucket, "managed")
    c.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    listed = c.list_objects_v2(Bucket=bucket)
    assert [o["Key"] for o in listed["Contents"]] == ["big", "copy", key, "managed", "sum"], listed
    refused("NoSuchKey", 404, c.get_object, Bucket=bucket, Key="none")
    refused("404", 404, c.head_object, Bucket=bucket, Key="none")
    refused("NoSuchBucket", 404, c.list_objects_v2, Bucket="none")
    for version in ["s3v4", "s3"]:
        p = client("s3", signature_version=version, s3={"addressing_style": "path"})
        url = p.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key, "ResponseContentType": "text/y"}, ExpiresIn=60)
        assert ("X-Amz-Signature" in url) == (version == "s3v4"), url
        assert fetch(url) == (200, data), (version, fetch(url))
        assert fetch(url.replace("Signature=", "Signature=0"))[0] == 403, version
        put = p.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "put " + version}, ExpiresIn=60)
        request = urllib.request.Request(put, data=b"presigned", method="PUT", headers={"Content-Type": ""})
        assert urllib.request.urlopen(request, timeout=20).status == 200
        assert c.get_object(Bucket=bucket, Key="put " + version)["Body"].read() == b"presigned"
        old = p.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=1)
        time.sleep(2.2)
        assert fetch(old)[0] == 403, fetch(old)
    c.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": o["Key"]} for o in c.list_objects_v2(Bucket=bucket)["Contents"]]})
    c.delete_bucket(Bucket=bucket)


print("botocore", botocore.__version__, "boto3", boto3.__version__)
for run in [sqs, sns, secrets_manager, lambda_invoke, ec2, others, bad_keys, s3]:
    scenario(run)
sys.exit(1 if failures else 0)
