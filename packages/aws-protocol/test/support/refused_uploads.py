"""Uploads that a server refuses: python refused_uploads.py <endpoint> <ca file or -> <times>. Prints `ok <count>` or what went wrong."""
import io, sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, ca, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
KEY = dict(aws_access_key_id="AKIDEXAMPLE", region_name="us-east-1")
CONFIG = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, connect_timeout=10, read_timeout=30)


def client(secret):
    verify = None if ca == "-" else ca
    return boto3.client("s3", endpoint_url=endpoint, verify=verify, config=CONFIG, aws_secret_access_key=secret, **KEY)


wrong, right = client("wrong"), client("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
count = 0
for _ in range(times):
    for size in (100_000, 900_000, 3_000_000, 8_000_000):
        for s3, bucket, code in ((wrong, "there", "SignatureDoesNotMatch"), (right, "absent", "NoSuchBucket")):
            # Bytes are sent at once, a file with Expect: 100-continue.
            for body in (b"x" * size, io.BytesIO(b"x" * size)):
                try:
                    s3.put_object(Bucket=bucket, Key="k", Body=body)
                    raise SystemExit(f"{size} {bucket}: no error")
                except ClientError as error:
                    got = error.response["Error"]["Code"]
                    assert got == code, (size, got, code)
                    count += 1
for body in (b"", b"x" * 3_000_000, io.BytesIO(b""), io.BytesIO(b"x" * 3_000_000)):
    right.put_object(Bucket="there", Key="k", Body=body)
print("ok", count)
